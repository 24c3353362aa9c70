package command

import (
	"math"

	"github.com/atollkv/atoll/keyspace"
)

// ZPop removes the Count members with the least scores, with Max the greatest, from the
// first of the sorted sets in List that has members. Two regions may both return the same
// member; it is gone once. Reply: Found, Value, the key that they were taken from; List,
// Scores. https://redis.io/commands/zmpop
type ZPop struct {
	List  [][]byte
	Max   bool
	Count int64
}

// Name implements keyspace.Command.
func (ZPop) Name() string { return "ZMPOP" }

// Keys implements keyspace.Command.
func (c ZPop) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (ZPop) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZPop) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	span := Span{
		By: ByScore, Min: Bound{Score: math.Inf(-1)}, Max: Bound{Score: math.Inf(1)},
		Limit: c.Count, Reverse: c.Max,
	}
	for _, key := range c.List {
		list, err := span.members(tx, key)
		if err != nil {
			return r, err
		}
		if len(list) == 0 {
			continue
		}
		for _, x := range list {
			if err := tx.RemoveScore(key, x.Member); err != nil {
				return r, err
			}
		}
		tx.Notify(keyspace.ClassZSet, c.event(), key)
		r = listed(list)
		r.Found, r.Value = true, key
		return r, nil
	}
	return r, nil
}

func (c ZPop) event() string {
	if c.Max {
		return "zpopmax"
	}
	return "zpopmin"
}
