package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Pop takes elements from an end of a list and returns them. Two regions that pop
// concurrently may both return the same element; it is gone once. Reply: Found, whether
// there is a list; List, the elements. https://redis.io/commands/lpop
type Pop struct {
	Key  []byte
	From keyspace.End
	// Count is how many at most.
	Count int64
	// BytesMax is how much they may have, otherwise none is taken; 0 is what any reply may
	// hold, 64 MiB.
	BytesMax int
}

// Name implements keyspace.Command.
func (c Pop) Name() string {
	if c.From == keyspace.Front {
		return "LPOP"
	}
	return "RPOP"
}

// Keys implements keyspace.Command.
func (c Pop) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Pop) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Pop) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, r.Found, err = tx.Expect(c.Key, crdt.TypeList); err != nil || !r.Found || c.Count <= 0 {
		return r, err
	}
	taken, err := takeItems(tx, c.Key, c.From, 0, c.Count, c.BytesMax)
	if err != nil {
		return keyspace.Reply{}, err
	}
	r.List = taken.values
	return r, noted(tx, taken.remove(tx, c.Key), keyspace.ClassList, popped(c.From), c.Key)
}
