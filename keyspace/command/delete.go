package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Delete removes keys, with everything of them that this node has seen: hidden
// siblings of another type too. Reply: Int, how many keys existed.
type Delete struct{ List [][]byte }

// Name implements keyspace.Command.
func (Delete) Name() string { return "DEL" }

// Keys implements keyspace.Command.
func (c Delete) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (Delete) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Delete) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	for _, key := range c.List {
		t, _, err := tx.Type(key)
		if err != nil {
			return r, err
		}
		if t == crdt.TypeNone {
			continue
		}
		if err := tx.Delete(key); err != nil {
			return r, err
		}
		tx.Notify(keyspace.ClassGeneric, "del", key)
		r.Int++
	}
	return r, nil
}

// vacate is Delete of one key for what takes its place.
func vacate(tx *keyspace.Tx, key []byte) error {
	t, _, err := tx.Type(key)
	if err != nil || t == crdt.TypeNone {
		return err
	}
	return tx.Delete(key)
}
