package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// ageBuckets bounds what Oldest remembers of a log that it looks through.
const ageBuckets = 4096

// Older returns, for each origin of upTo, the last record of the frames that begin before
// a stamp; none goes beyond upTo. It reads a few frames of each origin.
func (l *Log) Older(upTo clock.VersionVector, cut clock.Timestamp) (clock.VersionVector, error) {
	var out clock.VersionVector
	for _, e := range upTo.Entries() {
		seq, err := l.older(e.Origin, e.Seq, cut)
		if err != nil {
			return out, fmt.Errorf("look for old frames of %v: %w", e.Origin, err)
		}
		out.Advance(e.Origin, seq)
	}
	return out, nil
}

// older searches in the middle of what is open: stamps of an origin only rise.
func (l *Log) older(o clock.Origin, upTo clock.Seq, cut clock.Timestamp) (clock.Seq, error) {
	start, err := l.Start(o)
	if err != nil {
		return 0, err
	}
	v := l.db.View()
	defer func() { _ = v.Close() }() // a snapshot of an open store
	// Invariant: what is up to old is old, what begins at young or later is not, and both
	// are borders of frames.
	old, young := start-1, upTo+1
	for old+1 < young {
		b, err := l.Next(v, o, old+(young-old)/2-1)
		if err != nil || b == nil {
			return old, err
		}
		f, stamp, err := peekFrame(b)
		if err != nil {
			return old, err
		}
		if stamp < cut && f.Last() <= upTo {
			old = f.Last()
		} else {
			young = f.First
		}
	}
	return old, nil
}

// peekFrame returns a frame and the stamp of its first record.
func peekFrame(b []byte) (*oplog.Frame, clock.Timestamp, error) {
	f, err := oplog.Decode(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	stamp, err := f.FirstTime()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return f, stamp, nil
}

// Oldest returns a vector whose frames are the oldest of all origins and at least so many
// bytes. It reads the whole log: ask it only when nothing else is known.
func (l *Log) Oldest(bytes int64, upTo clock.VersionVector) (clock.VersionVector, error) {
	h := ageHistogram{sizes: map[int64]int64{}}
	lo := binary.BigEndian.AppendUint32([]byte{spaceLog}, uint32(l.shard))
	it, err := l.db.Iterate(lo, binary.BigEndian.AppendUint32([]byte{spaceLog}, uint32(l.shard)+1))
	if err != nil {
		return clock.VersionVector{}, err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		_, stamp, err := peekFrame(it.Value())
		if err != nil {
			return clock.VersionVector{}, fmt.Errorf("op log key %x: %w", it.Key(), err)
		}
		h.add(stamp.WallMillis(), int64(len(it.Value())))
	}
	if err := it.Error(); err != nil {
		return clock.VersionVector{}, err
	}
	return l.Older(upTo, clock.MakeTimestamp(h.before(bytes), 0))
}

// ageHistogram says how many bytes are how old; its buckets grow coarser as they get many.
type ageHistogram struct {
	shift uint
	sizes map[int64]int64 // by milliseconds >> shift
}

func (h *ageHistogram) add(millis, size int64) {
	h.sizes[millis>>h.shift] += size
	for len(h.sizes) > ageBuckets {
		coarse := make(map[int64]int64, ageBuckets)
		for at, n := range h.sizes {
			coarse[at>>1] += n
		}
		h.sizes, h.shift = coarse, h.shift+1
	}
}

// before returns the first moment, in milliseconds, before which so many bytes lie.
func (h *ageHistogram) before(bytes int64) int64 {
	end := int64(0)
	for _, at := range slices.Sorted(maps.Keys(h.sizes)) {
		if bytes <= 0 {
			break
		}
		bytes -= h.sizes[at]
		end = at + 1
	}
	return end << h.shift
}
