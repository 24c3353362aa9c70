package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

const origin = clock.Origin(0xa1)

// logOf returns a store whose log has frames 1-3, 4-6, 7-9 of origin.
func logOf(t *testing.T) (*DB, []*oplog.Frame) {
	t.Helper()
	db := mustOpen(t, Options{Dir: "/atoll", FS: vfs.NewMem()})
	t.Cleanup(func() { check(t, db.Close()) })
	b := oplog.NewBuilder(0, origin)
	var frames []*oplog.Frame
	for i := range 9 {
		b.Add(1, clock.VersionVector{}, fmt.Append(nil, i))
		if i%3 == 2 {
			frames = append(frames, b.Frame())
		}
	}
	mustApply(t, db, &Commit{Frames: frames})
	return db, frames
}

// first returns the first sequence of the frame that follows after.
func first(t *testing.T, db *DB, v View, after clock.Seq) (clock.Seq, error) {
	t.Helper()
	b, err := db.Log(0).Next(v, origin, after)
	if b == nil {
		return 0, err
	}
	f, err := oplog.Decode(b)
	check(t, err)
	return f.First, err
}

func TestNextFindsTheFrameWithTheRecord(t *testing.T) {
	db, _ := logOf(t)
	v := db.View()
	defer v.Close()
	for after, want := range []clock.Seq{1, 1, 1, 4, 4, 4, 7, 7, 7, 0, 0} {
		if got, err := first(t, db, v, clock.Seq(after)); got != want || err != nil {
			t.Errorf("after %d: frame of %d, want %d, %v", after, got, want, err)
		}
	}
	for _, o := range []clock.Origin{origin - 1, origin + 1} {
		if b, err := db.Log(0).Next(v, o, 0); b != nil || err != nil {
			t.Errorf("origin %v: %x, %v", o, b, err)
		}
	}
}

func TestNextServesOnlyWhatTheViewHas(t *testing.T) {
	db := mustOpen(t, Options{Dir: "/atoll", FS: vfs.NewMem()})
	defer db.Close()
	v := db.View()
	defer v.Close()
	b := oplog.NewBuilder(0, origin)
	b.Add(1, clock.VersionVector{}, nil)
	mustApply(t, db, &Commit{Frames: []*oplog.Frame{b.Frame()}})
	if got, err := first(t, db, v, 0); got != 0 || err != nil {
		t.Errorf("an older view served frame %d, %v", got, err)
	}
}

func TestTruncateKeepsWholeFramesAndRemembersTheStart(t *testing.T) {
	db, frames := logOf(t)
	l := db.Log(0)
	before := db.View()
	defer before.Close()
	left := func() (size int64) {
		start, err := l.Start(origin)
		check(t, err)
		for _, f := range frames {
			if f.First >= start {
				size += int64(f.EncodedSize())
			}
		}
		return size
	}
	for _, step := range []struct{ upTo, start clock.Seq }{{2, 1}, {5, 4}, {3, 4}, {6, 7}, {99, 10}, {99, 10}} {
		check(t, l.Truncate(clock.VectorOf(clock.Entry{Origin: origin, Seq: step.upTo})))
		start, err := l.Start(origin)
		if start != step.start || err != nil {
			t.Fatalf("up to %d: starts at %d, want %d, %v", step.upTo, start, step.start, err)
		}
		if l.Bytes() != left() {
			t.Errorf("up to %d: %d bytes, want %d", step.upTo, l.Bytes(), left())
		}
		v := db.View()
		_, err = l.Next(v, origin, max(start, 2)-2) // the record before the start, if any
		var truncated *TruncatedError
		if start > 1 && (!errors.As(err, &truncated) || truncated.Start != start || truncated.Origin != origin) {
			t.Errorf("up to %d: %v", step.upTo, err)
		}
		if got, err := first(t, db, v, start-1); err != nil || start < 10 && got != start || start == 10 && got != 0 {
			t.Errorf("up to %d: next is %d, %v", step.upTo, got, err)
		}
		check(t, v.Close())
	}
	if got, err := first(t, db, before, 0); got != 1 || err != nil {
		t.Errorf("a view from before the truncation: %d, %v", got, err)
	}
}

func TestALogWithAGapOrAnotherFrameIsDamaged(t *testing.T) {
	db, frames := logOf(t)
	mustApply(t, db, &Commit{Cells: []Cell{
		{Key: logKey(0, origin, 6)}, // deletes the second frame
		{Key: logKey(0, 0xb2, 3), Value: frames[0].Append(nil)},
		{Key: logKey(0, 0xc3, 3), Value: []byte("not a frame")},
	}})
	v := db.View()
	defer v.Close()
	for _, c := range []struct {
		o     clock.Origin
		after clock.Seq
	}{{origin, 3}, {0xb2, 0}, {0xc3, 0}} {
		if b, err := db.Log(0).Next(v, c.o, c.after); b != nil || !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v after %d: %x, %v", c.o, c.after, b, err)
		}
	}
}

func TestASkipLetsTheLogBeginAnew(t *testing.T) {
	db, _ := logOf(t)
	b := oplog.ResumeBuilder(0, origin, 20, clock.VersionVector{}, 0)
	b.Add(1, clock.VersionVector{}, []byte("after"))
	next := b.Frame()
	mustApply(t, db, &Commit{Skips: []Skip{{origin, 21}}, Frames: []*oplog.Frame{next}})
	if got, want := db.Log(0).Bytes(), int64(next.EncodedSize()); got != want {
		t.Errorf("the log has %d bytes, want %d", got, want)
	}
	v := db.View()
	defer v.Close()
	var gone *TruncatedError
	if _, err := first(t, db, v, 3); !errors.As(err, &gone) || gone.Start != 21 {
		t.Errorf("after 3: %v, want a log that starts at 21", err)
	}
	if got, err := first(t, db, v, 20); got != 21 || err != nil {
		t.Errorf("after 20: frame of %d, %v", got, err)
	}
}

func TestHeadsTravelAsTheyAreKept(t *testing.T) {
	heads := []Head{
		{Origin: 1, Seq: 2, Hash: 3, Time: 4},
		{Origin: 5, Seq: 6, Dep: clock.VectorOf(clock.Entry{Origin: 1, Seq: 2})},
	}
	b := AppendHeads(nil, heads)
	got, rest, err := DecodeHeads(append(b, 7))
	if err != nil || len(rest) != 1 || len(got) != 2 || !got[1].Dep.Equal(heads[1].Dep) || got[0].Hash != 3 {
		t.Fatalf("%v, %d bytes left, %v", got, len(rest), err)
	}
	for i := range b {
		if _, _, err := DecodeHeads(b[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d of %d bytes: %v", i, len(b), err)
		}
	}
}
