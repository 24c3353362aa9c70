package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ZScan reads a page of the members of a sorted set in byte order: at most Limit, 0 for the
// default, after the page that gave Cursor. Reply: List, Scores, Cursor.
// https://redis.io/commands/zscan
type ZScan struct {
	Key    []byte
	Limit  int
	Cursor []byte
}

// Name implements keyspace.Command.
func (ZScan) Name() string { return "ZSCAN" }

// Keys implements keyspace.Command.
func (c ZScan) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZScan) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZScan) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil || !found {
		return r, err
	}
	limit := c.Limit
	if limit <= 0 {
		limit = pageSize
	}
	from, err := memberAfter(c.Cursor)
	if err != nil {
		return r, err
	}
	size := 0
	err = tx.Scores(c.Key, from, func(x keyspace.Scored) bool {
		size += len(x.Member) + 8
		if n := len(r.List); n > 0 && (n == limit || size > pageBytes) {
			r.Cursor = append([]byte{cursorTag}, r.List[n-1]...)
			return false
		}
		r.List, r.Scores = append(r.List, x.Member), append(r.Scores, x.Score)
		return true
	})
	return r, err
}
