package command

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// asText is the dumb twin: a string of digits.
func asText(b []byte) string {
	var s strings.Builder
	for _, x := range b {
		for i := 7; i >= 0; i-- {
			s.WriteByte('0' + x>>i&1)
		}
	}
	return s.String()
}

func randomBytes(d *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = []byte{0, 0, 0xff, 0xff, byte(d.Uint32())}[d.IntN(5)]
	}
	return b
}

func TestBitsAreThoseOfTheText(t *testing.T) {
	d := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		b := randomBytes(d, 1+d.IntN(6))
		text := asText(b)
		from, to := d.Int64N(int64(len(text))), d.Int64N(int64(len(text)))
		part := ""
		if from <= to {
			part = text[from : to+1]
		}
		if got, want := onesIn(b, from, to), int64(strings.Count(part, "1")); got != want {
			t.Fatalf("%s from %d to %d: %d ones, want %d", text, from, to, got, want)
		}
		for bit := range byte(2) {
			want := int64(strings.IndexByte(part, '0'+bit))
			if want >= 0 {
				want += from
			}
			if got := firstIn(b, bit, from, to); got != want {
				t.Fatalf("%s from %d to %d: first %d at %d, want %d", text, from, to, bit, got, want)
			}
		}
		setBitAt(b, from, 1)
		setBitAt(b, to, 0)
		digits := []byte(text)
		digits[from], digits[to] = '1', '0'
		if asText(b) != string(digits) {
			t.Fatalf("%s with %d set and %d not is %s", text, from, to, asText(b))
		}
	}
	if bitAt([]byte{0xff}, 8) != 0 {
		t.Error("there is a bit beyond the end")
	}
}

func TestBitRanges(t *testing.T) {
	for _, c := range []struct {
		r        BitRange
		n        int
		from, to int64
	}{
		{BitRange{0, -1, false}, 3, 0, 23},
		{BitRange{1, 1, false}, 3, 8, 15},
		{BitRange{-2, 100, false}, 3, 8, 23},
		{BitRange{-100, -3, false}, 3, 0, 7},
		{BitRange{2, 1, false}, 3, 0, -1},
		{BitRange{0, -1, false}, 0, 0, -1},
		{BitRange{3, 9, true}, 3, 3, 9},
		{BitRange{-9, -1, true}, 3, 15, 23},
		{BitRange{24, 30, true}, 3, 0, -1},
	} {
		if from, to := c.r.within(c.n); from != c.from || to != c.to {
			t.Errorf("%+v of %d bytes: %d to %d, want %d to %d", c.r, c.n, from, to, c.from, c.to)
		}
	}
}

// TestBitIntegersAreThoseOfBigArithmetic adds without bounds and brings the sum into range.
func TestBitIntegersAreThoseOfBigArithmetic(t *testing.T) {
	d := rand.New(rand.NewPCG(3, 4))
	edges := []int64{0, 1, -1, 2, 127, 128, -128, -129, 255, 256, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1}
	for range 20000 {
		kind := BitInteger{d.IntN(2) == 0, 1 + d.Int64N(64)}
		if !kind.Signed {
			kind.Bits = min(kind.Bits, 63)
		}
		old := kind.extend(d.Uint64() >> d.IntN(64) & (math.MaxUint64 >> (64 - kind.Bits)))
		delta := edges[d.IntN(len(edges))]
		how := Overflow(d.IntN(3))
		got, ok := kind.add(old, delta, how)
		least, most := kind.limits()
		sum := new(big.Int).Add(big.NewInt(old), big.NewInt(delta))
		fits := sum.Cmp(big.NewInt(least)) >= 0 && sum.Cmp(big.NewInt(most)) <= 0
		want, wantOK := sum, true
		switch size := new(big.Int).Lsh(big.NewInt(1), uint(kind.Bits)); {
		case fits:
		case how == Fail:
			want, wantOK = big.NewInt(0), false
		case how == Saturate && sum.Sign() < 0:
			want = big.NewInt(least)
		case how == Saturate:
			want = big.NewInt(most)
		default:
			want = new(big.Int).Mod(sum, size)
			if want.Cmp(big.NewInt(most)) > 0 {
				want.Sub(want, size)
			}
		}
		if ok != wantOK || big.NewInt(got).Cmp(want) != 0 {
			t.Fatalf("%+v: %d + %d, %d: %d, %v; want %v, %v", kind, old, delta, how, got, ok, want, wantOK)
		}
		if !ok {
			continue
		}
		b := randomBytes(d, 12)
		before, at := asText(b), d.Int64N(30)
		kind.put(b, at, got)
		if back := kind.get(b, at); back != got {
			t.Fatalf("%+v: %d comes back as %d", kind, got, back)
		}
		after := asText(b)
		if before[:at] != after[:at] || before[at+kind.Bits:] != after[at+kind.Bits:] {
			t.Fatalf("%+v at %d: %s became %s", kind, at, before, after)
		}
	}
}

func TestANumberWithoutSignThatIsNegativeIsLarge(t *testing.T) {
	u8 := BitInteger{false, 8}
	for how, want := range map[Overflow]int64{Wrap: 0xff, Saturate: 0xff} {
		if got, ok := u8.add(-1, 0, how); got != want || !ok {
			t.Errorf("%d: %d, %v", how, got, ok)
		}
	}
	if _, ok := u8.add(-1, 0, Fail); ok {
		t.Error("it fits")
	}
}
