package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZRem removes members from a sorted set: of each what this node has seen. Reply: Int, how
// many were there. https://redis.io/commands/zrem
type ZRem struct {
	Key     []byte
	Members [][]byte
}

// Name implements keyspace.Command.
func (ZRem) Name() string { return "ZREM" }

// Keys implements keyspace.Command.
func (c ZRem) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZRem) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZRem) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	for _, name := range c.Members {
		f, err := tx.Member(c.Key, name)
		if err != nil {
			return r, err
		}
		if !f.Live() {
			continue
		}
		r.Int++
		if err := tx.RemoveScore(c.Key, name); err != nil {
			return r, err
		}
	}
	notedIf(r.Int > 0, tx, keyspace.ClassZSet, "zrem", c.Key)
	return r, nil
}
