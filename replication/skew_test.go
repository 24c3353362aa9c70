package replication

import (
	"testing"
	"time"
)

// A heartbeat that queued for two seconds behind frames says nothing about the clocks; the one before it,
// whose echo was quick, does.
func TestASlowLinkIsNoWrongClock(t *testing.T) {
	const ms = time.Millisecond
	var s skew
	check := func(what string, ahead, err time.Duration) {
		t.Helper()
		if s.ahead != ahead || s.err != err {
			t.Errorf("%s: %v ± %v, want %v ± %v", what, s.ahead, s.err, ahead, err)
		}
	}
	s.take(&Heartbeat{Number: 1, WallMillis: 1000}, 1005)
	check("before any echo", -5*ms, skewUnknown)
	s.take(&Heartbeat{Number: 2, WallMillis: 1200, RTT: 10 * ms, RTTNumber: 1}, 3200) // late by 2 s
	check("measured with the first", 0, 5*ms)
	s.take(&Heartbeat{Number: 3, WallMillis: 1400, RTT: 10 * ms, RTTNumber: 1}, 3400)
	check("still", 0, 5*ms)
	s.take(&Heartbeat{Number: 4, WallMillis: 3600, RTT: 2005 * ms, RTTNumber: 2}, 3605)
	if s.ahead.Abs() > s.err || s.err != 2005*ms/2 {
		t.Errorf("measured with the late one: %v ± %v; the truth is 0", s.ahead, s.err)
	}
	s.take(&Heartbeat{Number: 5, WallMillis: 9000, RTT: 10 * ms, RTTNumber: 99}, 4000)
	if s.err != 2005*ms/2 {
		t.Error("a round trip of a heartbeat that never came was used")
	}
}
