package crdt

import (
	"math"
	"math/bits"
)

// Total is an exact sum. Increments of integers are 64 bits wide, but a shard's total may
// leave that range while the counter's value, the sum over all shards, stays in it. A sum
// of floating-point numbers is exact as well: it is rounded when it is read, so the order of
// additions never matters, and what a reset saw subtracts without a rest.
//
// Invariant: an integer of 128 bits lies in Hi and Lo, and any other number in wide. So
// equal totals are equal by ==.
type Total struct {
	Hi int64
	Lo uint64
	// wide encodes a number that is no integer of 128 bits: see exact.
	wide string
}

// TotalOf widens n.
func TotalOf(n int64) Total { return Total{Hi: n >> 63, Lo: uint64(n)} }

// Add returns t + u.
func (t Total) Add(u Total) Total {
	lo, carry := bits.Add64(t.Lo, u.Lo, 0)
	hi := t.Hi + u.Hi + int64(carry)
	if t.wide != "" || u.wide != "" || (t.Hi^hi)&(u.Hi^hi) < 0 {
		return addWide(t, u, false)
	}
	return Total{Hi: hi, Lo: lo}
}

// Sub returns t - u.
func (t Total) Sub(u Total) Total {
	lo, borrow := bits.Sub64(t.Lo, u.Lo, 0)
	hi := t.Hi - u.Hi - int64(borrow)
	if t.wide != "" || u.wide != "" || (t.Hi^u.Hi)&(t.Hi^hi) < 0 {
		return addWide(t, u, true)
	}
	return Total{Hi: hi, Lo: lo}
}

// Int64 returns the total rounded towards zero and saturated to 64 bits, and whether that
// is exact.
func (t Total) Int64() (n int64, exact bool) {
	switch {
	case t.wide != "":
		return t.wideInt64(), false
	case t.Hi == int64(t.Lo)>>63:
		return int64(t.Lo), true
	case t.Hi < 0:
		return math.MinInt64, false
	default:
		return math.MaxInt64, false
	}
}

// String prints the total in decimal, as a fraction where it is none.
func (t Total) String() string { return t.rat().RatString() }

// appendTo appends a length byte and that many bytes of two's complement, big endian,
// as few as keep the sign; a number in wide as wideMark and its bytes.
func (t Total) appendTo(b []byte) []byte {
	if t.wide != "" {
		return appendBytes(append(b, wideMark), []byte(t.wide))
	}
	var raw [16]byte
	for i := range 8 {
		raw[i] = byte(uint64(t.Hi) >> (56 - 8*i))
		raw[8+i] = byte(t.Lo >> (56 - 8*i))
	}
	i := 0
	for i < 16 && redundant(raw[:], i) {
		i++
	}
	b = append(b, byte(16-i))
	return append(b, raw[i:]...)
}

// redundant reports whether byte i only repeats the sign that the rest carries.
func redundant(raw []byte, i int) bool {
	if i == len(raw)-1 {
		return raw[i] == 0
	}
	return raw[i] == 0 && raw[i+1] < 0x80 || raw[i] == 0xff && raw[i+1] >= 0x80
}

func (d *decoder) total() Total {
	n := d.byte()
	if n == wideMark {
		return d.wide()
	}
	raw := d.take(int(n))
	if len(raw) > 16 {
		d.fail("total too long")
	}
	if d.err != nil {
		return Total{}
	}
	if len(raw) > 0 && redundant(raw, 0) {
		d.fail("total not minimal")
	}
	var t Total
	if len(raw) > 0 && raw[0] >= 0x80 {
		t = Total{Hi: -1, Lo: math.MaxUint64}
	}
	for _, c := range raw {
		t.Hi = t.Hi<<8 | int64(t.Lo>>56)
		t.Lo = t.Lo<<8 | uint64(c)
	}
	return t
}
