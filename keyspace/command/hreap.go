package command

import (
	"github.com/atollkv/atoll/keyspace"
)

// HReap deletes fields of a hash that have ended, with everything of them that this node has seen. It is what nodes do by
// themselves; a field that has not ended is left alone. Reply: Int, how many were deleted.
type HReap struct {
	Key    []byte
	Fields [][]byte
}

// Name implements keyspace.Command.
func (HReap) Name() string { return "HREAP" }

// Keys implements keyspace.Command.
func (c HReap) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HReap) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HReap) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	r.Int, err = tx.ReapFields(c.Key, c.Fields)
	return r, err
}
