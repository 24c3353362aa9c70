package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ResetCounter removes the number at Key: the increments that this node has seen, and
// the base. Increments that it has not seen remain. Reply: Found, and Int, the value
// removed.
type ResetCounter struct{ Key []byte }

// Name implements keyspace.Command.
func (ResetCounter) Name() string { return "RESETCOUNTER" }

// Keys implements keyspace.Command.
func (c ResetCounter) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ResetCounter) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ResetCounter) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return r, err
	}
	n, isInt := h.Integer()
	if !isInt {
		return r, keyspace.ErrNotInteger
	}
	r.Found = true
	r.Int, _ = n.Int64()
	return r, noted(tx, tx.Delete(c.Key), keyspace.ClassGeneric, "del", c.Key)
}
