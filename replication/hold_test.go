package replication_test

import (
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/replicationtest"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// fed is a sink that was sent one frame of origin 2 by its owner, and has settled it.
func fed(t *testing.T, hold *bool) (s *replication.Sink, here *replicationtest.Log, size int64) {
	t.Helper()
	here, there := replicationtest.NewLog(0), replicationtest.NewLog(0)
	there.Open(2)
	there.Write("x", "y", "z")
	s = replication.NewSink(replication.SinkConfig{
		Local: replication.Identity{Cluster: "c", Node: "us/n1"}, Shards: []store.ShardID{0}, Log: here, Own: here.Own,
		Window: 1000, Hold: func() bool { return *hold },
	})
	s.Tick(replication.Now{})
	s.Next() // hello
	frames, _, err := there.Next(0, 2, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []replication.Message{
		&replication.Welcome{Identity: replication.Identity{Cluster: "c", Node: "eu/n1"}, Protocol: 1},
		&replication.Heartbeat{Number: 1, Heads: []replication.ShardHeads{{Heads: []replication.PeerHead{{Origin: 2, Seq: 3, Own: true}}}}},
		&replication.Missing{Origin: 2, LogStart: 3},
	} {
		if _, err := s.Recv(m); err != nil {
			t.Fatal(err)
		}
	}
	s.Next() // echo
	applies, err := s.Recv(&replication.Frames{Frames: frames})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(applies[0], nil); err != nil {
		t.Fatal(err)
	}
	return s, here, applies[0].Bytes
}

// TestASinkThatHoldsKeepsItsCredit: and returns all of it later, once.
func TestASinkThatHoldsKeepsItsCredit(t *testing.T) {
	hold := true
	s, _, size := fed(t, &hold)
	s.Tick(replication.Now{Elapsed: time.Second})
	if m := s.Next(); m != nil {
		t.Fatalf("while it holds: %+v", m)
	}
	hold = false
	s.Tick(replication.Now{Elapsed: 2 * time.Second})
	if m, ok := s.Next().(*replication.Ack); !ok || m.Credit != size {
		t.Fatalf("afterwards: %+v, want credit %d", m, size)
	}
	s.Tick(replication.Now{Elapsed: 3 * time.Second})
	if m := s.Next(); m != nil {
		t.Fatalf("the credit came twice: %+v", m)
	}
}

// TestWhatStateBroughtIsNotMissing: the mark goes when the vector has passed the gap,
// though no frame came; up to the record before the log's start is enough.
func TestWhatStateBroughtIsNotMissing(t *testing.T) {
	hold := false
	s, here, _ := fed(t, &hold)
	if _, err := s.Recv(&replication.Missing{Origin: 2, LogStart: 3}); err != nil {
		t.Fatal(err)
	}
	there := replicationtest.NewLog(0)
	there.Open(2)
	for i, want := range []clock.Seq{3, 0} {
		there.Write("x")
		frames, _, err := there.Next(0, 2, clock.Seq(i), 1000)
		if err != nil {
			t.Fatal(err)
		}
		merge(t, here, frames[0])
		s.Tick(replication.Now{Elapsed: time.Duration(i+1) * time.Second})
		s.Next() // ack
		if got := s.Missing(0, 2); got != want {
			t.Errorf("with %d records here: log starts at %d, want %d", i+1, got, want)
		}
	}
}

func merge(t *testing.T, into *replicationtest.Log, frame []byte) {
	t.Helper()
	f, err := oplog.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	if err := into.Merge(t.Context(), 0, f, func(error) {}); err != nil {
		t.Fatal(err)
	}
}
