package crdt

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// anyFloat draws finite numbers, often ones at the ends of the range.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64(), rapid.Float64Range(-100, 100),
		rapid.SampledFrom([]float64{0, 0.1, -0.1, 1, -4.1, 1 << 53, 1e16, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 63, 0x1p127, -0x1p127}))
}

func TestSumsOfFloatsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(anyFloat(), 0, 12).Draw(t, "n")
		sum, back, want := Total{}, Total{}, new(big.Rat)
		for i := range list {
			sum = sum.Add(TotalOfFloat(list[i]))
			back = back.Sub(TotalOfFloat(list[len(list)-1-i])) // in another order
			want.Add(want, new(big.Rat).SetFloat64(list[i]))
		}
		if sum.String() != want.RatString() {
			t.Fatalf("%v, want %v", sum, want.RatString())
		}
		if !sum.Add(back).IsInteger() || sum.Add(back) != (Total{}) || (Total{}).Sub(back) != sum {
			t.Fatalf("%v and %v do not cancel out", sum, back)
		}
		if f, _ := want.Float64(); sum.Float64() != f {
			t.Fatalf("%v is rounded to %v, want %v", sum, sum.Float64(), f)
		}
		again := Total{}
		for _, f := range sum.Floats() {
			again = again.Add(TotalOfFloat(f))
		}
		if again != sum {
			t.Fatalf("%v is not the sum of %v", sum, sum.Floats())
		}
		if TotalOfBig(sum.Big()) != sum {
			t.Fatalf("%v is not what it was: %v", sum, TotalOfBig(sum.Big()))
		}
		d := decoder{b: sum.appendTo(nil)}
		if got := d.total(); got != sum || d.end() != nil {
			t.Fatalf("%v decodes as %v: %v", sum, got, d.err)
		}
	})
}

// An integer has one form, whether it was added up from integers or from fractions.
func TestTotalsHaveOneForm(t *testing.T) {
	for name, c := range map[string]struct {
		got     Total
		want    string
		integer bool
	}{
		"halves":                    {TotalOfFloat(0.5).Add(TotalOfFloat(0.5)), "1", true},
		"one half":                  {TotalOfFloat(0.5), "1/2", false},
		"an integer of a float":     {TotalOfFloat(-1e15), "-1000000000000000", true},
		"the greatest of 128 bits":  {Total{Hi: math.MaxInt64, Lo: math.MaxUint64}, "170141183460469231731687303715884105727", true},
		"one more":                  {Total{Hi: math.MaxInt64, Lo: math.MaxUint64}.Add(TotalOf(1)), "170141183460469231731687303715884105728", false},
		"and back":                  {Total{Hi: math.MaxInt64, Lo: math.MaxUint64}.Add(TotalOf(1)).Sub(TotalOf(1)), "170141183460469231731687303715884105727", true},
		"the least of 128 bits":     {TotalOfFloat(-0x1p127), "-170141183460469231731687303715884105728", true},
		"one less":                  {TotalOfFloat(-0x1p127).Sub(TotalOf(1)), "-170141183460469231731687303715884105729", false},
		"beyond the range and back": {TotalOfFloat(math.MaxFloat64).Add(TotalOfFloat(math.MaxFloat64)).Sub(TotalOfFloat(math.MaxFloat64)).Sub(TotalOfFloat(math.MaxFloat64)), "0", true},
	} {
		if c.got.String() != c.want || c.got.IsInteger() != c.integer {
			t.Errorf("%s: %v (%v), want %v", name, c.got, c.got.IsInteger(), c.want)
		}
	}
	if tiny := exact(big.NewInt(1), lowestPower); len(tiny.Floats()) != 1 || tiny.Floats()[0] != 0 {
		t.Errorf("what is less than every float64 is %v", tiny.Floats())
	}
	if n, exact := TotalOfFloat(-2.5).Int64(); n != -2 || exact {
		t.Errorf("-2.5 is %d, %v", n, exact)
	}
	twice := TotalOfFloat(math.MaxFloat64).Add(TotalOfFloat(math.MaxFloat64))
	if n, exact := twice.Int64(); n != math.MaxInt64 || exact || !math.IsInf(twice.Float64(), 1) {
		t.Errorf("a sum beyond the range is %d, %v", n, twice.Float64())
	}
}

func TestOtherFormsOfATotalAreRefused(t *testing.T) {
	bits := func(head ...byte) []byte { return append([]byte{wideMark, byte(len(head))}, head...) }
	for name, c := range map[string]struct {
		b    []byte
		good bool
	}{
		"one half":                       {bits(0, 0x7f, 0xff, 1), true},
		"three halves, negative":         {bits(1, 0x7f, 0xff, 3), true},
		"another sign":                   {bits(2, 0x7f, 0xff, 1), false},
		"an integer":                     {bits(0, 0x80, 0x00, 3), false},
		"an even numerator":              {bits(0, 0x7f, 0xff, 2), false},
		"a byte of nothing":              {bits(0, 0x7f, 0xff, 0, 1), false},
		"no numerator":                   {bits(0, 0x7f, 0xff), false},
		"the lowest power":               {bits(0, 0x7b, 0x50, 1), true},
		"a power that no update carries": {bits(0, 0x7b, 0x4f, 1), false},
		"a power far above":              {bits(0, 0x85, 0x00, 1), false},
	} {
		d := decoder{b: c.b}
		if got := d.total(); (d.end() == nil) != c.good {
			t.Errorf("%s: %v, %v", name, got, d.err)
		}
	}
	e := Edit{Increment: &Increment{Base: 1, Total: TotalOf(1), Delta: exact(big.NewInt(1), highestPower)}}
	if err := e.check(dot(originA, 1)); err == nil {
		t.Error("an update carries a number beyond all sums")
	}
}
