package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HStrLen measures the value of a field. Reply: Int, its length in bytes, 0 when there is
// no such field. https://redis.io/commands/hstrlen
type HStrLen struct{ Key, Field []byte }

// Name implements keyspace.Command.
func (HStrLen) Name() string { return "HSTRLEN" }

// Keys implements keyspace.Command.
func (c HStrLen) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HStrLen) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HStrLen) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err != nil {
		return r, err
	}
	value, _ := f.Value()
	r.Int = int64(len(value))
	return r, nil
}
