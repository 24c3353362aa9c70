package crdt

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// INCRBYFLOAT calculates as Redis does on most machines: with numbers of 64 significant
// bits, printed with up to 17 decimals. Increments are kept exactly as they were read, the
// sum is exact, and it is rounded to 64 bits when it is printed.

const (
	decimalBits   = 64 // of a number that is read or printed
	decimalPlaces = 17 // behind the point
	decimalMax    = 64 // bytes of a text that reads take for a number

	// numberMax bounds texts that are read as increments, as in Redis.
	numberMax = 5 * 1024
	// smallest numbers in size count as nothing: they would not be printed.
	smallest = 1e-300
)

// ParseNumber reads a number as the C library does: with sign, decimals, exponent, in
// hexadecimal. ok is false for anything else; inf tells that it is infinite, or not within
// 64 bits.
func ParseNumber(b []byte) (t Total, inf, ok bool) {
	f, ok := ParseFloat(b)
	switch {
	case !ok || len(b) >= numberMax:
		return t, false, false
	case math.Abs(f) >= 1<<64:
		return t, true, true
	case math.Abs(f) < smallest:
		return t, false, true
	}
	t = TotalOfFloat(f) // hexadecimal, or a point at an end
	if r, ok := new(big.Rat).SetString(string(b)); ok {
		t = roundedTo64(r)
	}
	return t, !t.Fits(), true
}

// Fits tells whether a total lies within 64 bits.
func (t Total) Fits() bool {
	n, exact := t.Int64()
	return exact || n != math.MaxInt64 && n != math.MinInt64
}

func roundedTo64(r *big.Rat) Total {
	return TotalOfBig(new(big.Float).SetPrec(decimalBits).SetRat(r))
}

// ParseFloat reads a float64 as the C library does. ok is false for anything else, NaN
// and what is beyond the range.
func ParseFloat(b []byte) (f float64, ok bool) {
	s := string(b)
	if bytes.IndexByte(b, '_') >= 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && isHex(b) {
		f, err = strconv.ParseFloat(s+"p0", 64)
	}
	return f, err == nil && !math.IsNaN(f)
}

func isHex(b []byte) bool {
	b = bytes.ToLower(bytes.TrimLeft(b, "+-"))
	return bytes.HasPrefix(b, []byte("0x")) && bytes.IndexByte(b, 'p') < 0
}

// decimal reads a text that stands for a number wherever something is added to it: an
// integer as ParseInt reads it, or with decimals, as FormatNumber writes it.
func decimal(b []byte) (Total, bool) {
	if n, ok := ParseInt(b); ok {
		return TotalOf(n), true
	}
	whole, places, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("-")), []byte("."))
	if len(b) > decimalMax || !digits(whole) || !digits(places) || len(whole) > 1 && whole[0] == '0' {
		return Total{}, false
	}
	r, ok := new(big.Rat).SetString(string(b))
	if !ok {
		return Total{}, false
	}
	return roundedTo64(r), true
}

// digits tells whether b has decimal digits, and nothing else.
func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// FormatNumber prints a total with as many decimals as it takes, 17 at most. Beyond 64
// bits it is saturated.
func FormatNumber(t Total) []byte {
	n, exact := t.Int64()
	if exact || n == math.MaxInt64 || n == math.MinInt64 {
		return appendInt(nil, n)
	}
	b := new(big.Float).SetPrec(decimalBits).Set(t.Big()).Append(nil, 'f', decimalPlaces)
	b = bytes.TrimSuffix(bytes.TrimRight(b, "0"), []byte("."))
	if string(b) == "-0" {
		return []byte("0")
	}
	return b
}

// Number returns the value as a number, exactly; ok is false when the shown sibling is
// none.
func (f *Field) Number() (n Total, ok bool) {
	if s, has := f.Register.Shown(); has {
		if n, ok = decimal(s.Value); !ok {
			return Total{}, false
		}
	}
	return n.Add(f.Counter.Sum()), true
}
