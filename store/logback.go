package store

import (
	"bytes"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// FrameBefore returns the last frame of o that ends before seq in the op log of a shard as r shows it, or nil where there
// is none.
func FrameBefore(r Reader, s ShardID, o clock.Origin, seq clock.Seq) (*oplog.Frame, error) {
	return frameIn(r, logKey(s, o, 0), logKey(s, o, seq), Iterator.Last)
}

// FirstFrame returns the first frame of o, or nil.
func FirstFrame(r Reader, s ShardID, o clock.Origin) (*oplog.Frame, error) {
	return frameIn(r, logKey(s, o, 0), after(logKey(s, o, ^clock.Seq(0))), Iterator.First)
}

func frameIn(r Reader, lo, hi []byte, seek func(Iterator) bool) (f *oplog.Frame, err error) {
	it, err := r.Iterate(lo, hi)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	if !seek(it) {
		return nil, it.Error()
	}
	if f, err = oplog.Decode(bytes.Clone(it.Value())); err != nil {
		return nil, fmt.Errorf("%w: op log key %x: %w", ErrCorrupt, it.Key(), err)
	}
	return f, nil
}

// LogOrigins returns the first limit origins that have frames in the op log of a shard as r shows it, ascending; more tells
// that there are others.
func LogOrigins(r Reader, s ShardID, limit int) (list []clock.Origin, more bool, err error) {
	lo, hi := logKey(s, 0, 0), logKey(s, ^clock.Origin(0), ^clock.Seq(0))
	it, err := r.Iterate(lo, after(hi))
	if err != nil {
		return nil, false, err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	for ok := it.First(); ok; {
		if len(list) == limit {
			return list, true, nil
		}
		if len(it.Key()) != logKeySeq+8 {
			return nil, false, fmt.Errorf("%w: op log key %x", ErrCorrupt, it.Key())
		}
		o, err := originOf(it.Key()[:logKeySeq])
		if err != nil {
			return nil, false, err
		}
		list = append(list, o)
		if o == ^clock.Origin(0) {
			break
		}
		ok = it.SeekGE(logKey(s, o+1, 0))
	}
	return list, false, it.Error()
}
