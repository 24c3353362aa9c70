package command

import "github.com/atollkv/atoll/keyspace"

// HVals reads a page of the values of a hash in the byte order of their names: at most
// Limit, 0 for the default, after the page that gave Cursor. Reply: List, each field's value;
// Cursor. https://redis.io/commands/hvals
type HVals struct {
	Key    []byte
	Limit  int
	Cursor []byte
}

// Name implements keyspace.Command.
func (HVals) Name() string { return "HVALS" }

// Keys implements keyspace.Command.
func (c HVals) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HVals) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HVals) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return fieldPage(tx, c.Key, c.Limit, c.Cursor, func(name, value []byte) [][]byte { return [][]byte{value} })
}
