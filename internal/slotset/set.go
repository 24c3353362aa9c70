package slotset

import (
	"encoding/binary"
	"errors"
	"iter"
	"math/bits"
)

// Slots is the number of slots.
const Slots = 16384

// Set is a set of slots: a bit each. The zero value is empty.
type Set [Slots / 64]uint64

// All returns the set of all slots.
func All() (s Set) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	return s
}

// Has reports whether a slot is in the set.
func (s *Set) Has(slot int) bool { return s[slot/64]>>(slot%64)&1 == 1 }

// Add puts a slot into the set.
func (s *Set) Add(slot int) { s[slot/64] |= 1 << (slot % 64) }

// Remove takes a slot out of the set.
func (s *Set) Remove(slot int) { s[slot/64] &^= 1 << (slot % 64) }

// Len returns the number of slots in the set.
func (s *Set) Len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Empty reports whether no slot is in the set.
func (s *Set) Empty() bool { return *s == Set{} }

// Bounds returns the first and the last slot; some is false when there are none.
func (s *Set) Bounds() (first, last int, some bool) {
	for slot := range s.All() {
		if !some {
			first, some = slot, true
		}
		last = slot
	}
	return first, last, some
}

// Full reports whether all slots are in the set.
func (s *Set) Full() bool { return *s == All() }

// And returns the slots that are in both sets.
func (s Set) And(o Set) Set {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// Or returns the slots that are in one of the sets.
func (s Set) Or(o Set) Set {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// Without returns the slots that are in s and not in o.
func (s Set) Without(o Set) Set {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

// All yields the slots of the set, ascending.
func (s *Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// An encoded set begins with how the rest is to be read.
const (
	formList    = 0 // uvarint gaps between the slots of the set
	formMissing = 1 // the same, of the slots that are not in the set
	formBits    = 2 // 2,048 bytes, a bit for each slot
)

// ErrMalformed reports bytes that Append does not write.
var ErrMalformed = errors.New("malformed set of slots")

// Append appends the shortest encoding: a byte for all slots, or for none.
func (s *Set) Append(b []byte) []byte {
	inverse := All().Without(*s)
	list := appendGaps([]byte{formList}, s)
	if missing := appendGaps([]byte{formMissing}, &inverse); len(missing) < len(list) {
		list = missing
	}
	if len(list) <= len(s)*8 {
		return append(b, list...)
	}
	b = append(b, formBits)
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func appendGaps(b []byte, s *Set) []byte {
	last := -1
	for slot := range s.All() {
		b = binary.AppendUvarint(b, uint64(slot-last-1))
		last = slot
	}
	return b
}

// Decode reads what Append wrote; all of b.
func Decode(b []byte) (s Set, err error) {
	if len(b) == 0 {
		return s, ErrMalformed
	}
	form, b := b[0], b[1:]
	switch form {
	case formBits:
		if len(b) != len(s)*8 {
			return s, ErrMalformed
		}
		for i := range s {
			s[i] = binary.LittleEndian.Uint64(b[i*8:])
		}
		return s, nil
	case formList, formMissing:
		for next := uint64(0); len(b) > 0; next++ {
			gap, n := binary.Uvarint(b)
			if n <= 0 || gap >= Slots || next+gap >= Slots {
				return Set{}, ErrMalformed
			}
			next, b = next+gap, b[n:]
			s.Add(int(next))
		}
		if form == formMissing {
			s = All().Without(s)
		}
		return s, nil
	default:
		return s, ErrMalformed
	}
}
