package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZRank counts the members before one of a sorted set, with Reverse those behind it; it
// visits them. Reply: Found, Int. https://redis.io/commands/zrank
type ZRank struct {
	Key, Member []byte
	Reverse     bool
}

// Name implements keyspace.Command.
func (c ZRank) Name() string {
	if c.Reverse {
		return "ZREVRANK"
	}
	return "ZRANK"
}

// Keys implements keyspace.Command.
func (c ZRank) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZRank) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZRank) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	f, err := tx.Member(c.Key, c.Member)
	if err != nil {
		return r, err
	}
	score, found := f.Score()
	if r.Found = found; !found {
		return r, nil
	}
	at := keyspace.PlaceAt(score, c.Member)
	span := keyspace.Ranking{To: at}
	if c.Reverse {
		span = keyspace.Ranking{From: append(at, 0)}
	}
	err = tx.Ranked(c.Key, span, func(keyspace.Scored) bool { r.Int++; return true })
	return r, err
}
