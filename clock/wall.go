package clock

import (
	"math"
	"time"
)

// Wall is a source of time: the wall clock, which may jump, and a monotonic reading,
// which may not.
type Wall interface {
	// Read returns Unix milliseconds and the time elapsed since a fixed start.
	Read() (wallMillis int64, elapsed time.Duration)
}

// System is the operating system's clock.
type System struct{ start time.Time }

// NewSystem returns the operating system's clock.
func NewSystem() *System { return &System{start: time.Now()} }

// Read implements Wall.
func (s *System) Read() (int64, time.Duration) {
	now := time.Now()
	return now.UnixMilli(), now.Sub(s.start)
}

// slewLimit bounds how fast a slewed clock approaches the wall clock: a tenth of the
// time that passes.
const slewLimit = 10

// slewed follows a wall clock without ever jumping: it advances with the monotonic
// clock and corrects its difference from the wall by at most a tenth of the time
// elapsed.
//
// It counts in nanoseconds: the faster it is asked, the less time passes between two
// readings, and a tenth of that must not be rounded away.
type slewed struct {
	wall    Wall
	now     time.Duration // estimate, since the Unix epoch
	elapsed time.Duration
}

func newSlewed(w Wall) *slewed {
	wall, elapsed := w.Read()
	return &slewed{wall: w, now: sinceEpoch(wall), elapsed: elapsed}
}

// sinceEpoch widens Unix milliseconds, within the 292 years that a Duration reaches.
func sinceEpoch(millis int64) time.Duration {
	const reach = int64(math.MaxInt64/time.Millisecond) / 2
	return time.Duration(min(max(millis, -reach), reach)) * time.Millisecond
}

// millis returns the estimate in Unix milliseconds, and how far the wall clock is
// ahead of it.
func (s *slewed) millis() (now int64, step time.Duration) {
	wall, elapsed := s.wall.Read()
	passed := max(elapsed-s.elapsed, 0)
	s.elapsed += passed
	s.now += passed
	diff := sinceEpoch(wall) - s.now
	// The wall is read in whole milliseconds: a difference below one is no error.
	if diff.Abs() > time.Millisecond {
		limit := passed / slewLimit
		s.now += min(max(diff, -limit), limit)
	}
	return int64(s.now / time.Millisecond), sinceEpoch(wall) - s.now
}
