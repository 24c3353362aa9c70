package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SetIf is Set with a condition, or with a look at what was there. The condition holds at this node:
// two regions may both find the key absent, both set it, and then one value is the sibling of the
// other.
//
// Reply: Int, 1 if it was set and else 0; with Old, Found and Value, the string before. The error is
// ErrWrongType when Old finds another type.
type SetIf struct {
	Key, Value []byte
	// Absent and Present are conditions on the key, of any type; at most one is set.
	Absent, Present bool
	// Old asks for the string that was there before.
	Old bool
	// Life says when it ends.
	Life Lifetime
}

// Name implements keyspace.Command.
func (SetIf) Name() string { return "SETIF" }

// Keys implements keyspace.Command.
func (c SetIf) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SetIf) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SetIf) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	t, h, err := tx.Type(c.Key)
	if err != nil {
		return r, err
	}
	exists := t != crdt.TypeNone
	if c.Old && exists {
		if t != crdt.TypeString {
			return r, keyspace.ErrWrongType
		}
		r.Found = true
		r.Value, _ = h.Value()
	}
	if c.Absent && exists || c.Present && !exists {
		return r, nil
	}
	r.Int = 1
	return r, c.Life.assign(tx, c.Key, c.Value)
}
