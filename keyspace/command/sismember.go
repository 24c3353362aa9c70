package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SIsMember tells whether Member is in a set. Reply: Found.
type SIsMember struct{ Key, Member []byte }

// Name implements keyspace.Command.
func (SIsMember) Name() string { return "SISMEMBER" }

// Keys implements keyspace.Command.
func (c SIsMember) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SIsMember) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SIsMember) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	r.Found, err = tx.HasMember(c.Key, c.Member)
	return r, err
}
