package clock

import (
	"testing"
	"time"
)

func TestJudgeSkew(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		offsets []time.Duration
		want    Verdict
		skew    time.Duration
	}{
		"alone":                                        {nil, ClockGood, 0},
		"two clocks that agree":                        {[]time.Duration{10 * ms}, ClockGood, -5 * ms},
		"two clocks at the limit":                      {[]time.Duration{400 * ms}, ClockGood, -200 * ms},
		"two clocks that differ":                       {[]time.Duration{401 * ms}, ClockAlarm, -401 * ms},
		"two clocks that differ the other way":         {[]time.Duration{-401 * ms}, ClockAlarm, 401 * ms},
		"three clocks, this one is behind":             {[]time.Duration{900 * ms, 901 * ms}, ClockBad, -900 * ms},
		"three clocks, this one is ahead":              {[]time.Duration{-900 * ms, -901 * ms}, ClockBad, 900 * ms},
		"three clocks, another one is off":             {[]time.Duration{900 * ms, 1 * ms}, ClockGood, -1 * ms},
		"three clocks, all differ, this is the middle": {[]time.Duration{900 * ms, -900 * ms}, ClockGood, 0},
		"four clocks, this one is off":                 {[]time.Duration{900 * ms, 900 * ms, 910 * ms}, ClockBad, -900 * ms},
		"four clocks, two against two, from below":     {[]time.Duration{0, 900 * ms, 900 * ms}, ClockAlarm, -900 * ms},
		"four clocks, two against two, from above":     {[]time.Duration{0, -900 * ms, -900 * ms}, ClockAlarm, 900 * ms},
		"four clocks, two against two, a little":       {[]time.Duration{0, 300 * ms, 300 * ms}, ClockGood, -150 * ms},
		"five clocks, a minority of two is off":        {[]time.Duration{0, 900 * ms, 900 * ms, 0}, ClockGood, 0},
	} {
		if got, skew := JudgeSkew(c.offsets, 500*ms); got != c.want || skew != c.skew {
			t.Errorf("%s: %v %v, want %v %v", name, got, skew, c.want, c.skew)
		}
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	if ClockGood.String() != "good" || ClockAlarm.String() != "alarm" || ClockBad.String() != "bad" {
		t.Fatal("names changed: they appear in metrics")
	}
}
