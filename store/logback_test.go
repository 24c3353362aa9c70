package store

import (
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

func TestTheLogIsReadBackwards(t *testing.T) {
	db, _ := logOf(t)
	v := db.View()
	defer v.Close()
	var firsts []clock.Seq
	for seq := ^clock.Seq(0); ; {
		f, err := FrameBefore(v, 0, origin, seq)
		check(t, err)
		if f == nil {
			break
		}
		firsts = append(firsts, f.First)
		seq = f.First
	}
	if !slices.Equal(firsts, []clock.Seq{7, 4, 1}) {
		t.Errorf("frames begin at %v", firsts)
	}
	for _, o := range []clock.Origin{origin - 1, origin + 1} {
		if f, err := FrameBefore(v, 0, o, ^clock.Seq(0)); f != nil || err != nil {
			t.Errorf("of %v: %v, %v", o, f, err)
		}
	}
	if f, err := FirstFrame(v, 0, origin); err != nil || f.First != 1 {
		t.Errorf("the first begins at %v, %v", f, err)
	}
	if f, err := FirstFrame(v, 1, origin); f != nil || err != nil {
		t.Errorf("of another shard: %v, %v", f, err)
	}
}

func TestOriginsOfTheLog(t *testing.T) {
	db, _ := logOf(t)
	for _, o := range []clock.Origin{3, ^clock.Origin(0)} {
		b := oplog.NewBuilder(0, o)
		b.Add(1, clock.VersionVector{}, []byte("x"))
		mustApply(t, db, &Commit{Frames: []*oplog.Frame{b.Frame()}})
	}
	list, more, err := LogOrigins(db, 0, 10)
	if want := []clock.Origin{3, origin, ^clock.Origin(0)}; err != nil || more || !slices.Equal(list, want) {
		t.Errorf("origins %v, more %v, %v; want %v", list, more, err, want)
	}
	if list, more, err := LogOrigins(db, 0, 2); err != nil || !more || len(list) != 2 {
		t.Errorf("of two: %v, more %v, %v", list, more, err)
	}
	if list, more, err := LogOrigins(db, 1, 2); err != nil || more || list != nil {
		t.Errorf("of another shard: %v, more %v, %v", list, more, err)
	}
}
