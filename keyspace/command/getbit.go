package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// GetBit reads a bit of the string at Key; beyond its end all are 0. Reply: Int.
// https://redis.io/commands/getbit
type GetBit struct {
	Key    []byte
	Offset int64
}

// Name implements keyspace.Command.
func (GetBit) Name() string { return "GETBIT" }

// Keys implements keyspace.Command.
func (c GetBit) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (GetBit) Writes() bool { return false }

// Run implements keyspace.Command.
func (c GetBit) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	value, _ := h.Value()
	r.Int = int64(bitAt(value, c.Offset))
	return r, nil
}
