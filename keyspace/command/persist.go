package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Persist takes the deadline of a key away. It wins over deadlines that other regions set concurrently.
// Reply: Found, whether there was one. https://redis.io/commands/persist
type Persist struct{ Key []byte }

// Name implements keyspace.Command.
func (Persist) Name() string { return "PERSIST" }

// Keys implements keyspace.Command.
func (c Persist) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Persist) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Persist) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, at, err := tx.Until(c.Key)
	if err != nil || at == crdt.Never {
		return r, err
	}
	r.Found = true
	return r, noted(tx, tx.Expire(c.Key, crdt.Never), keyspace.ClassGeneric, "persist", c.Key)
}
