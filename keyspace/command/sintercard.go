package command

import (
	"slices"

	"github.com/atollkv/atoll/keyspace"
)

// SInterCard counts the members that all of the sets have, up to Limit; 0 is no limit. Reply: Int. Errors:
// ErrWrongType; keyspace.TooLargeError where it would read more than 1,048,576 members.
// https://redis.io/commands/sintercard
type SInterCard struct {
	List  [][]byte
	Limit int64
}

// Name implements keyspace.Command.
func (SInterCard) Name() string { return "SINTERCARD" }

// Keys implements keyspace.Command.
func (c SInterCard) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (SInterCard) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SInterCard) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	smallest, err := smallestSet(tx, c.List)
	if err != nil {
		return r, err
	}
	others := slices.Delete(slices.Clone(c.List), smallest, smallest+1)
	g := gathering{tx: tx}
	err = g.each(c.List[smallest], func(m []byte) bool {
		for _, other := range others {
			var there bool
			if there, g.err = tx.HasMember(other, m); g.err != nil || !there {
				return g.err == nil
			}
		}
		r.Int++
		return r.Int != c.Limit
	})
	return r, err
}
