package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// FieldValue is a field of a hash and its value.
type FieldValue struct{ Field, Value []byte }

// HSet sets fields of a hash, in their order. Reply: Int, how many were not there before.
// https://redis.io/commands/hset
type HSet struct {
	Key    []byte
	Fields []FieldValue
}

// Name implements keyspace.Command.
func (HSet) Name() string { return "HSET" }

// Keys implements keyspace.Command.
func (c HSet) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HSet) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HSet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	for _, f := range c.Fields {
		old, err := tx.Field(c.Key, f.Field)
		if err != nil {
			return r, err
		}
		if !old.Live() {
			r.Int++
		}
		if err := tx.AssignField(c.Key, f.Field, f.Value); err != nil {
			return r, err
		}
	}
	tx.Notify(keyspace.ClassHash, "hset", c.Key)
	return r, nil
}
