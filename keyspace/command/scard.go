package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SCard counts the members of a set. Reply: Int.
type SCard struct{ Key []byte }

// Name implements keyspace.Command.
func (SCard) Name() string { return "SCARD" }

// Keys implements keyspace.Command.
func (c SCard) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SCard) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SCard) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	r.Int, err = tx.Count(c.Key, crdt.TypeSet)
	return r, err
}
