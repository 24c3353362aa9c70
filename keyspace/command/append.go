package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Append puts Value behind the string at Key; nothing counts as the empty string. Max bounds the
// result in bytes. What is written is the whole string: of two concurrent appends the later one is
// shown, and the other is its sibling. Reply: Int, the length after it.
type Append struct {
	Key, Value []byte
	Max        int
}

// Name implements keyspace.Command.
func (Append) Name() string { return "APPEND" }

// Keys implements keyspace.Command.
func (c Append) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Append) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Append) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	old, _ := h.Value()
	if err := fits(len(old)+len(c.Value), c.Max); err != nil {
		return r, err
	}
	value := append(append(make([]byte, 0, len(old)+len(c.Value)), old...), c.Value...)
	r.Int = int64(len(value))
	return r, noted(tx, tx.Rewrite(c.Key, value), keyspace.ClassString, "append", c.Key)
}

// StringBytes is what a keyspace.TooLargeError names where a string would become too long.
const StringBytes = "string bytes"

// fits refuses a string that would become too long.
func fits(n, limit int) error {
	if n > limit {
		return &keyspace.TooLargeError{What: StringBytes, Size: n, Limit: limit}
	}
	return nil
}
