package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SRandMember picks members of a set at random: Count different ones, in byte order, all if there are no
// more, or -Count with repetitions. The same Seed picks the same places. It reads up to the last member
// that it picks. Reply: List. https://redis.io/commands/srandmember
type SRandMember struct {
	Key   []byte
	Count int64
	Seed  uint64
}

// Name implements keyspace.Command.
func (SRandMember) Name() string { return "SRANDMEMBER" }

// Keys implements keyspace.Command.
func (c SRandMember) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SRandMember) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SRandMember) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeSet)
	if err != nil {
		return r, err
	}
	chosen := picks(c.Count, n, c.Seed)
	r.List = make([][]byte, len(chosen))
	if len(chosen) == 0 {
		return r, nil
	}
	size, place := 0, int64(0)
	err = tx.Members(c.Key, nil, func(m []byte) bool {
		for ; len(chosen) > 0 && chosen[0].place == place; chosen = chosen[1:] {
			r.List[chosen[0].slot] = m
			size += len(m)
		}
		place++
		return len(chosen) > 0 && size <= replyBytes
	})
	if size > replyBytes {
		return keyspace.Reply{}, &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
	}
	return r, err
}
