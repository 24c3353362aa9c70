package command

import "github.com/atollkv/atoll/keyspace"

// HKeys reads a page of the fields of a hash in the byte order of their names: at most
// Limit, 0 for the default, after the page that gave Cursor. Reply: List, each field's name;
// Cursor. https://redis.io/commands/hkeys
type HKeys struct {
	Key    []byte
	Limit  int
	Cursor []byte
}

// Name implements keyspace.Command.
func (HKeys) Name() string { return "HKEYS" }

// Keys implements keyspace.Command.
func (c HKeys) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HKeys) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HKeys) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return fieldPage(tx, c.Key, c.Limit, c.Cursor, func(name, value []byte) [][]byte { return [][]byte{name} })
}
