package command

import "github.com/atollkv/atoll/keyspace"

// ZIncr adds Delta, which must not be NaN, to the score of a member of a sorted set; nothing
// counts as 0. What several regions add is added up exactly, and rounded when it is read.
// Reply: Score, the score after it as this node sees it. Errors: ErrWrongType, ErrNotScore.
// https://redis.io/commands/zincrby
type ZIncr struct {
	Key, Member []byte
	Delta       float64
}

// Name implements keyspace.Command.
func (ZIncr) Name() string { return "ZINCRBY" }

// Keys implements keyspace.Command.
func (c ZIncr) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZIncr) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZIncr) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return ZAdd{Key: c.Key, Members: []keyspace.Scored{{Member: c.Member, Score: c.Delta}}, Incr: true}.Run(tx)
}
