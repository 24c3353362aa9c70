package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HDel removes fields from a hash: of each what this node has seen. Reply: Int, how many
// were there. https://redis.io/commands/hdel
type HDel struct {
	Key    []byte
	Fields [][]byte
}

// Name implements keyspace.Command.
func (HDel) Name() string { return "HDEL" }

// Keys implements keyspace.Command.
func (c HDel) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HDel) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HDel) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	for _, name := range c.Fields {
		f, err := tx.Field(c.Key, name)
		if err != nil {
			return r, err
		}
		if !f.Live() {
			continue
		}
		r.Int++
		if err := tx.DeleteField(c.Key, name); err != nil {
			return r, err
		}
	}
	notedIf(r.Int > 0, tx, keyspace.ClassHash, "hdel", c.Key)
	return r, nil
}
