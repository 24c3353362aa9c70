package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// BitCount counts the bits that are set in the string at Key. Bad is why the range is refused, should the
// key exist. Reply: Int. https://redis.io/commands/bitcount
type BitCount struct {
	Key   []byte
	Range BitRange
	Bad   error
}

// Name implements keyspace.Command.
func (BitCount) Name() string { return "BITCOUNT" }

// Keys implements keyspace.Command.
func (c BitCount) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BitCount) Writes() bool { return false }

// Run implements keyspace.Command.
func (c BitCount) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return r, err
	}
	if c.Bad != nil {
		return r, refusing(c.Bad)
	}
	value, _ := h.Value()
	from, to := c.Range.within(len(value))
	r.Int = onesIn(value, from, to)
	return r, nil
}
