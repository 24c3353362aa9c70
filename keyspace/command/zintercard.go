package command

import (
	"cmp"
	"slices"

	"github.com/atollkv/atoll/keyspace"
)

// ZInterCard counts the members that all of the sorted sets, or sets, have, up to Limit; 0
// is no limit. Reply: Int. The errors are those of ZCombine.
// https://redis.io/commands/zintercard
type ZInterCard struct {
	List  [][]byte
	Limit int
	// Refuse is as in ZCombine.
	Refuse error
}

// Name implements keyspace.Command.
func (ZInterCard) Name() string { return "ZINTERCARD" }

// Keys implements keyspace.Command.
func (c ZInterCard) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (ZInterCard) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZInterCard) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	from, err := (&ZCombine{List: c.List, Refuse: c.Refuse}).sources(tx)
	if err != nil {
		return r, err
	}
	slices.SortStableFunc(from, func(a, b source) int { return cmp.Compare(a.count, b.count) })
	g := scoredGathering{gathering: gathering{tx: tx}, all: map[string]float64{}, max: c.Limit}
	err = g.filter(from, Sum, true)
	r.Int = int64(len(g.all))
	return r, err
}
