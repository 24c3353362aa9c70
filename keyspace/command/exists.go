package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Exists counts the keys that exist; one named twice counts twice. Reply: Int.
type Exists struct{ List [][]byte }

// Name implements keyspace.Command.
func (Exists) Name() string { return "EXISTS" }

// Keys implements keyspace.Command.
func (c Exists) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (Exists) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Exists) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	for _, key := range c.List {
		t, _, err := tx.Type(key)
		if err != nil {
			return r, err
		}
		if t != crdt.TypeNone {
			r.Int++
		}
	}
	return r, nil
}
