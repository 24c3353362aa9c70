package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XSetID sets the last id of a stream that there is. Errors: ErrNoKey, ErrIDTop, ErrFewAdded.
// https://redis.io/commands/xsetid
type XSetID struct {
	Key  []byte
	Last crdt.StreamID
	// Added is how many entries were ever added; negative leaves it.
	Added int64
	// Deleted is the greatest id that was deleted; 0-0 leaves it.
	Deleted crdt.StreamID
}

// Name implements keyspace.Command.
func (XSetID) Name() string { return "XSETID" }

// Keys implements keyspace.Command.
func (c XSetID) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XSetID) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XSetID) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	switch _, found, err := tx.Expect(c.Key, crdt.TypeStream); {
	case err != nil:
		return r, err
	case !found:
		return r, ErrNoKey
	}
	s, err := tx.Stream(c.Key)
	if err != nil {
		return r, err
	}
	entries := entryReader{tx: tx}
	top, err := entries.take(c.Key, crdt.StreamID{}, crdt.MaxStreamID, keyspace.Back, 1)
	switch {
	case err != nil:
		return r, err
	case len(top) > 0 && c.Last.Compare(top[0].ID) < 0:
		return r, ErrIDTop
	case len(top) > 0 && c.Added >= 0 && c.Added < s.Length:
		return r, ErrFewAdded
	}
	s.Last = c.Last
	if c.Added >= 0 {
		s.Removed = c.Added - s.Length
	}
	if c.Deleted != (crdt.StreamID{}) {
		s.Deleted = c.Deleted
	}
	return r, noted(tx, tx.SetStream(c.Key, s.StreamState), keyspace.ClassStream, "xsetid", c.Key)
}
