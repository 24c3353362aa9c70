package replication_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/replicationtest"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// counting counts the reads that reach the log behind a ring.
type counting struct {
	*replicationtest.Log
	reads int
}

func (c *counting) Next(s store.ShardID, o clock.Origin, after clock.Seq, limit int) ([][]byte, clock.Seq, error) {
	c.reads++
	return c.Log.Next(s, o, after, limit)
}

func written(n int) *counting {
	log := replicationtest.NewLog(0)
	log.Open(7)
	for i := range n {
		log.Write(fmt.Sprintf("%04d", i))
	}
	return &counting{Log: log}
}

// load offers the frames after..end of the log to the ring, as if they were new.
func load(t *testing.T, r *replication.Ring, log *counting, after, end clock.Seq) {
	t.Helper()
	for after < end {
		frames, last, err := log.Log.Next(0, 7, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		f, err := oplog.Decode(frames[0])
		if err != nil {
			t.Fatal(err)
		}
		r.Add(f, frames[0])
		after = last
	}
}

func TestRingServesWhatItHoldsWithoutTheLog(t *testing.T) {
	log := written(10)
	r := replication.NewRing(log, 1<<20)
	load(t, r, log, 4, 10)
	frames, last, err := r.Next(0, 7, 4, 1<<20)
	if err != nil || len(frames) != 6 || last != 10 || log.reads != 0 {
		t.Fatalf("%d frames up to %d, %d reads, %v", len(frames), last, log.reads, err)
	}
	again, _, _ := r.Next(0, 7, 4, 1<<20)
	if &again[0][0] != &frames[0][0] {
		t.Error("frames are not shared")
	}
	if frames, last, _ := r.Next(0, 7, 10, 1<<20); len(frames) != 0 || last != 10 {
		t.Errorf("after the end: %d frames, last %d", len(frames), last)
	}
}

func TestRingFallsBackToTheLogForOlderFrames(t *testing.T) {
	log := written(10)
	r := replication.NewRing(log, 1<<20)
	load(t, r, log, 4, 10)
	if _, last, err := r.Next(0, 7, 3, 1); err != nil || last != 4 || log.reads != 1 {
		t.Fatalf("last %d, %d reads, %v", last, log.reads, err)
	}
	log.Truncate(7, 4)
	var truncated *store.TruncatedError
	if _, _, err := r.Next(0, 7, 0, 1); !errors.As(err, &truncated) || truncated.Start != 4 {
		t.Fatalf("got %v", err)
	}
}

func TestRingStartsOverAfterAGap(t *testing.T) {
	log := written(10)
	r := replication.NewRing(log, 1<<20)
	load(t, r, log, 0, 3)
	load(t, r, log, 5, 10)
	if frames, last, err := r.Next(0, 7, 2, 1<<20); err != nil || last != 10 || len(frames) != 8 || log.reads != 1 {
		t.Fatalf("%d frames up to %d after %d reads, %v", len(frames), last, log.reads, err)
	}
}

func TestRingReadsOnceForAllStreams(t *testing.T) {
	log := written(10)
	r := replication.NewRing(log, 1<<20)
	for range 3 {
		if _, last, err := r.Next(0, 7, 0, 1<<20); err != nil || last != 10 {
			t.Fatal(last, err)
		}
	}
	if log.reads != 1 {
		t.Errorf("%d reads", log.reads)
	}
}

// TestRingEqualsItsLog: whatever was added and evicted, a ring answers as its log does,
// but for how many frames come at once, and stays within its bound.
func TestRingEqualsItsLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		log := written(40)
		limit := rapid.IntRange(1, 2000).Draw(rt, "limit")
		r := replication.NewRing(log, limit)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			after := clock.Seq(rapid.IntRange(0, 40).Draw(rt, "after"))
			if rapid.Bool().Draw(rt, "add") {
				load(t, r, log, after, min(after+5, 40))
			}
			got, last, err := r.Next(0, 7, after, rapid.IntRange(1, 1000).Draw(rt, "max"))
			want, _, _ := log.Log.Next(0, 7, after, 1<<20)
			if err != nil || len(want) > 0 && len(got) == 0 || last != after+clock.Seq(len(got)) {
				rt.Fatalf("after %d: %d frames up to %d, %v", after, len(got), last, err)
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					rt.Fatalf("after %d: frame %d differs", after, i)
				}
			}
			if b := r.Stats().Bytes; b > limit {
				rt.Fatalf("%d bytes, limit %d", b, limit)
			}
		}
	})
}
