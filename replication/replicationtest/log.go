package replicationtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Log is one shard of one node. It is safe for concurrent use.
type Log struct {
	shard store.ShardID

	mu      sync.Mutex
	own     []clock.Origin
	builder *oplog.Builder
	last    clock.Timestamp
	heads   []store.Head // ascending by origin; copied on write
	frames  map[clock.Origin][]*oplog.Frame
	start   map[clock.Origin]clock.Seq
	waiting []waiting
	changed chan struct{}
	applied []clock.Dot
	again   int
}

type waiting struct {
	frame *oplog.Frame
	done  func(error)
}

// NewLog returns an empty log of one shard.
func NewLog(shard store.ShardID) *Log {
	return &Log{
		shard: shard, changed: make(chan struct{}),
		frames: make(map[clock.Origin][]*oplog.Frame), start: make(map[clock.Origin]clock.Seq),
	}
}

// Open starts a new incarnation.
func (l *Log) Open(o clock.Origin) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own = append(l.own, o)
	l.builder = oplog.NewBuilder(uint32(l.shard), o)
}

// Own returns the incarnations of this node.
func (l *Log) Own(store.ShardID) []clock.Origin {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.own)
}

// Write appends one frame of local records, one per body.
func (l *Log) Write(bodies ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dep := l.vector()
	for _, b := range bodies {
		l.last++
		l.builder.Add(l.last, dep, []byte(b))
	}
	f := l.builder.Frame()
	l.append(f, l.last, dep.Without(f.Origin))
}

// append stores a frame that is next for its origin.
func (l *Log) append(f *oplog.Frame, t clock.Timestamp, dep clock.VersionVector) {
	l.frames[f.Origin] = append(l.frames[f.Origin], f)
	for s := f.First; s <= f.Last(); s++ {
		l.applied = append(l.applied, clock.Dot{Origin: f.Origin, Seq: s})
	}
	head := store.Head{Origin: f.Origin, Seq: f.Last(), Hash: f.Hash, Time: t, Dep: dep}
	next := slices.DeleteFunc(slices.Clone(l.heads), func(h store.Head) bool { return h.Origin == f.Origin })
	next = append(next, head)
	slices.SortFunc(next, func(a, b store.Head) int {
		return clock.Dot{Origin: a.Origin}.Compare(clock.Dot{Origin: b.Origin})
	})
	l.heads = next
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Log) vector() clock.VersionVector {
	var v clock.VersionVector
	for _, h := range l.heads {
		v.Advance(h.Origin, h.Seq)
	}
	return v
}

// Ended implements replication.Log: no origin is retired.
func (l *Log) Ended(store.ShardID) ([]store.Head, *clock.Retired) { return nil, nil }

// Heads implements replication.Log.
func (l *Log) Heads(shard store.ShardID) ([]store.Head, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heads, l.changed
}

// Next implements replication.Log.
func (l *Log) Next(shard store.ShardID, o clock.Origin, after clock.Seq, maxBytes int) ([][]byte, clock.Seq, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if start := l.start[o]; after+1 < start {
		return nil, 0, &store.TruncatedError{Origin: o, Start: start}
	}
	var out [][]byte
	last, size := after, 0
	for _, f := range l.frames[o] {
		if f.Last() <= after {
			continue
		}
		if size += f.EncodedSize(); len(out) > 0 && size > maxBytes {
			break
		}
		out, last = append(out, f.Append(nil)), f.Last()
	}
	return out, last, nil
}

// Truncate forgets the frames of an origin that end before start.
func (l *Log) Truncate(o clock.Origin, start clock.Seq) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start[o] = start
	l.frames[o] = slices.DeleteFunc(l.frames[o], func(f *oplog.Frame) bool { return f.Last() < start })
}

// Merge implements replication.Applier: what is early waits inside.
func (l *Log) Merge(_ context.Context, shard store.ShardID, f *oplog.Frame, done func(error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, waiting{f, done})
	for again := true; again; {
		again = false
		for i, w := range l.waiting {
			if settled, err := l.try(w.frame); settled {
				l.waiting = slices.Delete(l.waiting, i, i+1)
				w.done(err)
				again = true
				break
			}
		}
	}
	return nil
}

// try applies a frame whole if all it depends on is here.
func (l *Log) try(f *oplog.Frame) (settled bool, err error) {
	var head store.Head
	if i := slices.IndexFunc(l.heads, func(h store.Head) bool { return h.Origin == f.Origin }); i >= 0 {
		head = l.heads[i]
	}
	if f.Last() <= head.Seq {
		l.again++
		return true, nil
	}
	if f.First > head.Seq+1 {
		return false, nil
	}
	r, err := f.Records(head.Seq, head.Dep, head.Hash)
	if err != nil {
		return true, err
	}
	have := l.vector()
	first := head.Seq + 1
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return true, err
		}
		if !rec.Dep.LessEq(have) {
			return false, nil
		}
		r.Advance(rec)
		head.Time, head.Dep = rec.Time, rec.Dep
		l.last = max(l.last, rec.Time)
	}
	if r.Hash() != f.Hash {
		return true, fmt.Errorf("%w: frame %v:%d", replication.ErrDiverged, f.Origin, f.First)
	}
	passed, _ := r.Passed(first)
	l.append(passed, head.Time, head.Dep)
	return true, nil
}

// Vector returns what the log holds.
func (l *Log) Vector() clock.VersionVector {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.vector()
}

// Applied returns the dots in the order in which they were applied.
func (l *Log) Applied() []clock.Dot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.applied)
}

// Duplicates returns how many frames came that were known already, and how many wait.
func (l *Log) Duplicates() (known, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again, len(l.waiting)
}

// Last returns the greatest stamp issued or seen.
func (l *Log) Last() clock.Timestamp {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
