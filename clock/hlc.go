package clock

import (
	"math"
	"sync"
	"time"
)

// HLC issues timestamps that strictly rise, stay near the wall clock, and are greater
// than every timestamp observed. Convergence and causality never depend on its wall
// clock; only the fairness of last-writer-wins does.
//
// It is safe for concurrent use.
type HLC struct {
	mu       sync.Mutex
	physical *slewed   // guarded by mu
	last     Timestamp // guarded by mu; greatest issued or observed
	carries  uint64    // guarded by mu; counter overflows into the millisecond
}

// NewHLC returns a clock over w that starts above floor: the greatest timestamp that
// the node is known to have issued or observed before.
func NewHLC(w Wall, floor Timestamp) *HLC {
	return &HLC{physical: newSlewed(w), last: floor}
}

// Now issues the next timestamp.
func (h *HLC) Now() Timestamp {
	h.mu.Lock()
	defer h.mu.Unlock()
	wall, _ := h.physical.millis()
	next := MakeTimestamp(wall, 0)
	if next <= h.last {
		next = h.last + 1
		if next.Counter() == 0 {
			h.carries++
		}
	}
	h.last = next
	return next
}

// Observe raises the clock to t, so that later timestamps are greater. Callers must
// not pass a stamp that Ahead finds unacceptable.
func (h *HLC) Observe(t Timestamp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last, t)
}

// Ahead returns how far t lies ahead of this node's physical time; negative when it
// is in the past.
func (h *HLC) Ahead(t Timestamp) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	wall, _ := h.physical.millis()
	// A damaged stamp may name a time that no Duration reaches: it must not wrap into
	// the past.
	const reach = int64(math.MaxInt64 / time.Millisecond)
	return time.Duration(min(max(t.WallMillis()-wall, -reach), reach)) * time.Millisecond
}

// Last returns the greatest timestamp issued or observed.
func (h *HLC) Last() Timestamp {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// Physical returns the slewed physical time in Unix milliseconds and how far the wall
// clock is ahead of it (the part of a step that is not yet slewed away).
func (h *HLC) Physical() (millis int64, step time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.physical.millis()
}

// Carries returns how often more than 65,536 events in one millisecond moved the
// clock ahead of its wall.
func (h *HLC) Carries() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.carries
}
