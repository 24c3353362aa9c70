package command

import (
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LRange reads the elements of a list from one index to another, both included; negative
// ones count from the end. It walks from the nearer end. Reply: List.
// https://redis.io/commands/lrange
type LRange struct {
	Key         []byte
	Start, Stop int64
	// BytesMax is how much the elements may have; 0 is what any reply may hold, 64 MiB.
	BytesMax int
}

// Name implements keyspace.Command.
func (LRange) Name() string { return "LRANGE" }

// Keys implements keyspace.Command.
func (c LRange) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LRange) Writes() bool { return false }

// Run implements keyspace.Command.
func (c LRange) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeList)
	if err != nil {
		return r, err
	}
	first, last := span(c.Start, c.Stop, n)
	from, skip := keyspace.Front, first
	if behind := n - 1 - last; behind < first {
		from, skip = keyspace.Back, behind
	}
	found, err := takeItems(tx, c.Key, from, skip, last-first+1, c.BytesMax)
	if from == keyspace.Back {
		slices.Reverse(found.values)
	}
	r.List = found.values
	return r, err
}
