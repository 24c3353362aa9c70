package crdt

import (
	"encoding/binary"
	"math"
	"math/big"
)

// Every finite float64 is an integer times a power of two, and so is every sum of such
// numbers: m·2^e with an odd m. That is how a Total holds what is no integer of 128 bits:
// one byte of sign (0 or 1), e + 32768 as u16, and |m| in as few bytes as it takes.

const (
	// wideMark stands where a total has its length.
	wideMark = 0xff
	// lowestPower and highestPower bound the powers of two that an update may carry: all of
	// float64 and of a shorter number with 64 bits, and a sum of 2^64 of them.
	lowestPower, highestPower = -1200, 1152
	// spareBits is how far sums over shards may go beyond the highest power.
	spareBits = 128

	wideHead = 3 // bytes before those of m
)

// TotalOfFloat returns a finite number exactly.
func TotalOfFloat(f float64) Total {
	fraction, power := math.Frexp(f)
	return exact(big.NewInt(int64(fraction*(1<<53))), power-53)
}

// TotalOfBig returns a finite number exactly.
func TotalOfBig(f *big.Float) Total {
	var fraction big.Float
	power := f.MantExp(&fraction)
	bits := int(f.MinPrec())
	m, _ := fraction.SetMantExp(&fraction, bits).Int(nil)
	return exact(m, power-bits)
}

// exact returns m·2^e; it may change m.
func exact(m *big.Int, e int) Total {
	zeros := int(m.TrailingZeroBits())
	m.Rsh(m, uint(zeros))
	if e += zeros; m.Sign() == 0 {
		return Total{}
	}
	if e >= 0 && m.BitLen()+e <= 128 {
		if t, ok := narrow(new(big.Int).Lsh(m, uint(e))); ok {
			return t
		}
	}
	b := make([]byte, 1, wideHead+m.BitLen()/8+1)
	if m.Sign() < 0 {
		b[0] = 1
	}
	b = binary.BigEndian.AppendUint16(b, uint16(e+1<<15))
	return Total{wide: string(append(b, m.Bytes()...))}
}

// narrow returns an integer of 128 bits; ok is false when m is none.
func narrow(m *big.Int) (t Total, ok bool) {
	t.Lo = new(big.Int).And(m, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	high := new(big.Int).Rsh(m, 64)
	if !high.IsInt64() {
		return Total{}, false
	}
	t.Hi = high.Int64()
	return t, true
}

// parts returns the total as m·2^e.
func (t Total) parts() (m *big.Int, e int) {
	if t.wide == "" {
		m = new(big.Int).Lsh(big.NewInt(t.Hi), 64)
		return m.Add(m, new(big.Int).SetUint64(t.Lo)), 0
	}
	m = new(big.Int).SetBytes([]byte(t.wide[wideHead:]))
	if t.wide[0] == 1 {
		m.Neg(m)
	}
	return m, int(binary.BigEndian.Uint16([]byte(t.wide[1:wideHead]))) - 1<<15
}

// addWide returns t + u, or t - u, whatever their form.
func addWide(t, u Total, sub bool) Total {
	a, e := t.parts()
	b, f := u.parts()
	switch {
	case e > f:
		a.Lsh(a, uint(e-f))
		e = f
	case f > e:
		b.Lsh(b, uint(f-e))
	}
	if sub {
		b.Neg(b)
	}
	return exact(a.Add(a, b), e)
}

func (t Total) rat() *big.Rat {
	m, e := t.parts()
	r := new(big.Rat).SetInt(m)
	power := new(big.Int).Lsh(big.NewInt(1), uint(max(e, -e)))
	if e < 0 {
		return r.Quo(r, new(big.Rat).SetInt(power))
	}
	return r.Mul(r, new(big.Rat).SetInt(power))
}

// wideInt64 returns the integer part, saturated.
func (t Total) wideInt64() int64 {
	n, _ := t.Big().Int64()
	return n
}

// Big returns the total exactly.
func (t Total) Big() *big.Float {
	m, e := t.parts()
	f := new(big.Float).SetInt(m)
	return f.SetMantExp(f, e)
}

// Float64 returns the nearest number, of two the even one; ±Inf beyond the range.
func (t Total) Float64() float64 {
	if n, whole := t.Int64(); whole && n > -1<<53 && n < 1<<53 {
		return float64(n)
	}
	f, _ := t.Big().Float64()
	return f
}

// Floats returns numbers that add up to the total, as far as a float64 tells: one, unless it takes more; 0 for nothing.
func (t Total) Floats() (list []float64) {
	for {
		f := min(max(t.Float64(), -math.MaxFloat64), math.MaxFloat64)
		list, t = append(list, f), t.Sub(TotalOfFloat(f))
		if t.Float64() == 0 {
			return list
		}
	}
}

// IsInteger tells whether the total is an integer of 128 bits.
func (t Total) IsInteger() bool { return t.wide == "" }

// inRange tells whether an update may carry the total.
func (t Total) inRange() bool {
	if t.wide == "" {
		return true
	}
	m, e := t.parts()
	return m.BitLen()+e <= highestPower
}

// wide reads the bytes of a number that is no integer of 128 bits.
func (d *decoder) wide() Total {
	t := Total{wide: string(d.bytes())}
	if d.err != nil {
		return Total{}
	}
	if len(t.wide) <= wideHead || t.wide[0] > 1 || t.wide[wideHead] == 0 || t.wide[len(t.wide)-1]&1 == 0 {
		d.fail("total not in its shortest form")
		return Total{}
	}
	m, e := t.parts()
	if e < lowestPower || m.BitLen()+e > highestPower+spareBits {
		d.fail("total out of range")
		return Total{}
	}
	if again := exact(m, e); again != t {
		d.fail("total not in its shortest form")
	}
	return t
}
