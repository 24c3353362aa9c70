package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store/oplog"
)

// agedLog has two origins; record n of each has the stamp n seconds, in frames of three.
func agedLog(t *testing.T) (*DB, clock.VersionVector) {
	t.Helper()
	db := mustOpen(t, Options{Dir: "/atoll", FS: vfs.NewMem()})
	t.Cleanup(func() { check(t, db.Close()) })
	for _, o := range []clock.Origin{1, 2} {
		b := oplog.NewBuilder(0, o)
		for i := range 30 {
			b.Add(clock.MakeTimestamp(int64(i+1)*1000, 0), clock.VersionVector{}, make([]byte, 100))
			if i%3 == 2 {
				mustApply(t, db, &Commit{Frames: []*oplog.Frame{b.Frame()}})
			}
		}
	}
	return db, clock.VectorOf(clock.Entry{Origin: 1, Seq: 30}, clock.Entry{Origin: 2, Seq: 30})
}

func TestOlderFindsTheFramesFromBefore(t *testing.T) {
	db, all := agedLog(t)
	check(t, db.Log(0).Truncate(clock.VectorOf(clock.Entry{Origin: 2, Seq: 7})))
	for millis, want := range map[int64][2]clock.Seq{
		0: {0, 6}, 1000: {0, 6}, 1001: {3, 6}, 4000: {3, 6}, 4001: {6, 6}, 7001: {9, 9}, 16000: {15, 15}, 28001: {30, 30}, 1e9: {30, 30},
	} {
		got, err := db.Log(0).Older(all, clock.MakeTimestamp(millis, 0))
		check(t, err)
		if got.Get(1) != want[0] || got.Get(2) != want[1] {
			t.Errorf("before %d ms: %v, want %v", millis, got, want)
		}
	}
	// Nothing beyond what may go, and only whole frames.
	got, err := db.Log(0).Older(clock.VectorOf(clock.Entry{Origin: 1, Seq: 11}), clock.MakeTimestamp(1e9, 0))
	check(t, err)
	if got.Get(1) != 9 || got.Get(2) != 0 {
		t.Errorf("%v, want origin 1 up to 9", got)
	}
}

func TestOldestTakesTheOldestOfAllOrigins(t *testing.T) {
	db, all := agedLog(t)
	log := db.Log(0)
	for _, part := range []int64{0, 4, 2, 1} {
		before := log.Bytes()
		bytes := int64(0)
		if part > 0 {
			bytes = before / part
		}
		upTo, err := log.Oldest(bytes, all)
		check(t, err)
		if upTo.Get(1) != upTo.Get(2) {
			t.Errorf("%d bytes: %v, but both origins are of the same age", bytes, upTo)
		}
		check(t, log.Truncate(upTo))
		if gone := before - log.Bytes(); gone < bytes || gone > bytes+before/4 {
			t.Errorf("%d bytes asked for, %d gone", bytes, gone)
		}
	}
}

// TestAHistogramOfManyMoments: a log that reaches over years is remembered in few buckets.
func TestAHistogramOfManyMoments(t *testing.T) {
	h := ageHistogram{sizes: map[int64]int64{}}
	for i := range int64(100_000) {
		h.add(i*1000, 1)
	}
	if len(h.sizes) > ageBuckets {
		t.Errorf("%d buckets", len(h.sizes))
	}
	if at := h.before(50_000) / 1000; at < 50_000 || at > 50_100 {
		t.Errorf("half of it lies before %d s of 100000", at)
	}
}
