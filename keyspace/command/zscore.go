package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZScore reads the scores of members of a sorted set. Reply: Replies, one a member in the
// order of Members, each Found and Score. https://redis.io/commands/zmscore
type ZScore struct {
	Key     []byte
	Members [][]byte
}

// Name implements keyspace.Command.
func (ZScore) Name() string { return "ZMSCORE" }

// Keys implements keyspace.Command.
func (c ZScore) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZScore) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZScore) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeZSet)
	if err != nil {
		return r, err
	}
	r.Replies = make([]keyspace.Reply, len(c.Members))
	for i, name := range c.Members {
		if !found {
			break
		}
		f, err := tx.Member(c.Key, name)
		if err != nil {
			return r, err
		}
		r.Replies[i].Score, r.Replies[i].Found = f.Score()
	}
	return r, nil
}
