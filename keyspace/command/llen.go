package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LLen counts the elements of a list. Reply: Int. https://redis.io/commands/llen
type LLen struct{ Key []byte }

// Name implements keyspace.Command.
func (LLen) Name() string { return "LLEN" }

// Keys implements keyspace.Command.
func (c LLen) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LLen) Writes() bool { return false }

// Run implements keyspace.Command.
func (c LLen) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	r.Int, err = tx.Count(c.Key, crdt.TypeList)
	return r, err
}
