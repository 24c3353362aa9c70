package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LInsert puts a value before or behind the first element that equals Pivot. Reply: Int, how
// many elements the list has then, 0 if there is no list, -1 if it has no such element. The
// error matches crdt.ErrTooDeep if there is no room at that place.
// https://redis.io/commands/linsert
type LInsert struct {
	Key          []byte
	Before       bool
	Pivot, Value []byte
}

// Name implements keyspace.Command.
func (LInsert) Name() string { return "LINSERT" }

// Keys implements keyspace.Command.
func (c LInsert) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LInsert) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LInsert) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	left, right, found, err := c.gap(tx)
	switch {
	case err != nil:
		return r, err
	case !found:
		r.Int = -1
		return r, nil
	}
	if _, err := tx.Insert(c.Key, left, right, c.Value); err != nil {
		return r, err
	}
	tx.Notify(keyspace.ClassList, "linsert", c.Key)
	r.Int, err = tx.Count(c.Key, crdt.TypeList)
	return r, err
}

// gap finds the pivot, and its neighbour on the side asked for.
func (c LInsert) gap(tx *keyspace.Tx) (left, right crdt.Position, found bool, err error) {
	err = tx.Items(c.Key, keyspace.Front, func(at crdt.Position, value []byte) bool {
		switch {
		case found:
			right = bytes.Clone(at)
			return false
		case !bytes.Equal(value, c.Pivot):
			left = append(left[:0], at...)
			return true
		}
		found = true
		if c.Before {
			right = bytes.Clone(at)
			return false
		}
		left = append(left[:0], at...)
		return true
	})
	return left, right, found, err
}
