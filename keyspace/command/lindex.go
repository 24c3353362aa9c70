package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LIndex reads the element of an index; a negative one counts from the end. It walks from
// the nearer end. Reply: Found and Value. https://redis.io/commands/lindex
type LIndex struct {
	Key   []byte
	Index int64
	// Refuse is why the index is none, told where there is a list.
	Refuse error
}

// Name implements keyspace.Command.
func (LIndex) Name() string { return "LINDEX" }

// Keys implements keyspace.Command.
func (c LIndex) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LIndex) Writes() bool { return false }

// Run implements keyspace.Command.
func (c LIndex) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	if err := late(c.Refuse); err != nil {
		return r, err
	}
	_, r.Value, r.Found, err = itemAt(tx, c.Key, c.Index)
	return r, err
}
