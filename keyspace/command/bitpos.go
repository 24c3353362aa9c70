package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// BitPos finds the first bit of a kind in a part of the string at Key. Without an end to the part, the
// string is followed by zeros. Bad is why the part is refused, should the key exist. Reply: Int, -1 where
// there is none. https://redis.io/commands/bitpos
type BitPos struct {
	Key   []byte
	Bit   byte
	Range BitRange
	// Ended tells that the range has an end.
	Ended bool
	Bad   error
}

// Name implements keyspace.Command.
func (BitPos) Name() string { return "BITPOS" }

// Keys implements keyspace.Command.
func (c BitPos) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (BitPos) Writes() bool { return false }

// Run implements keyspace.Command.
func (c BitPos) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	switch {
	case err != nil:
		return r, err
	case !found:
		return keyspace.Reply{Int: -int64(c.Bit)}, nil // zeros without end
	case c.Bad != nil:
		return r, refusing(c.Bad)
	}
	value, _ := h.Value()
	from, to := c.Range.within(len(value))
	r.Int = firstIn(value, c.Bit, from, to)
	if r.Int < 0 && c.Bit == 0 && !c.Ended && from <= to {
		r.Int = to + 1
	}
	return r, nil
}
