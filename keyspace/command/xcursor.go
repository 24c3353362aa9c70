package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XCursor reads a stream from a cursor, in the order in which this node applied its entries, not in that of their ids: what
// arrives late by a merge is given when it arrives. Reply: Found, whether entries were found or may be left, Entries,
// Cursor, where to go on, and Int, 1 if entries may be left. At least once: a cursor that goes on at another node may be
// given entries again. Errors: keyspace.ErrCursor.
type XCursor struct {
	Key []byte
	// From is the cursor of a reply, keyspace.FromBegin or keyspace.FromNow.
	From []byte
	// Limit is how many entries are given at most, 0 for as many as a reply should hold.
	Limit int64
	// Next, if it is not nil, receives the cursor of each reply: who waits goes on there.
	Next *[]byte
}

// cursorBytes is about how much a reply holds.
const cursorBytes = 4 << 20

// Name implements keyspace.Command.
func (XCursor) Name() string { return "XCURSOR" }

// Keys implements keyspace.Command.
func (c XCursor) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XCursor) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XCursor) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeStream)
	if err != nil {
		return r, err
	}
	at, err := tx.StreamCursor(c.Key, c.From)
	if err != nil {
		return r, err
	}
	entries, more := entryReader{tx: tx}, false
	if found {
		at, more, err = tx.ReadCursor(c.Key, at, func(name []byte, f *crdt.Field) bool {
			r.Entries = append(r.Entries, entries.read(name, f))
			return int64(len(r.Entries)) != c.Limit && entries.size <= cursorBytes
		})
		if err != nil {
			return keyspace.Reply{}, err
		}
	}
	if more {
		r.Int = 1
	}
	r.Found, r.Cursor = more || len(r.Entries) > 0, tx.CursorText(c.Key, at)
	if c.Next != nil {
		*c.Next = r.Cursor
	}
	return r, nil
}

// Resume returns the command from where the last reply ended.
func (c XCursor) Resume() XCursor {
	c.From = *c.Next
	return c
}
