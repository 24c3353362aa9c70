package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XRange reads the entries of a stream from one id to another, both included, ascending by id and then by the origin
// that added them; back from the last one if Reverse is set. Reply: Entries. https://redis.io/commands/xrange
type XRange struct {
	Key         []byte
	First, Last crdt.StreamID
	Reverse     bool
	// Limit is how many are read at most, 0 for all.
	Limit int64
}

// Name implements keyspace.Command.
func (c XRange) Name() string {
	if c.Reverse {
		return "XREVRANGE"
	}
	return "XRANGE"
}

// Keys implements keyspace.Command.
func (c XRange) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XRange) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XRange) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, r.Found, err = tx.Expect(c.Key, crdt.TypeStream); err != nil || !r.Found {
		return r, err
	}
	from := keyspace.Front
	if c.Reverse {
		from = keyspace.Back
	}
	r.Entries, err = takeEntries(tx, c.Key, c.First, c.Last, from, c.Limit)
	return r, err
}
