package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LReplay does again what an update did to elements of a list: those that are here are set or
// taken, what it inserted is inserted at the same places. Items ascend by position.
type LReplay struct {
	Key   []byte
	Items []crdt.FieldChange
}

// Name implements keyspace.Command.
func (LReplay) Name() string { return "LREPLAY" }

// Keys implements keyspace.Command.
func (c LReplay) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LReplay) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LReplay) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeList); err != nil {
		return r, err
	}
	gaps := make([]gap, len(c.Items))
	for i, x := range c.Items {
		if gaps[i], err = gapAt(tx, c.Key, x.Name); err != nil {
			return r, err
		}
	}
	var last gap // what was inserted last, and what stands behind it
	for i, x := range c.Items {
		here := gaps[i]
		switch {
		case here.found && x.Assign:
			err = tx.SetItem(c.Key, x.Name, x.Value)
		case here.found:
			err = tx.RemoveItem(c.Key, x.Name)
		case x.Assign:
			if last.found && bytes.Equal(last.right, here.right) {
				here.left = last.left
			}
			last = gap{right: here.right, found: true}
			last.left, err = tx.Insert(c.Key, here.left, here.right, x.Value)
		}
		if err != nil {
			return r, err
		}
	}
	tx.NotifyWrite(c.Key)
	return r, nil
}

// gap is what stands around a position; found tells that an element stands there.
type gap struct {
	left, right crdt.Position
	found       bool
}

func gapAt(tx *keyspace.Tx, key []byte, at crdt.Position) (g gap, err error) {
	err = tx.ItemsFrom(key, at, keyspace.Back, func(p crdt.Position, _ []byte) bool {
		g.right, g.found = bytes.Clone(p), bytes.Equal(p, at)
		return false
	})
	if err != nil || g.found {
		return g, err
	}
	err = tx.ItemsFrom(key, at, keyspace.Front, func(p crdt.Position, _ []byte) bool {
		g.left = bytes.Clone(p)
		return false
	})
	return g, err
}
