package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SetRange overwrites the string at Key from Offset on with Value, and fills a gap before it with
// zero bytes. Max bounds the result in bytes. An empty Value changes nothing. As with Append, the
// whole string is written. Reply: Int, the length after it.
type SetRange struct {
	Key    []byte
	Offset int
	Value  []byte
	Max    int
}

// Name implements keyspace.Command.
func (SetRange) Name() string { return "SETRANGE" }

// Keys implements keyspace.Command.
func (c SetRange) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SetRange) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SetRange) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	old, _ := h.Value()
	if r.Int = int64(len(old)); len(c.Value) == 0 {
		return r, nil
	}
	if c.Offset > c.Max { // the sum below could overflow
		return keyspace.Reply{}, fits(c.Offset, c.Max)
	}
	end := c.Offset + len(c.Value)
	if err := fits(end, c.Max); err != nil {
		return keyspace.Reply{}, err
	}
	value := make([]byte, max(len(old), end))
	copy(value, old)
	copy(value[c.Offset:], c.Value)
	r.Int = int64(len(value))
	return r, noted(tx, tx.Rewrite(c.Key, value), keyspace.ClassString, "setrange", c.Key)
}
