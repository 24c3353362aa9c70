package command

import "math/bits"

// A string is an array of bits; the first one is the highest of the first byte.

func bitAt(b []byte, i int64) byte {
	if i>>3 >= int64(len(b)) {
		return 0
	}
	return b[i>>3] >> (7 - i&7) & 1
}

func setBitAt(b []byte, i int64, bit byte) {
	mask := byte(1) << (7 - i&7)
	if b[i>>3] &^= mask; bit == 1 {
		b[i>>3] |= mask
	}
}

// onesIn counts the bits that are set from one to another, both included and within b.
func onesIn(b []byte, from, to int64) (n int64) {
	for ; from <= to && from&7 != 0; from++ {
		n += int64(bitAt(b, from))
	}
	for ; from+7 <= to; from += 8 {
		n += int64(bits.OnesCount8(b[from>>3]))
	}
	for ; from <= to; from++ {
		n += int64(bitAt(b, from))
	}
	return n
}

// firstIn returns the first place of a bit from one place to another, both included and within b, or -1.
func firstIn(b []byte, bit byte, from, to int64) int64 {
	skip := byte(0xff) // a byte without the bit
	if bit == 1 {
		skip = 0
	}
	for from <= to {
		if from&7 == 0 && from+7 <= to && b[from>>3] == skip {
			from += 8
			continue
		}
		if bitAt(b, from) == bit {
			return from
		}
		from++
	}
	return -1
}

// BitRange is a part of a string as BITCOUNT and BITPOS take it: places count from 0, negative ones from
// the end, in bytes or in bits.
type BitRange struct {
	From, To int64
	InBits   bool
}

// within returns the range in bits, both ends included, of a string of n bytes; it is empty where from
// is above to.
func (r BitRange) within(n int) (from, to int64) {
	total := int64(n)
	if r.InBits {
		total *= 8
	}
	from, to = fromEnd(r.From, total), min(fromEnd(r.To, total), total-1)
	if from > to {
		return 0, -1
	}
	if r.InBits {
		return from, to
	}
	return from * 8, to*8 + 7
}

func fromEnd(i, total int64) int64 {
	if i < 0 {
		return max(i+total, 0)
	}
	return i
}

// grown returns a copy of b with at least n bytes, new ones zero.
func grown(b []byte, n int64) []byte {
	out := make([]byte, max(int64(len(b)), n))
	copy(out, b)
	return out
}
