package clock

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrVarint reports a truncated, overlong or overflowing variable-length integer.
var ErrVarint = errors.New("malformed variable-length integer")

// Uvarint reads one unsigned integer from the front of b and returns the rest. Only
// the shortest form is accepted, so that equal values have equal bytes.
func Uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 || n != uvarintLen(v) {
		return 0, nil, ErrVarint
	}
	return v, b[n:], nil
}

func uvarintLen(v uint64) int { return max(1, (bits.Len64(v)+6)/7) }
