package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// pageSize is what a page holds when the caller does not say.
const pageSize = 1000

// pageBytes bounds a page, so that it fits into a message whatever the members' size.
const pageBytes = 8 << 20

// SMembers reads a page of a set's members in byte order: at most Limit, 0 for the
// default, after the page that gave Cursor. Reply: List, Cursor.
type SMembers struct {
	Key    []byte
	Limit  int
	Cursor []byte
}

// Name implements keyspace.Command.
func (SMembers) Name() string { return "SMEMBERS" }

// Keys implements keyspace.Command.
func (c SMembers) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SMembers) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SMembers) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
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
	err = tx.Members(c.Key, from, func(m []byte) bool {
		if len(r.List) > 0 && (len(r.List) == limit || size+len(m) > pageBytes) {
			last := r.List[len(r.List)-1]
			r.Cursor = append([]byte{cursorTag}, last...)
			return false
		}
		r.List = append(r.List, m)
		size += len(m)
		return true
	})
	return r, err
}

// cursorTag begins a cursor, so that one after the empty member is not empty.
const cursorTag = 'm'

func memberAfter(cursor []byte) ([]byte, error) {
	if len(cursor) == 0 {
		return nil, nil
	}
	if cursor[0] != cursorTag {
		return nil, keyspace.ErrCursor
	}
	return append(bytes.Clone(cursor[1:]), 0), nil
}
