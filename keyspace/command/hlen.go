package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HLen counts the fields of a hash. Reply: Int. https://redis.io/commands/hlen
type HLen struct{ Key []byte }

// Name implements keyspace.Command.
func (HLen) Name() string { return "HLEN" }

// Keys implements keyspace.Command.
func (c HLen) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HLen) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HLen) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	r.Int, err = tx.Count(c.Key, crdt.TypeHash)
	return r, err
}
