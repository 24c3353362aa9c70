package command

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
)

// ZRemRange removes the members of a span from a sorted set: of each what this node has
// seen. Reply: Int, how many there were. Errors: those of ZRange.
// https://redis.io/commands/zremrangebyscore
type ZRemRange struct {
	Key  []byte
	Span Span
}

// Name implements keyspace.Command.
func (c ZRemRange) Name() string {
	return [...]string{"ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX"}[c.Span.By]
}

// Keys implements keyspace.Command.
func (c ZRemRange) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZRemRange) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZRemRange) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	list, err := c.Span.members(tx, c.Key)
	for i := 0; err == nil && i < len(list); i++ {
		err = tx.RemoveScore(c.Key, list[i].Member)
	}
	notedIf(err == nil && len(list) > 0, tx, keyspace.ClassZSet, strings.ToLower(c.Name()), c.Key)
	r.Int = int64(len(list))
	return r, err
}
