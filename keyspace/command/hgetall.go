package command

import "github.com/atollkv/atoll/keyspace"

// HGetAll reads a page of the fields of a hash in the byte order of their names: at most
// Limit, 0 for the default, after the page that gave Cursor. Reply: List, each field's name and value;
// Cursor. https://redis.io/commands/hgetall
type HGetAll struct {
	Key    []byte
	Limit  int
	Cursor []byte
}

// Name implements keyspace.Command.
func (HGetAll) Name() string { return "HGETALL" }

// Keys implements keyspace.Command.
func (c HGetAll) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HGetAll) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HGetAll) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return fieldPage(tx, c.Key, c.Limit, c.Cursor, func(name, value []byte) [][]byte { return [][]byte{name, value} })
}
