package wan

import (
	"math/rand/v2"
	"time"
)

// Link says what happens to packets in one direction between two hosts. The zero value
// is a perfect link.
type Link struct {
	// Delay is added to each packet, and up to Jitter more. Jitter alone does not reorder.
	Delay, Jitter time.Duration
	// Loss, Duplicate and Reorder are shares of packets, 0 to 1. A reordered packet
	// overtakes those that wait.
	Loss, Duplicate, Reorder float64
	// Rate is in bytes a second; 0 is no limit.
	Rate int64
	// MaxSize drops larger packets without a word, in bytes with the IP header; 0 is no
	// limit.
	MaxSize int
	// Cut drops everything.
	Cut bool
}

// queueMax bounds what a link holds, in bytes: as the buffer of a router it drops what
// comes when it is full.
const queueMax = 4 << 20

// rateQueue bounds the time that a packet waits for a link with a Rate.
const rateQueue = 2 * time.Second

// shaper decides the fate of packets on one directed link: a pure state machine.
type shaper struct {
	link Link
	rng  *rand.Rand
	busy time.Duration // until then the link sends what came before
	last time.Duration // when the last packet in order arrives
}

// pass returns when a packet that is sent now arrives: not at all, once or twice.
func (s *shaper) pass(now time.Duration, size int) (arrivals []time.Duration) {
	l := s.link
	if l.Cut || l.MaxSize > 0 && size > l.MaxSize || s.chance(l.Loss) {
		return nil
	}
	sent := now
	if l.Rate > 0 {
		sent = max(s.busy, now)
		if sent-now > rateQueue {
			return nil
		}
		sent += time.Duration(float64(size) / float64(l.Rate) * float64(time.Second))
		s.busy = sent
	}
	at := sent + l.Delay
	if l.Jitter > 0 {
		at += time.Duration(s.rng.Int64N(int64(l.Jitter)))
	}
	if s.chance(l.Reorder) {
		arrivals = append(arrivals, now+l.Delay/2)
	} else {
		s.last = max(at, s.last)
		arrivals = append(arrivals, s.last)
	}
	if s.chance(l.Duplicate) {
		arrivals = append(arrivals, arrivals[0]+time.Millisecond)
	}
	return arrivals
}

func (s *shaper) chance(p float64) bool { return p > 0 && s.rng.Float64() < p }

// set changes the link; what was sent before keeps its fate.
func (s *shaper) set(l Link) {
	s.link = l
	s.busy, s.last = 0, 0
}
