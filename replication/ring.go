package replication

import (
	"slices"
	"sort"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// DefaultRingBytes bounds the frames that a Ring keeps.
const DefaultRingBytes = 64 << 20

// Ring keeps recent durable frames in memory, encoded once and shared by all streams,
// in front of a slower Log. It is filled by Add and by what it reads; the oldest frames
// make room. It is a Log and safe for concurrent use.
//
// Invariant: the frames of one (shard, origin) are contiguous, and all are durable.
type Ring struct {
	backing Log
	limit   int

	mu    sync.Mutex
	runs  map[runKey][]*ringFrame // guarded by mu
	queue []*ringFrame            // guarded by mu; oldest first
	bytes int                     // guarded by mu
	stats RingStats               // guarded by mu
}

// RingStats counts what a Ring has done.
type RingStats struct {
	// Hits and Misses count the frames served from memory and from the log behind.
	Hits, Misses uint64
	// Bytes is what is kept now.
	Bytes int
}

type runKey struct {
	shard  store.ShardID
	origin clock.Origin
}

type ringFrame struct {
	key         runKey
	first, last clock.Seq
	encoded     []byte // nil once dropped
}

// NewRing returns a ring of at most limit bytes in front of backing; 0 means
// DefaultRingBytes.
func NewRing(backing Log, limit int) *Ring {
	if limit <= 0 {
		limit = DefaultRingBytes
	}
	return &Ring{backing: backing, limit: limit, runs: make(map[runKey][]*ringFrame)}
}

// Ended implements Log.
func (r *Ring) Ended(shard store.ShardID) ([]store.Head, *clock.Retired) {
	return r.backing.Ended(shard)
}

// Heads implements Log.
func (r *Ring) Heads(shard store.ShardID) ([]store.Head, <-chan struct{}) {
	return r.backing.Heads(shard)
}

// Add offers a frame that is durable; encoded must not be changed afterwards.
func (r *Ring) Add(f *oplog.Frame, encoded []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(&ringFrame{runKey{store.ShardID(f.Shard), f.Origin}, f.First, f.Last(), encoded}, true)
}

// add appends a frame to its run. A frame after a gap replaces the run when it is live,
// and is ignored when it was read back: old frames must not displace recent ones.
func (r *Ring) add(f *ringFrame, live bool) {
	run := r.runs[f.key]
	if n := len(run); n > 0 {
		switch end := run[n-1].last; {
		case f.last <= end:
			return
		case f.first > end+1 && !live:
			return
		case f.first > end+1:
			r.drop(run)
			r.queue = slices.DeleteFunc(r.queue, func(f *ringFrame) bool { return f.encoded == nil })
			run = nil
		}
	}
	r.runs[f.key] = append(run, f)
	r.queue = append(r.queue, f)
	r.bytes += len(f.encoded)
	for r.bytes > r.limit && len(r.queue) > 0 {
		r.evict()
	}
}

func (r *Ring) drop(run []*ringFrame) {
	for _, f := range run {
		r.bytes -= len(f.encoded)
		f.encoded = nil
	}
}

// evict removes the oldest frame; it is the first of its run.
func (r *Ring) evict() {
	f := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.drop([]*ringFrame{f})
	run := r.runs[f.key]
	run[0] = nil
	if run = run[1:]; len(run) == 0 {
		delete(r.runs, f.key)
	} else {
		r.runs[f.key] = run
	}
}

// Next implements Log.
func (r *Ring) Next(shard store.ShardID, o clock.Origin, after clock.Seq, maxBytes int) ([][]byte, clock.Seq, error) {
	key := runKey{shard, o}
	if frames, last := r.recent(key, after, maxBytes); len(frames) > 0 {
		return frames, last, nil
	}
	frames, last, err := r.backing.Next(shard, o, after, maxBytes)
	if err != nil || len(frames) == 0 {
		return nil, after, err
	}
	return frames, last, r.keep(key, frames)
}

// recent returns frames from memory.
func (r *Ring) recent(key runKey, after clock.Seq, maxBytes int) (frames [][]byte, last clock.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	run := r.runs[key]
	i := sort.Search(len(run), func(i int) bool { return run[i].last > after })
	if i == len(run) || run[i].first > after+1 {
		return nil, after
	}
	size := 0
	for ; i < len(run); i++ {
		if size += len(run[i].encoded); len(frames) > 0 && size > maxBytes {
			break
		}
		frames, last = append(frames, run[i].encoded), run[i].last
	}
	r.stats.Hits += uint64(len(frames))
	return frames, last
}

// keep offers frames that were read back, so that the next stream finds them.
func (r *Ring) keep(key runKey, frames [][]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Misses += uint64(len(frames))
	for _, b := range frames {
		f, err := oplog.Decode(b)
		if err != nil {
			return err
		}
		r.add(&ringFrame{key, f.First, f.Last(), b}, false)
	}
	return nil
}

// Stats returns what the ring has done.
func (r *Ring) Stats() RingStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Bytes = r.bytes
	return r.stats
}
