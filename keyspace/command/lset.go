package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LSet replaces the element of an index. Of concurrent ones of one element the greatest
// stamp is shown; a concurrent removal of the element does not take the new value. Errors: ErrNoKey, ErrIndex.
// https://redis.io/commands/lset
type LSet struct {
	Key   []byte
	Index int64
	Value []byte
	// Refuse is why the index is none, told where there is a list.
	Refuse error
}

// Name implements keyspace.Command.
func (LSet) Name() string { return "LSET" }

// Keys implements keyspace.Command.
func (c LSet) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LSet) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LSet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	switch _, found, err := tx.Expect(c.Key, crdt.TypeList); {
	case err != nil:
		return r, err
	case !found:
		return r, ErrNoKey
	}
	if err := late(c.Refuse); err != nil {
		return r, err
	}
	at, _, found, err := itemAt(tx, c.Key, c.Index)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, ErrIndex
	}
	return r, noted(tx, tx.SetItem(c.Key, at, c.Value), keyspace.ClassList, "lset", c.Key)
}
