package clock

import (
	"fmt"
	"time"
)

// counterBits is the width of the logical part of a Timestamp.
const counterBits = 16

// Timestamp is a hybrid logical time: 48 bits of Unix milliseconds above 16 bits of
// counter. It is compared as one integer.
type Timestamp uint64

// MakeTimestamp joins a wall time in Unix milliseconds and a counter.
// Milliseconds outside 0…2^48-1 are clamped.
func MakeTimestamp(wallMillis int64, counter uint16) Timestamp {
	const maxMillis = 1<<(64-counterBits) - 1
	wallMillis = min(max(wallMillis, 0), maxMillis)
	return Timestamp(uint64(wallMillis)<<counterBits | uint64(counter))
}

// WallMillis returns the physical part, in Unix milliseconds.
func (t Timestamp) WallMillis() int64 { return int64(t >> counterBits) }

// Counter returns the logical part.
func (t Timestamp) Counter() uint16 { return uint16(t) }

// Time returns the physical part as a time in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMilli(t.WallMillis()).UTC() }

// String prints the physical part as RFC 3339 and the counter.
func (t Timestamp) String() string {
	return fmt.Sprintf("%s+%d", t.Time().Format("2006-01-02T15:04:05.000Z"), t.Counter())
}

// Stamp orders writes for last-writer-wins: by time, ties by origin.
type Stamp struct {
	Time   Timestamp
	Origin Origin
}

// Compare returns -1, 0 or +1 as s is before, equal to, or after t.
func (s Stamp) Compare(t Stamp) int {
	switch {
	case s.Time != t.Time:
		return compare(s.Time, t.Time)
	default:
		return compare(s.Origin, t.Origin)
	}
}

// After reports whether s is later than t.
func (s Stamp) After(t Stamp) bool { return s.Compare(t) > 0 }

func compare[T ~uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
