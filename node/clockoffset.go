package node

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/clock"
)

const (
	// offsetEvery is how long an offset that was read counts.
	offsetEvery = 20 * time.Millisecond
	// maxOffsetFile bounds the file: a duration and a line break.
	maxOffsetFile = 64
)

// offsetWall is a clock that a test sets wrong: what a file says is added to the wall. The time elapsed
// stays true, as it does when the clock of a host is set.
type offsetWall struct {
	wall clock.Wall
	path string

	offset atomic.Int64 // milliseconds
	due    atomic.Int64 // elapsed time, in nanoseconds, from which the file is read again
}

// Read implements clock.Wall.
func (w *offsetWall) Read() (int64, time.Duration) {
	wall, elapsed := w.wall.Read()
	due := w.due.Load()
	if int64(elapsed) >= due && w.due.CompareAndSwap(due, int64(elapsed+offsetEvery)) {
		w.load()
	}
	return wall + w.offset.Load(), elapsed
}

// load takes the offset from the file. A missing file is none; what is not a duration changes nothing,
// since a file that is being written may be half there.
func (w *offsetWall) load() {
	data, err := readBounded(w.path, maxOffsetFile)
	if err != nil {
		w.offset.Store(0)
		return
	}
	if d, err := time.ParseDuration(strings.TrimSpace(string(data))); err == nil {
		w.offset.Store(d.Milliseconds())
	}
}
