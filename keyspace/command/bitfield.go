package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// BitField reads and writes integers within the string at Key, in order. If any step writes, the string
// grows to hold all that are written, and is written as a whole, as with Append. Max bounds it in bytes.
// Reply: Replies, one a step: Found and Int, the number read, before a set, or after an addition; not
// Found where it would overflow and was not written. https://redis.io/commands/bitfield
type BitField struct {
	Key   []byte
	Steps []BitStep
	Max   int
}

// BitStep is one step of BitField.
type BitStep struct {
	Do BitAction
	BitInteger
	At       int64 // the first bit
	Value    int64 // to set or to add
	Overflow Overflow
}

// BitAction is what a step does.
type BitAction int

// The actions.
const (
	BitGet BitAction = iota
	BitSet
	BitAdd
)

// Name implements keyspace.Command.
func (BitField) Name() string { return "BITFIELD" }

// Keys implements keyspace.Command.
func (c BitField) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (c BitField) Writes() bool { return c.end() > 0 }

// end is the bit behind the last one that is written, 0 where none is.
func (c BitField) end() (end int64) {
	for _, s := range c.Steps {
		if s.Do != BitGet {
			end = max(end, s.At+s.Bits)
		}
	}
	return end
}

// Run implements keyspace.Command.
func (c BitField) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	value, _ := h.Value()
	old, end := value, c.end()
	if end > 0 {
		size := (end-1)>>3 + 1
		if err := fits(int(size), c.Max); err != nil {
			return r, err
		}
		value = grown(value, size)
	}
	for _, s := range c.Steps {
		var one keyspace.Reply
		one.Int, one.Found = s.apply(value)
		r.Replies = append(r.Replies, one)
	}
	if end == 0 {
		return r, nil
	}
	return r, rewriteBits(tx, c.Key, old, value)
}

// apply takes the step on a string.
func (s *BitStep) apply(value []byte) (n int64, ok bool) {
	old := s.get(value, s.At)
	var next int64
	switch s.Do {
	case BitGet:
		return old, true
	case BitSet:
		next, ok = s.add(s.Value, 0, s.Overflow)
		n = old
	case BitAdd:
		next, ok = s.add(old, s.Value, s.Overflow)
		n = next
	}
	if ok {
		s.put(value, s.At, next)
	}
	return n, ok
}
