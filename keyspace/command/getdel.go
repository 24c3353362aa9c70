package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// GetDel reads a string and deletes its key, as Delete does. Reply: Found, Value.
type GetDel struct{ Key []byte }

// Name implements keyspace.Command.
func (GetDel) Name() string { return "GETDEL" }

// Keys implements keyspace.Command.
func (c GetDel) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (GetDel) Writes() bool { return true }

// Run implements keyspace.Command.
func (c GetDel) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return r, err
	}
	r.Found = true
	r.Value, _ = h.Value()
	return r, noted(tx, tx.Delete(c.Key), keyspace.ClassGeneric, "del", c.Key)
}
