package replication

import "time"

// skewUnknown is the error of a skew before anything was measured.
const skewUnknown = 365 * 24 * time.Hour

// skew measures how far the peer's wall clock is ahead. What a heartbeat says of the
// peer's clock is between no time and one round trip old when it comes, so half the
// round trip of that very heartbeat corrects it, and bounds the error.
type skew struct {
	ahead, err time.Duration
	measured   bool
	beats      [echoWindow]beat
}

// beat is one heartbeat: the peer's clock in it, less this node's when it came.
type beat struct {
	number uint64
	ahead  time.Duration
}

// take notes a heartbeat, and measures with the one whose round trip it tells.
func (s *skew) take(m *Heartbeat, wallMillis int64) {
	raw := time.Duration(m.WallMillis-wallMillis) * time.Millisecond
	s.beats[m.Number%echoWindow] = beat{m.Number, raw}
	b := s.beats[m.RTTNumber%echoWindow]
	switch {
	case m.RTTNumber != 0 && b.number == m.RTTNumber:
		s.ahead, s.err, s.measured = b.ahead+m.RTT/2, m.RTT/2, true
	case !s.measured:
		s.ahead, s.err = raw, skewUnknown
	}
}
