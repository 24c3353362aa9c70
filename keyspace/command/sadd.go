package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SAdd adds members to a set. A member that is there already is added again, so that
// it survives a concurrent remove. Reply: Int, how many were not there before.
type SAdd struct {
	Key     []byte
	Members [][]byte
}

// Name implements keyspace.Command.
func (SAdd) Name() string { return "SADD" }

// Keys implements keyspace.Command.
func (c SAdd) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SAdd) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SAdd) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeSet); err != nil {
		return r, err
	}
	for _, m := range c.Members {
		there, err := tx.HasMember(c.Key, m)
		if err != nil {
			return r, err
		}
		if !there {
			r.Int++
		}
		if err := tx.Add(c.Key, m); err != nil {
			return r, err
		}
	}
	notedIf(r.Int > 0, tx, keyspace.ClassSet, "sadd", c.Key)
	return r, nil
}
