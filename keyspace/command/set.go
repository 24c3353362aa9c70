package command

import "github.com/atollkv/atoll/keyspace"

// Set writes a string in place of whatever the key held, of any type, and its deadline with it.
type Set struct {
	Key, Value []byte
	// Life says when it ends.
	Life Lifetime
}

// Name implements keyspace.Command.
func (Set) Name() string { return "SET" }

// Keys implements keyspace.Command.
func (c Set) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Set) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Set) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return keyspace.Reply{}, c.Life.assign(tx, c.Key, c.Value)
}
