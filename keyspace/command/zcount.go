package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZCount counts the members of a span of a sorted set; it visits them. Reply: Int.
// https://redis.io/commands/zcount
type ZCount struct {
	Key  []byte
	Span Span
}

// Name implements keyspace.Command.
func (ZCount) Name() string { return "ZCOUNT" }

// Keys implements keyspace.Command.
func (c ZCount) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZCount) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZCount) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	err = c.Span.each(tx, c.Key, func(keyspace.Scored) bool { r.Int++; return true })
	return r, err
}
