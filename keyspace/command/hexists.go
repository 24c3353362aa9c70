package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HExists tells whether a hash has a field. Reply: Found.
// https://redis.io/commands/hexists
type HExists struct{ Key, Field []byte }

// Name implements keyspace.Command.
func (HExists) Name() string { return "HEXISTS" }

// Keys implements keyspace.Command.
func (c HExists) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HExists) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HExists) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	r.Found = f.Live()
	return r, err
}
