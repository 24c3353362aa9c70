package crdt

import (
	"math"
	"math/big"
	"math/bits"
)

// Total is a signed 128-bit sum. Increments are 64 bits wide, but a shard's total may
// leave that range while the counter's value, the sum over all shards, stays in it.
type Total struct {
	Hi int64
	Lo uint64
}

// TotalOf widens n.
func TotalOf(n int64) Total { return Total{n >> 63, uint64(n)} }

// Add returns t + u. It wraps beyond 128 bits, which takes 2^64 increments to reach.
func (t Total) Add(u Total) Total {
	lo, carry := bits.Add64(t.Lo, u.Lo, 0)
	return Total{t.Hi + u.Hi + int64(carry), lo}
}

// Sub returns t - u.
func (t Total) Sub(u Total) Total {
	lo, borrow := bits.Sub64(t.Lo, u.Lo, 0)
	return Total{t.Hi - u.Hi - int64(borrow), lo}
}

// Int64 returns the total, saturated to 64 bits, and whether it was exact.
func (t Total) Int64() (n int64, exact bool) {
	switch {
	case t.Hi == int64(t.Lo)>>63:
		return int64(t.Lo), true
	case t.Hi < 0:
		return math.MinInt64, false
	default:
		return math.MaxInt64, false
	}
}

// String prints the total in decimal.
func (t Total) String() string {
	v := new(big.Int).Lsh(big.NewInt(t.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(t.Lo)).String()
}

// appendTo appends a length byte and that many bytes of two's complement, big endian,
// as few as keep the sign.
func (t Total) appendTo(b []byte) []byte {
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
	raw := d.take(int(d.byte()))
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
		t = Total{-1, math.MaxUint64}
	}
	for _, c := range raw {
		t.Hi = t.Hi<<8 | int64(t.Lo>>56)
		t.Lo = t.Lo<<8 | uint64(c)
	}
	return t
}
