package command

import "github.com/atollkv/atoll/keyspace"

// ZRangeStore puts a span of a sorted set in the place of whatever Into holds, as one
// update; an empty one deletes Into. Reply: Int, how many members it has. The errors are
// those of ZRange. https://redis.io/commands/zrangestore
type ZRangeStore struct {
	Into, Key []byte
	Span      Span
}

// Name implements keyspace.Command.
func (ZRangeStore) Name() string { return "ZRANGESTORE" }

// Keys implements keyspace.Command.
func (c ZRangeStore) Keys() [][]byte { return [][]byte{c.Into, c.Key} }

// Writes implements keyspace.Command.
func (ZRangeStore) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZRangeStore) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	list, err := c.Span.members(tx, c.Key)
	if err != nil {
		return keyspace.Reply{}, err
	}
	return storeScored(tx, c.Into, list, "zrangestore")
}

// storeScored replaces whatever a key holds by a sorted set; event is what that is noted as.
func storeScored(tx *keyspace.Tx, into []byte, list []keyspace.Scored, event string) (r keyspace.Reply, err error) {
	if err := vacate(tx, into); err != nil {
		return r, err
	}
	for _, x := range list {
		if err := tx.SetScore(into, x.Member, x.Score); err != nil {
			return r, err
		}
	}
	notedStore(len(list), tx, keyspace.ClassZSet, event, into)
	r.Int = int64(len(list))
	return r, nil
}
