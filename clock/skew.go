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
// peer, peer clock minus own clock. With two or more peers (three clocks) the median
// of all clocks is taken as true: a node further from it than 80 % of maxOffset is
// bad. With one peer nobody can tell who is wrong, so both only alarm.
func JudgeSkew(offsets []time.Duration, maxOffset time.Duration) (Verdict, time.Duration) {
	limit := maxOffset * 8 / 10
	if len(offsets) == 0 {
		return ClockGood, 0
	}
	all := append(slices.Clone(offsets), 0)
	slices.Sort(all)
	median := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	switch {
	case len(all) >= 3 && median.Abs() > limit:
		return ClockBad, -median
	case len(all) == 2 && offsets[0].Abs() > limit:
		return ClockAlarm, -offsets[0]
	default:
		return ClockGood, -median
	}
}
