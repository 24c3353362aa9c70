package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// MSet writes several strings in one update; of a key named twice the last value counts. With Absent
// it writes only if none of the keys exists, of any type, at this node. Reply: Int, 1 if they were
// written and else 0.
type MSet struct {
	// List and Values have the same length.
	List, Values [][]byte
	Absent       bool
}

// Name implements keyspace.Command.
func (MSet) Name() string { return "MSET" }

// Keys implements keyspace.Command.
func (c MSet) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (MSet) Writes() bool { return true }

// Run implements keyspace.Command.
func (c MSet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if c.Absent {
		for _, key := range c.List {
			if t, _, err := tx.Type(key); err != nil || t != crdt.TypeNone {
				return r, err
			}
		}
	}
	for i, key := range c.List {
		if err := noted(tx, tx.Assign(key, c.Values[i]), keyspace.ClassString, "set", key); err != nil {
			return r, err
		}
	}
	r.Int = 1
	return r, nil
}
