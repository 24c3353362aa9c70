package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XLen counts the entries of a stream. Reply: Int. https://redis.io/commands/xlen
type XLen struct{ Key []byte }

// Name implements keyspace.Command.
func (XLen) Name() string { return "XLEN" }

// Keys implements keyspace.Command.
func (c XLen) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XLen) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XLen) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeStream); err != nil || !found {
		return r, err
	}
	s, _, err := tx.Stream(c.Key)
	r.Int = s.Length
	return r, err
}
