package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HSetNX sets a field that this node does not see in the hash. Regions that do so
// concurrently all succeed, and the greatest stamp is shown. Reply: Found, whether the
// field was there already. https://redis.io/commands/hsetnx
type HSetNX struct{ Key, Field, Value []byte }

// Name implements keyspace.Command.
func (HSetNX) Name() string { return "HSETNX" }

// Keys implements keyspace.Command.
func (c HSetNX) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HSetNX) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HSetNX) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if r.Found = f.Live(); err != nil || r.Found {
		return r, err
	}
	return r, noted(tx, tx.AssignField(c.Key, c.Field, c.Value), keyspace.ClassHash, "hset", c.Key)
}
