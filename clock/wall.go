package clock

import "time"

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

// slewLimit bounds how fast a Slewed clock approaches the wall clock: a tenth of the
// time that passes.
const slewLimit = 10

// slewed follows a wall clock without ever jumping: it advances with the monotonic
// clock and corrects its difference from the wall by at most a tenth of the time
// elapsed.
type slewed struct {
	wall    Wall
	micros  int64 // estimate, Unix microseconds
	elapsed time.Duration
}

func newSlewed(w Wall) *slewed {
	wall, elapsed := w.Read()
	return &slewed{wall: w, micros: wall * 1000, elapsed: elapsed}
}

// millis returns the estimate in Unix milliseconds, and how far the wall clock is
// ahead of it.
func (s *slewed) millis() (now int64, step time.Duration) {
	wall, elapsed := s.wall.Read()
	passed := max(elapsed-s.elapsed, 0).Microseconds()
	s.elapsed += time.Duration(passed) * time.Microsecond
	s.micros += passed
	diff := wall*1000 - s.micros
	// The wall is read in whole milliseconds: a difference below one is no error.
	if diff < -1000 || diff > 1000 {
		limit := passed / slewLimit
		s.micros += min(max(diff, -limit), limit)
	}
	return s.micros / 1000, time.Duration(wall*1000-s.micros) * time.Microsecond
}
