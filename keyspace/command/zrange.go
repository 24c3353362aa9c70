package command

import "github.com/atollkv/atoll/keyspace"

// ZRange lists a span of a sorted set. Reply: List, Scores. Errors: ErrWrongType;
// keyspace.TooLargeError beyond 1,048,576 members or 8 MiB. https://redis.io/commands/zrange
type ZRange struct {
	Key  []byte
	Span Span
}

// Name implements keyspace.Command.
func (ZRange) Name() string { return "ZRANGE" }

// Keys implements keyspace.Command.
func (c ZRange) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZRange) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZRange) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	list, err := c.Span.members(tx, c.Key)
	return listed(list), err
}
