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
	accepted Timestamp // guarded by mu; no stamp up to here is of the future any more
	looked   Timestamp // guarded by mu; the last Look
}

// NewHLC returns a clock over w that starts above floor: the greatest timestamp that
// the node is known to have issued or observed before. What lies below it is no longer
// of the future, whatever the wall clock says.
func NewHLC(w Wall, floor Timestamp) *HLC {
	return &HLC{physical: newSlewed(w), last: floor, accepted: floor}
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

// Look returns the present without issuing a timestamp: for who asks whether a time has come. It never goes
// back, whatever the wall clock does: what had ended once does not begin again. It is not before what was
// issued or observed, as far as that is not more than ahead in front of the physical time: a stamp from the
// far future that an operator accepted is no reason for anything to end.
func (h *HLC) Look(ahead time.Duration) Timestamp {
	h.mu.Lock()
	defer h.mu.Unlock()
	wall, _ := h.physical.millis()
	seen := min(h.last, MakeTimestamp(wall+ahead.Milliseconds(), 0))
	h.looked = max(h.looked, seen, MakeTimestamp(wall, 0))
	return h.looked
}

// Observe raises the clock to t, so that later timestamps are greater. Callers must
// not pass a stamp that Ahead finds unacceptable.
func (h *HLC) Observe(t Timestamp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last, t)
}

// Accept takes t for the present, however far ahead it is: an operator decided so. The
// clock rises to it, and Ahead counts from it until the wall clock has come so far.
func (h *HLC) Accept(t Timestamp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.accepted = max(h.last, t), max(h.accepted, t)
}

// Resync sets the physical time to the wall clock at once, as a start would. It is for
// a wall clock that was wrong, was repaired, and is known to be right: stamps still
// never repeat and never go back, and those that this node has issued or observed are
// no longer of the future.
func (h *HLC) Resync() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.physical = newSlewed(h.physical.wall)
	h.accepted = h.last
}

// Ahead returns how far t lies ahead of this node's physical time, or of the greatest
// stamp that was accepted; negative when it is in the past.
func (h *HLC) Ahead(t Timestamp) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	wall, _ := h.physical.millis()
	wall = max(wall, h.accepted.WallMillis())
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

// Elapsed returns the time since a fixed start. No change of the wall clock changes it.
func (h *HLC) Elapsed() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, elapsed := h.physical.wall.Read()
	return elapsed
}

// Carries returns how often more than 65,536 events in one millisecond moved the
// clock ahead of its wall.
func (h *HLC) Carries() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.carries
}
