package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LTrim removes the elements outside of two indexes; negative ones count from the end. What
// other regions push concurrently stays. Trimming everything is Delete.
// https://redis.io/commands/ltrim
type LTrim struct {
	Key         []byte
	Start, Stop int64
}

// Name implements keyspace.Command.
func (LTrim) Name() string { return "LTRIM" }

// Keys implements keyspace.Command.
func (c LTrim) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LTrim) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LTrim) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeList)
	if err != nil {
		return r, err
	}
	first, last := span(c.Start, c.Stop, n)
	if first > last {
		return r, noted(tx, tx.Delete(c.Key), keyspace.ClassList, "ltrim", c.Key)
	}
	if err := removeItems(tx, c.Key, keyspace.Front, first); err != nil {
		return r, err
	}
	return r, noted(tx, removeItems(tx, c.Key, keyspace.Back, n-1-last), keyspace.ClassList, "ltrim", c.Key)
}
