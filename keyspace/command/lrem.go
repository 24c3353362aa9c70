package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LRem removes elements that equal Value: the first Count from the front, or from the back if
// it is negative, all if it is 0. Reply: Int, how many. https://redis.io/commands/lrem
type LRem struct {
	Key   []byte
	Count int64
	Value []byte
}

// Name implements keyspace.Command.
func (LRem) Name() string { return "LREM" }

// Keys implements keyspace.Command.
func (c LRem) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LRem) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LRem) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	from, left := keyspace.Front, uint64(c.Count)
	if c.Count < 0 {
		from, left = keyspace.Back, -left
	}
	var found items
	err = tx.Items(c.Key, from, func(at crdt.Position, value []byte) bool {
		if bytes.Equal(value, c.Value) {
			found.at = append(found.at, bytes.Clone(at))
			left--
		}
		return left != 0 || len(found.at) == 0
	})
	if err != nil {
		return r, err
	}
	r.Int = int64(len(found.at))
	return r, noted(tx, found.remove(tx, c.Key), keyspace.ClassList, "lrem", c.Key)
}
