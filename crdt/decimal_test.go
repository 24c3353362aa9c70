package crdt

import (
	"math"
	"testing"

	"github.com/atollkv/atoll/clock"
)

func TestNumbersOfTexts(t *testing.T) {
	f := func(base string, by ...string) string {
		var x Field
		if base != "" {
			x.Register.Siblings = []Sibling{{tag(originA, 1, 10), []byte(base)}}
		}
		for _, text := range by {
			n, inf, ok := ParseNumber([]byte(text))
			if !ok || inf {
				return "refused"
			}
			var e Edit
			e.Add(&x.Counter, n, tag(originB, x.nextSeq(), 11))
			x.Apply(&e, tag(originB, x.nextSeq(), 11), saw())
		}
		value, _ := x.Value()
		return string(value)
	}
	for name, c := range map[string]struct{ got, want string }{
		"a tenth":                          {f("3", "0.1"), "3.1"},
		"as Redis' page has it":            {f("10.50", "0.1"), "10.6"},
		"and less":                         {f("10.50", "0.1", "-5"), "5.6"},
		"with an exponent":                 {f("", "5.0e3", "2.0e2"), "5200"},
		"ten tenths":                       {f("", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"), "1"},
		"what cancels out":                 {f("", "0.1", "-0.1"), "0"},
		"a point at the end":               {f("", "5."), "5"},
		"a point at the beginning":         {f("", ".5"), "0.5"},
		"hexadecimal":                      {f("", "0x10", "-0x1p-1"), "15.5"},
		"too small to show":                {f("1", "1e-400"), "1"},
		"17 decimals":                      {f("", "1e-17"), "0.00000000000000001"},
		"18 decimals":                      {f("", "1e-18"), "0"},
		"minus 18 decimals":                {f("", "-1e-18"), "0"},
		"over a text":                      {f("word", "0.1"), "word"},
		"over a number not as it is shown": {f("010", "0.1"), "010"},
		"over one with two points":         {f("1.2.3", "0.1"), "1.2.3"},
		"beyond 64 bits":                   {f("9223372036854775807", "0.5", "1"), "9223372036854775807"},
		"below 64 bits":                    {f("-9223372036854775807", "-2.5"), "-9223372036854775808"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

func (f *Field) nextSeq() (next clock.Seq) {
	next = 1
	for _, s := range f.Counter.Shards {
		next = s.Seq + 1
	}
	return next
}

func TestTextsThatAreNoNumbers(t *testing.T) {
	for _, text := range []string{"", " 1", "1 ", "one", "1_0", "0x_1p4", "nan", "1e", "--1", "1e400"} {
		if _, _, ok := ParseNumber([]byte(text)); ok {
			t.Errorf("%q is a number", text)
		}
	}
	for _, text := range []string{"inf", "-Infinity", "9223372036854775808", "-1e300"} {
		if _, inf, ok := ParseNumber([]byte(text)); !ok || !inf {
			t.Errorf("%q: %v %v, want one that is too large", text, inf, ok)
		}
	}
	if x, ok := ParseFloat([]byte("+inf")); !ok || !math.IsInf(x, 1) {
		t.Errorf("+inf is %v, %v", x, ok)
	}
}

// INCR goes on where INCRBYFLOAT shows an integer.
func TestIntegersAmongNumbers(t *testing.T) {
	for base, want := range map[string]string{"7": "8", "7.5": "8.5 no", "6.9": "7.9 no", "word": "word no", "1.0": "2"} {
		x := Field{Register: Register{[]Sibling{{tag(originA, 1, 10), []byte(base)}}}}
		var e Edit
		e.Add(&x.Counter, TotalOf(1), tag(originB, 1, 11))
		x.Apply(&e, tag(originB, 1, 11), saw())
		value, _ := x.Value()
		got := string(value)
		if n, ok := x.Integer(); !ok {
			got += " no"
		} else if n.String() != got {
			t.Errorf("%s: shown %s, counted %v", base, got, n)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
	alone := Field{Register: Register{[]Sibling{{tag(originA, 1, 10), []byte("1.0")}}}}
	if n, ok := alone.Integer(); ok {
		t.Errorf("1.0 alone is the integer %v", n)
	}
}
