package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZCard counts the members of a sorted set. Reply: Int. https://redis.io/commands/zcard
type ZCard struct{ Key []byte }

// Name implements keyspace.Command.
func (ZCard) Name() string { return "ZCARD" }

// Keys implements keyspace.Command.
func (c ZCard) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZCard) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZCard) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	r.Int, err = tx.Count(c.Key, crdt.TypeZSet)
	return r, err
}
