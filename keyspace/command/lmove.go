package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LMove takes an element from an end of one list and puts it at an end of another, or the same,
// as one update. Two regions that move concurrently may both move the same element; then it is
// twice where it was put. Reply: Found and Value. https://redis.io/commands/lmove
type LMove struct {
	Source, Into []byte
	From, To     keyspace.End
}

// Name implements keyspace.Command.
func (LMove) Name() string { return "LMOVE" }

// Keys implements keyspace.Command.
func (c LMove) Keys() [][]byte { return [][]byte{c.Source, c.Into} }

// Writes implements keyspace.Command.
func (LMove) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LMove) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Source, crdt.TypeList); err != nil || !found {
		return r, err
	}
	if _, _, err := tx.Expect(c.Into, crdt.TypeList); err != nil {
		return r, err
	}
	taken, err := takeItems(tx, c.Source, c.From, 0, 1, 0)
	if err != nil || len(taken.values) == 0 {
		return r, err
	}
	if err := taken.remove(tx, c.Source); err != nil {
		return r, err
	}
	r.Found, r.Value = true, taken.values[0]
	if err := noted(tx, tx.Push(c.Into, c.To, taken.values), keyspace.ClassList, pushed(c.To), c.Into); err != nil {
		return keyspace.Reply{}, err
	}
	tx.Notify(keyspace.ClassList, popped(c.From), c.Source)
	return r, nil
}
