package command

// BitInteger is a kind of integer within a string: 1 to 64 bits, 63 where it has no sign.
type BitInteger struct {
	Signed bool
	Bits   int64
}

// Overflow says what becomes of a number that does not fit.
type Overflow int

// The ways to overflow.
const (
	Wrap     Overflow = iota // it goes on at the other end of the range
	Saturate                 // it stays at the end of the range
	Fail                     // nothing is written
)

// get reads the number at a bit; beyond the end of the string all bits are 0.
func (t BitInteger) get(b []byte, at int64) int64 {
	var n uint64
	for i := range t.Bits {
		n = n<<1 | uint64(bitAt(b, at+i))
	}
	return t.extend(n)
}

// extend repeats the sign in the bits above.
func (t BitInteger) extend(n uint64) int64 {
	if t.Signed {
		return int64(n<<(64-t.Bits)) >> (64 - t.Bits)
	}
	return int64(n)
}

// put writes a number at a bit; b must be long enough.
func (t BitInteger) put(b []byte, at, n int64) {
	for i := range t.Bits {
		setBitAt(b, at+i, byte(n>>(t.Bits-1-i)&1))
	}
}

// limits returns the least and the greatest number.
func (t BitInteger) limits() (least, most int64) {
	if t.Signed {
		most = int64(uint64(1)<<(t.Bits-1) - 1)
		return -most - 1, most
	}
	return 0, int64(uint64(1)<<t.Bits - 1)
}

// add returns n + delta; ok is false where it does not fit and must not be written. As in Redis, n may be
// out of range itself, and one without a sign is taken for a large number where it is negative.
func (t BitInteger) add(n, delta int64, how Overflow) (sum int64, ok bool) {
	least, most := t.limits()
	above := n > most || delta > 0 && n > most-delta || !t.Signed && n < 0
	below := !above && (n < least || delta < 0 && falls(n, delta, least))
	switch {
	case !above && !below:
		return n + delta, true
	case how == Fail:
		return 0, false
	case how == Wrap:
		return t.wrapped(uint64(n) + uint64(delta)), true
	case above:
		return most, true
	default:
		return least, true
	}
}

// falls tells whether n + delta, which is negative, is below the least number.
func falls(n, delta, least int64) bool {
	if n < 0 {
		return n < least-delta
	}
	return n+delta < least
}

func (t BitInteger) wrapped(n uint64) int64 {
	if t.Bits < 64 {
		n &= 1<<t.Bits - 1
	}
	return t.extend(n)
}
