package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XGroupCreate makes a group of readers of a stream, in all regions; of two that are made at the same time in two regions, that which
// begins first counts. Errors: ErrGroupExists. https://redis.io/commands/xgroup-create
type XGroupCreate struct {
	GroupOf
	At GroupStart
	// Make makes an empty stream where there is none.
	Make bool
}

// GroupStart is where a group begins, or goes on: behind an id, or the last one.
type GroupStart struct {
	ID   crdt.StreamID
	Last bool
	// Read is how many entries there were before, or crdt.UnknownRead.
	Read int64
}

// in returns the start in a stream.
func (s GroupStart) in(tx *keyspace.Tx, key []byte) (crdt.Group, error) {
	if !s.Last {
		return crdt.Group{Start: s.ID, Read: s.Read}, nil
	}
	state, _, err := tx.StreamState(key)
	return crdt.Group{Start: state.Last, Read: s.Read}, err
}

// Name implements keyspace.Command.
func (XGroupCreate) Name() string { return "XGROUP|CREATE" }

// Keys implements keyspace.Command.
func (c XGroupCreate) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupCreate) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupCreate) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeStream)
	switch {
	case err != nil:
		return r, err
	case !found && !c.Make:
		return r, refusing(c.NoKey)
	case c.Bad != nil:
		return r, refusing(c.Bad)
	}
	if found {
		if g, err := tx.ReaderGroup(c.Key, c.Group); err != nil || g != nil {
			return r, orExists(err)
		}
	}
	at, err := c.At.in(tx, c.Key)
	if err != nil {
		return r, err
	}
	return r, noted(tx, tx.DefineGroup(c.Key, c.Group, at), keyspace.ClassStream, "xgroup-create", c.Key)
}

func orExists(err error) error {
	if err == nil {
		err = ErrGroupExists
	}
	return err
}
