package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LMPop takes elements from an end of the first of several lists that is there, as Pop does.
// Reply: Found; Value, the key; List, the elements. https://redis.io/commands/lmpop
type LMPop struct {
	Lists [][]byte
	From  keyspace.End
	Count int64
	// BytesMax is that of Pop.
	BytesMax int
}

// Name implements keyspace.Command.
func (LMPop) Name() string { return "LMPOP" }

// Keys implements keyspace.Command.
func (c LMPop) Keys() [][]byte { return c.Lists }

// Writes implements keyspace.Command.
func (LMPop) Writes() bool { return true }

// Run implements keyspace.Command.
func (c LMPop) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	for _, key := range c.Lists {
		_, found, err := tx.Expect(key, crdt.TypeList)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if found {
			r, err := Pop{Key: key, From: c.From, Count: c.Count, BytesMax: c.BytesMax}.Run(tx)
			r.Value = key
			return r, err
		}
	}
	return r, nil
}
