package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

const (
	// truncateEvery and truncateGrowth say when the op log is looked at: seldom, since a truncation
	// costs a range deletion per origin. With a small limit the growth is a part of that.
	truncateEvery  = 30 * time.Second
	truncateGrowth = 16 << 20
	// truncateLook is how often the growth is looked at.
	truncateLook = 250 * time.Millisecond
	// maxMarks bounds the marks kept; the older half is thinned out beyond it.
	maxMarks = 256
	// pinLimits is how far above its limit the log may grow while a peer fetches state, in multiples.
	pinLimits = 4
)

// opLog is the part of store.Log that truncation needs.
type opLog interface {
	Bytes() int64
	Truncate(upTo clock.VersionVector) error
	Older(upTo clock.VersionVector, cut clock.Timestamp) (clock.VersionVector, error)
	Oldest(bytes int64, upTo clock.VersionVector) (clock.VersionVector, error)
}

// mark says how many bytes the log had ever taken in when it held a vector.
type mark struct {
	taken  int64
	vector clock.VersionVector
}

// truncater keeps the op log within bounds. What every member holds durably is forgotten, but for the
// latest retain bytes. Beyond limit bytes, and beyond an age, the oldest goes whoever lacks it: who does
// catches up by state. What a peer that fetches state will need next is kept, up to pinLimits times the
// limit.
//
// It is owned by run.
type truncater struct {
	log           opLog
	retain, limit int64
	maxAge        time.Duration // 0 is no bound
	wall          clock.Wall
	// durable is what this node holds, point what every member is known to hold, pinned above what the
	// log must be kept.
	durable, point func() clock.VersionVector
	pinned         func() []clock.VersionVector
	truncated      func(before, after int64)
	// over is told when the log goes on without what a member lacks, once until it need not any more.
	over func(bytes, limit int64)

	removed int64 // bytes ever truncated in this run
	marks   []mark
	forced  bool // over was called
}

func (t *truncater) run(ctx context.Context) error {
	tick := time.NewTicker(truncateLook)
	defer tick.Stop()
	t.observe()
	looked, size := time.Duration(0), int64(0)
	for {
		if looked += truncateLook; looked >= truncateEvery || t.log.Bytes() >= size+t.growth() {
			// A damaged part of the log is dropped by the healer; it is truncated next time.
			if err := t.step(); err != nil && !errors.Is(err, store.ErrCorrupt) {
				return err
			}
			looked, size = 0, t.log.Bytes()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		t.observe()
	}
}

// growth is after how many new bytes the log is truncated.
func (t *truncater) growth() int64 { return min(truncateGrowth, t.limit/8) }

// observe marks how far the log has come.
func (t *truncater) observe() {
	taken := t.removed + t.log.Bytes()
	if n := len(t.marks); n > 0 && taken-t.marks[n-1].taken < min(t.retain, t.limit)/(maxMarks/4) {
		return
	}
	t.marks = append(t.marks, mark{taken, t.durable()})
	if len(t.marks) > maxMarks {
		kept := t.marks[:0]
		for i, m := range t.marks {
			if i%2 == 0 || i > maxMarks/2 {
				kept = append(kept, m)
			}
		}
		t.marks = kept
	}
}

// step truncates what may go, and what must.
func (t *truncater) step() error {
	before := t.log.Bytes()
	point := t.point()
	var upTo clock.VersionVector
	if old, ok := t.markAt(t.removed + before - t.retain); ok {
		upTo = meet(old.vector, point)
	}
	must, err := t.must(before)
	if err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	upTo.Join(must)
	if before < pinLimits*t.limit {
		for _, pin := range t.pinned() {
			upTo = meet(upTo, pin)
		}
	}
	if err := t.log.Truncate(upTo); err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	if after := t.log.Bytes(); after < before {
		t.removed += before - after
		t.truncated(before, after)
		t.tell(!upTo.LessEq(point))
	}
	t.forget()
	t.forced = t.forced && !t.durable().LessEq(point)
	return nil
}

// must returns what goes though a member may lack it: beyond the limit, down to three quarters of it,
// and what is too old.
func (t *truncater) must(bytes int64) (upTo clock.VersionVector, err error) {
	if excess := bytes - t.limit*3/4; bytes > t.limit {
		m, ok := t.markAt(t.removed + excess)
		upTo = m.vector
		if !ok || m.taken < t.removed+excess-t.limit/8 {
			// No mark near: the log was there at the start, or grew in one burst.
			if upTo, err = t.log.Oldest(excess, t.durable()); err != nil {
				return upTo, err
			}
		}
	}
	if t.maxAge > 0 {
		wall, _ := t.wall.Read()
		old, err := t.log.Older(t.durable(), clock.MakeTimestamp(wall-t.maxAge.Milliseconds(), 0))
		if err != nil {
			return upTo, err
		}
		upTo.Join(old)
	}
	return upTo, nil
}

// tell says when the log begins to go on without what a member lacks: not where nothing was cut off, as after a start,
// when members have not told yet what they have.
func (t *truncater) tell(forced bool) {
	if forced && !t.forced {
		t.over(t.log.Bytes(), t.limit)
	}
	t.forced = t.forced || forced
}

// markAt returns the newest mark of when the log had taken in at most so many bytes.
func (t *truncater) markAt(taken int64) (newest mark, ok bool) {
	for _, m := range t.marks {
		if m.taken <= taken {
			newest, ok = m, true
		}
	}
	return newest, ok
}

// forget drops the marks that say nothing new: all that came before them is gone.
func (t *truncater) forget() {
	for len(t.marks) > 1 && t.marks[1].taken <= t.removed {
		t.marks = t.marks[1:]
	}
}

// meet returns what both vectors have seen.
func meet(v, w clock.VersionVector) clock.VersionVector {
	var out clock.VersionVector
	for _, e := range v.Entries() {
		out.Advance(e.Origin, min(e.Seq, w.Get(e.Origin)))
	}
	return out
}
