package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZRandMember picks members of a sorted set at random: Count different ones, in byte order,
// all if there are no more, or -Count with repetitions. The same Seed picks the same places.
// It reads up to the last member that it picks. Reply: List, Scores.
// https://redis.io/commands/zrandmember
type ZRandMember struct {
	Key   []byte
	Count int64
	Seed  uint64
}

// Name implements keyspace.Command.
func (ZRandMember) Name() string { return "ZRANDMEMBER" }

// Keys implements keyspace.Command.
func (c ZRandMember) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZRandMember) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZRandMember) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeZSet)
	if err != nil {
		return r, err
	}
	chosen := picks(c.Count, n, c.Seed)
	r.List, r.Scores = make([][]byte, len(chosen)), make([]float64, len(chosen))
	if len(chosen) == 0 {
		return r, nil
	}
	size, place := 0, int64(0)
	err = tx.Scores(c.Key, nil, func(x keyspace.Scored) bool {
		for ; len(chosen) > 0 && chosen[0].place == place; chosen = chosen[1:] {
			r.List[chosen[0].slot], r.Scores[chosen[0].slot] = x.Member, x.Score
			size += len(x.Member) + 8
		}
		place++
		return len(chosen) > 0 && size <= replyBytes
	})
	if size > replyBytes {
		return keyspace.Reply{}, &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
	}
	return r, err
}
