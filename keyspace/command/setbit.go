package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SetBit sets a bit of the string at Key, which grows by zeros where it is too short. Max bounds it in
// bytes. As with Append, the whole string is written. Reply: Int, the bit before.
// https://redis.io/commands/setbit
type SetBit struct {
	Key    []byte
	Offset int64
	Bit    byte
	Max    int
}

// Name implements keyspace.Command.
func (SetBit) Name() string { return "SETBIT" }

// Keys implements keyspace.Command.
func (c SetBit) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SetBit) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SetBit) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	old, _ := h.Value()
	size := c.Offset>>3 + 1
	if err := fits(int(size), c.Max); err != nil {
		return r, err
	}
	value := grown(old, size)
	r.Int = int64(bitAt(value, c.Offset))
	setBitAt(value, c.Offset, c.Bit)
	return r, rewriteBits(tx, c.Key, old, value)
}

// rewriteBits writes a string of which bits were set, and notes that where it changed.
func rewriteBits(tx *keyspace.Tx, key, old, value []byte) error {
	err := tx.Rewrite(key, value)
	notedIf(err == nil && !bytes.Equal(old, value), tx, keyspace.ClassString, "setbit", key)
	return err
}
