package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HGet reads a field of a hash. Reply: Found, Value. https://redis.io/commands/hget
type HGet struct{ Key, Field []byte }

// Name implements keyspace.Command.
func (HGet) Name() string { return "HGET" }

// Keys implements keyspace.Command.
func (c HGet) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HGet) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HGet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err == nil {
		r.Value, r.Found = f.Value()
	}
	return r, err
}
