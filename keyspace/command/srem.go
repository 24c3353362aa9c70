package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SRem removes members from a set. Reply: Int, how many were there.
type SRem struct {
	Key     []byte
	Members [][]byte
}

// Name implements keyspace.Command.
func (SRem) Name() string { return "SREM" }

// Keys implements keyspace.Command.
func (c SRem) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SRem) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SRem) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	for _, m := range c.Members {
		there, err := tx.HasMember(c.Key, m)
		if err != nil {
			return r, err
		}
		if !there {
			continue
		}
		r.Int++
		if err := tx.Remove(c.Key, m); err != nil {
			return r, err
		}
	}
	notedIf(r.Int > 0, tx, keyspace.ClassSet, "srem", c.Key)
	return r, nil
}
