package transfer

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

var (
	us = replication.Identity{Cluster: "c", Node: "us/n1", Region: "us", Address: "us:1"}
	eu = replication.Identity{Cluster: "c", Node: "eu/n1", Region: "eu", Address: "eu:1"}
)

func newDonor() *Donor {
	return NewDonor(DonorConfig{Local: us, Shards: []store.ShardID{0}, ChunkBytes: 64})
}

func newReceiver(to *toy) *Receiver {
	r := NewReceiver(ReceiverConfig{
		Local: eu, Heads: to.headList, MaxOffset: 500 * time.Millisecond, Resumes: to.Position(0).Active,
	})
	r.Tick(replication.Now{WallMillis: 1000})
	return r
}

// stream carries messages between two machines until neither has any, or after so many
// were delivered.
type stream struct {
	donor    *Donor
	receiver *Receiver
	to       *toy
	late     []Step // came and are not applied yet
	most     int    // chunks out at a time, at most
}

// play moves one message, or applies one step; it reports whether there was any.
func (s *stream) play(t *rapid.T) (moved bool) {
	if m := s.receiver.Next(); m != nil {
		if err := s.donor.Recv(m); err != nil {
			t.Fatalf("donor: %T: %v", m, err)
		}
		return true
	}
	m, err := s.donor.Next()
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		step, err := s.receiver.Recv(m)
		if err != nil {
			t.Fatalf("receiver: %T: %v", m, err)
		}
		if step != nil {
			s.late = append(s.late, step)
		}
		s.most = max(s.most, len(s.late))
		return true
	}
	if len(s.late) == 0 {
		return false
	}
	step := s.late[0]
	s.late = s.late[1:]
	if err := s.to.Apply(t.Context(), 0, step); err != nil {
		t.Fatalf("apply %T: %v", step, err)
	}
	if _, ok := step.(*Begin); ok {
		s.receiver.Begun(s.to.Position(0).UpTo)
	} else {
		s.receiver.Settled(step)
	}
	return true
}

// TestATransferEndsWhateverBreaks breaks the stream after any message, with steps applied
// or lost, and goes on: nothing comes twice, nothing is skipped.
func TestATransferEndsWhateverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := toyWith(rapid.IntRange(1, 200).Draw(t, "cells"), rapid.IntRange(1, 40).Draw(t, "bytes")), &toy{}
		for round := 0; ; round++ {
			s := &stream{donor: newDonor(), receiver: newReceiver(to), to: to}
			left := -1
			if round < 5 {
				left = rapid.IntRange(0, 60).Draw(t, "messages until it breaks")
			}
			snap, _ := from.Snapshot(t.Context(), 0)
			for ; left != 0; left-- {
				if !s.play(t) {
					break
				}
				if _, wants := s.donor.Wants(); wants {
					if err := s.donor.Open(snap); err != nil {
						t.Fatal(err)
					}
				}
			}
			if s.most > Window+1 {
				t.Fatalf("%d steps wait at the receiver", s.most)
			}
			if p := to.Position(0); p.Active && p.Done >= 1 { // Plan decides Finish
				if err := to.Apply(t.Context(), 0, &End{}); err != nil {
					t.Fatal(err)
				}
			}
			if !to.Position(0).Active && len(to.heads) > 0 {
				break
			}
			if left < 0 {
				t.Fatalf("nothing moves: donor %+v, receiver %+v", s.donor.Counts(), s.receiver.Counts())
			}
		}
		if !to.equal(from) {
			t.Fatalf("%d cells of %d", len(to.cells), len(from.cells))
		}
	})
}

// begun returns a receiver that was offered the state of a donor.
func begun(t *testing.T) *Receiver {
	t.Helper()
	r := newReceiver(&toy{})
	r.Next()
	for _, m := range []Message{&Welcome{us, 1}, &Begin{Heads: toyWith(3, 1).heads}} {
		if _, err := r.Recv(m); err != nil {
			t.Fatal(err)
		}
	}
	r.Begun(nil)
	r.Next()
	return r
}

func part(c *Chunk) *Part { return &Part{Data: c.Append(nil), Last: true} }

func TestReceiverRefuses(t *testing.T) {
	head := func(o, dep clock.Origin, at clock.Timestamp) store.Head {
		h := store.Head{Origin: o, Seq: 5, Time: at, Hash: 1}
		if dep != 0 {
			h.Dep = clock.VectorOf(clock.Entry{Origin: dep, Seq: 1})
		}
		return h
	}
	welcomed := func(t *testing.T) *Receiver {
		r := newReceiver(&toy{heads: []store.Head{{Origin: 9, Seq: 5, Hash: 2, Time: 1}}})
		r.Next()
		if _, err := r.Recv(&Welcome{us, 1}); err != nil {
			t.Fatal(err)
		}
		return r
	}
	greeted := func(*testing.T) *Receiver {
		r := newReceiver(&toy{})
		r.Next()
		return r
	}
	other := us
	other.Cluster = "d"
	for _, c := range []struct {
		name  string
		at    func(*testing.T) *Receiver
		given Message
		want  error
	}{
		{"another cluster", greeted, &Welcome{other, 1}, replication.ErrWrongCluster},
		{"itself", greeted, &Welcome{eu, 1}, replication.ErrSelf},
		{"an unknown protocol", greeted, &Welcome{us, 3}, replication.ErrNoProtocol},
		{"state before the welcome", greeted, &Begin{}, replication.ErrUnexpected},
		{"heads out of order", welcomed, &Begin{Heads: []store.Head{head(2, 0, 1), head(1, 0, 1)}}, replication.ErrMalformed},
		{"a context that the snapshot lacks", welcomed, &Begin{Heads: []store.Head{head(1, 3, 1)}}, replication.ErrMalformed},
		{"a stamp from the future", welcomed, &Begin{Heads: []store.Head{head(1, 0, 1501<<16)}}, ErrFuture},
		{"another history", welcomed, &Begin{Heads: []store.Head{head(9, 0, 1)}}, replication.ErrDiverged},
		{"nothing new", welcomed, &Begin{}, ErrNothing},
		{"cells before they were asked for", welcomed, part(&Chunk{}), replication.ErrUnexpected},
		{"an end before the last chunk", begun, &End{}, replication.ErrUnexpected},
		{"a chunk that skips a range", begun, part(&Chunk{After: []byte("b"), UpTo: []byte("c")}), replication.ErrMalformed},
		{"an empty part", begun, &Part{}, replication.ErrMalformed},
		{"a part that is too large", begun, &Part{Data: make([]byte, PartBytes+1)}, replication.ErrMalformed},
		{"damage", begun, &Part{Data: make([]byte, 40), Last: true}, replication.ErrMalformed},
		{"a message of a receiver", begun, &More{}, replication.ErrUnexpected},
	} {
		step, err := c.at(t).Recv(c.given)
		if !errors.Is(err, c.want) || step != nil {
			t.Errorf("%s: step %v, error %v, want %v", c.name, step, err, c.want)
		}
	}
	if _, err := welcomed(t).Recv(&Begin{Heads: []store.Head{head(1, 0, 1500<<16)}}); err != nil {
		t.Errorf("a stamp just inside max_offset: %v", err)
	}
}

// TestReceiverTakesNoMoreThanItAskedFor: a donor that ignores credit is cut off, however
// small its chunks.
func TestReceiverTakesNoMoreThanItAskedFor(t *testing.T) {
	r := begun(t)
	var after []byte
	for i := range Window {
		upTo := []byte{byte(i + 1)}
		if _, err := r.Recv(part(&Chunk{After: after, UpTo: upTo})); err != nil {
			t.Fatalf("chunk %d: %v", i, err)
		}
		after = upTo
	}
	if _, err := r.Recv(part(&Chunk{After: after, UpTo: []byte{99}})); !errors.Is(err, replication.ErrCredit) {
		t.Errorf("chunk beyond the window: %v", err)
	}
}

// TestReceiverBoundsOneChunk: parts that never end a chunk do not fill the memory.
func TestReceiverBoundsOneChunk(t *testing.T) {
	r := begun(t)
	r.partial = make([]byte, CellBytesMax+ChunkBytesMax-PartBytes, CellBytesMax+ChunkBytesMax)
	r.parts = 1
	if _, err := r.Recv(&Part{Data: make([]byte, PartBytes)}); err != nil {
		t.Errorf("up to the bound: %v", err)
	}
	if _, err := r.Recv(&Part{Data: []byte{1}}); !errors.Is(err, replication.ErrMalformed) {
		t.Errorf("beyond the bound: %v", err)
	}
}

func TestDonorRefuses(t *testing.T) {
	hello := func(id replication.Identity) *Hello { return &Hello{Identity: id, ProtocolMin: 1, ProtocolMax: 1} }
	other := eu
	other.Cluster = "d"
	for _, c := range []struct {
		name   string
		before []Message
		given  Message
		want   error
	}{
		{"another cluster", nil, hello(other), replication.ErrWrongCluster},
		{"itself", nil, hello(us), replication.ErrSelf},
		{"a later protocol", nil, &Hello{Identity: eu, ProtocolMin: 3, ProtocolMax: 4}, replication.ErrNoProtocol},
		{"an unknown shard", nil, &Hello{Identity: eu, ProtocolMin: 1, ProtocolMax: 1, Shard: 7}, replication.ErrMalformed},
		{"a second hello", []Message{hello(eu)}, hello(eu), replication.ErrUnexpected},
		{"credit before the hello", nil, &More{Chunks: 1}, replication.ErrUnexpected},
		{"no credit", []Message{hello(eu)}, &More{}, replication.ErrMalformed},
		{"too much credit", []Message{hello(eu), &More{Chunks: 1}}, &More{Chunks: maxCredit}, replication.ErrMalformed},
	} {
		d := newDonor()
		for _, m := range append(c.before, c.given) {
			err := d.Recv(m)
			if _, wants := d.Wants(); wants {
				snap, _ := toyWith(3, 1).Snapshot(t.Context(), 0)
				if err := d.Open(snap); err != nil {
					t.Fatal(err)
				}
			}
			if m == c.given && !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
	}
}
