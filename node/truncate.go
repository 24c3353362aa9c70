package node

import (
	"context"
	"fmt"
	"time"

	"github.com/atollkv/atoll/clock"
)

const (
	// truncateEvery and truncateGrowth say when the op log is looked at: seldom, since a truncation
	// costs a range deletion per origin.
	truncateEvery  = 30 * time.Second
	truncateGrowth = 16 << 20
	// truncateLook is how often the growth is looked at.
	truncateLook = time.Second
	// maxMarks bounds the marks kept; the older half is thinned out beyond it.
	maxMarks = 256
)

// opLog is the part of store.Log that truncation needs.
type opLog interface {
	Bytes() int64
	Truncate(upTo clock.VersionVector) error
}

// mark says how many bytes the log had ever taken in when it held a vector.
type mark struct {
	taken  int64
	vector clock.VersionVector
}

// truncater forgets the part of the op log that every member holds durably, but for the latest
// retain bytes. What a member lacks is kept, however large the log grows: until state can be
// transferred, to drop it would be to lose it there for ever. Beyond max bytes it says so.
//
// It is owned by run.
type truncater struct {
	log           opLog
	retain, limit int64
	// durable is what this node holds, point what every member is known to hold.
	durable, point func() clock.VersionVector
	truncated      func(before, after int64)
	over           func(bytes, limit int64)

	removed int64 // bytes ever truncated in this run
	marks   []mark
	full    bool // over was called, and the log has not shrunk since
}

func (t *truncater) run(ctx context.Context) error {
	tick := time.NewTicker(truncateLook)
	defer tick.Stop()
	t.observe()
	looked, size := time.Duration(0), t.log.Bytes()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		t.observe()
		if looked += truncateLook; looked < truncateEvery && t.log.Bytes() < size+truncateGrowth {
			continue
		}
		if err := t.step(); err != nil {
			return err
		}
		looked, size = 0, t.log.Bytes()
	}
}

// observe marks how far the log has come.
func (t *truncater) observe() {
	taken := t.removed + t.log.Bytes()
	if n := len(t.marks); n > 0 && taken-t.marks[n-1].taken < t.retain/(maxMarks/4) {
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

// step truncates what may go.
func (t *truncater) step() error {
	before := t.log.Bytes()
	if upTo, ok := t.old(t.removed + before - t.retain); ok {
		if err := t.log.Truncate(meet(upTo, t.point())); err != nil {
			return fmt.Errorf("truncate: %w", err)
		}
	}
	after := t.log.Bytes()
	if after < before {
		t.removed += before - after
		t.truncated(before, after)
	}
	if full := after > t.limit; full != t.full {
		t.full = full
		if full {
			t.over(after, t.limit)
		}
	}
	return nil
}

// old returns the newest vector that the log held when it had taken in at most limit bytes, and
// forgets the marks before it.
func (t *truncater) old(limit int64) (clock.VersionVector, bool) {
	last := -1
	for i, m := range t.marks {
		if m.taken <= limit {
			last = i
		}
	}
	if last < 0 {
		return clock.VersionVector{}, false
	}
	t.marks = t.marks[last:]
	return t.marks[0].vector, true
}

// meet returns what both vectors have seen.
func meet(v, w clock.VersionVector) clock.VersionVector {
	var out clock.VersionVector
	for _, e := range v.Entries() {
		out.Advance(e.Origin, min(e.Seq, w.Get(e.Origin)))
	}
	return out
}
