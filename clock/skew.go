package clock

import (
	"slices"
	"time"
)

// Verdict says what a node may do, given how its clock compares with others'.
type Verdict int

const (
	// ClockGood: nothing to report.
	ClockGood Verdict = iota
	// ClockAlarm: clocks differ by more than 80 % of the limit, and nothing tells which
	// is wrong. Writes go on.
	ClockAlarm
	// ClockBad: this node is the one that is off. It must not issue writes.
	ClockBad
)

// String names the verdict.
func (v Verdict) String() string {
	return [...]string{"good", "alarm", "bad"}[v]
}

// JudgeSkew compares this node's clock with its peers'. offsets holds, for each live
// peer, peer clock minus own clock. The median of all clocks is taken as true: a node
// further from it than 80 % of maxOffset is bad. Of an even number of clocks the two in
// the middle are the median; when they are that far apart themselves, as two clocks or
// two halves of a cluster may be, nobody can tell who is wrong: then all only alarm.
//
// The second result is how far this clock is ahead of the others.
func JudgeSkew(offsets []time.Duration, maxOffset time.Duration) (Verdict, time.Duration) {
	limit := maxOffset * 8 / 10
	all := append(slices.Clone(offsets), 0)
	slices.Sort(all)
	low, high := all[(len(all)-1)/2], all[len(all)/2]
	farther := high
	if -low > high {
		farther = low
	}
	switch {
	case low > limit:
		return ClockBad, -low
	case -high > limit:
		return ClockBad, -high
	case high-low > limit:
		return ClockAlarm, -farther
	default:
		return ClockGood, -(low + high) / 2
	}
}
