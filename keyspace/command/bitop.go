package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// BitOperation combines strings bit by bit.
type BitOperation int

// The operations.
const (
	And BitOperation = iota
	Or
	Xor
	Not // of one string
)

// BitOp puts the combination of strings in the place of what Into holds; shorter ones are followed by
// zeros, and a missing one is empty. An empty result deletes Into. Reply: Int, its length in bytes.
// https://redis.io/commands/bitop
type BitOp struct {
	As   BitOperation
	Into []byte
	List [][]byte
}

// Name implements keyspace.Command.
func (BitOp) Name() string { return "BITOP" }

// Keys implements keyspace.Command.
func (c BitOp) Keys() [][]byte { return append([][]byte{c.Into}, c.List...) }

// Writes implements keyspace.Command.
func (BitOp) Writes() bool { return true }

// Run implements keyspace.Command.
func (c BitOp) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	values := make([][]byte, len(c.List))
	longest := 0
	for i, key := range c.List {
		h, _, err := tx.Expect(key, crdt.TypeString)
		if err != nil {
			return r, err
		}
		values[i], _ = h.Value()
		longest = max(longest, len(values[i]))
	}
	if longest == 0 {
		_, err := Delete{List: [][]byte{c.Into}}.Run(tx)
		return r, err
	}
	r.Int = int64(longest)
	return r, noted(tx, tx.Assign(c.Into, c.As.combine(values, longest)), keyspace.ClassString, "set", c.Into)
}

// combine returns n bytes.
func (op BitOperation) combine(values [][]byte, n int) []byte {
	out := grown(values[0], int64(n))
	for _, v := range values[1:] {
		for i := range out {
			var b byte
			if i < len(v) {
				b = v[i]
			}
			switch op {
			case And:
				out[i] &= b
			case Or:
				out[i] |= b
			case Xor:
				out[i] ^= b
			}
		}
	}
	if op == Not {
		for i := range out {
			out[i] = ^out[i]
		}
	}
	return out
}
