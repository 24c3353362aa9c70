package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Get reads a string. Reply: Found, Value.
type Get struct{ Key []byte }

// Name implements keyspace.Command.
func (Get) Name() string { return "GET" }

// Keys implements keyspace.Command.
func (c Get) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Get) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Get) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return keyspace.Reply{}, err
	}
	value, _ := h.Value()
	return keyspace.Reply{Found: true, Value: value}, nil
}
