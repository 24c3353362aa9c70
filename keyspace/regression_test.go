package keyspace_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestReadAfterTheShardStoppedIsRefused(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Read(context.Background(), command.Get{Key: b("k")}); !errors.Is(err, keyspace.ErrClosed) {
		t.Fatalf("GET on a stopped shard: %v", err)
	}
	if _, err := n.Digest(context.Background()); !errors.Is(err, keyspace.ErrClosed) {
		t.Fatalf("digest of a stopped shard: %v", err)
	}
}

func TestFramesThatWaitAreSettledWhenTheShardStops(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	early := oplog.NewBuilder(0, 77)
	early.Add(1, clock.VersionVector{}, []byte{1, 0, 0})
	early.Frame()
	early.Add(2, clock.VersionVector{}, []byte{1, 0, 0})
	fates := make(chan error, 2)
	if err := n.Merge(context.Background(), early.Frame(), func(err error) { fates <- err }); err != nil {
		t.Fatal(err)
	}
	do(t, n, command.Set{Key: b("k"), Value: b("v")})
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-fates:
		if !errors.Is(err, keyspace.ErrClosed) {
			t.Fatalf("settled with %v", err)
		}
	default:
		t.Fatal("a waiting frame was never settled")
	}
}

func TestEveryRequestIsAnsweredWhateverMomentTheShardStops(t *testing.T) {
	for range 60 {
		n := start(t, vfs.NewMem(), "us")
		var sent, settled atomic.Int64
		done := make(chan struct{})
		for g := range 8 {
			go func() {
				defer func() { done <- struct{}{} }()
				for i := 0; ; i++ {
					f := oplog.NewBuilder(0, clock.Origin(1+g))
					f.Add(1, clock.VersionVector{}, []byte{1, 0, 0})
					if err := n.Merge(context.Background(), f.Frame(), func(error) { settled.Add(1) }); err != nil {
						return
					}
					sent.Add(1)
					if _, err := n.Execute(context.Background(), command.Incr{Key: b("n"), Delta: 1}); err != nil {
						return
					}
				}
			}()
		}
		time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			<-done
		}
		if sent.Load() != settled.Load() {
			t.Fatalf("%d frames accepted, %d settled", sent.Load(), settled.Load())
		}
	}
}

func TestATransactionMayAddMoreThanAnIntegerHoldsIfTheSumFits(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: b("n"), Value: b("-9223372036854775808")})
	r := a.do(t, command.Incr{Key: b("n"), Delta: math.MaxInt64}, command.Incr{Key: b("n"), Delta: math.MaxInt64})
	if r[1].Int != math.MaxInt64-1 {
		t.Fatalf("n = %d", r[1].Int)
	}
	a.commit()
	c.pull(t, a)
	if got := c.look(t, "n"); got.value != "true9223372036854775806" {
		t.Fatalf("a replica shows %v", got)
	}
}

func TestAForgedDuplicateDoesNotPushOutTheTrueFrame(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: b("k"), Value: b("1")})
	a.commit()
	a.do(t, command.Set{Key: b("k"), Value: b("2")})
	a.commit()
	forged := oplog.NewBuilder(0, 1)
	forged.Add(5, clock.VersionVector{}, []byte{1, 0, 0})
	forged.Frame()
	forged.Add(6, clock.VersionVector{}, []byte{1, 0, 0})
	var first, second error
	c.Merge(forged.Frame(), func(err error) { first = err })
	c.Merge(a.frames[1], func(err error) { second = err })
	if err := c.take(t, a.frames[0]); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(first, keyspace.ErrDiverged) || second != nil {
		t.Fatalf("forged frame: %v, true frame: %v", first, second)
	}
	if got := c.look(t, "k"); got.value != "true2" {
		t.Fatalf("shows %v", got)
	}
}

func TestAFrameThatComesAgainWhileItWaitsHoldsTheCreditOfItsLastSender(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	for range 2 {
		a.do(t, command.Incr{Key: b("n"), Delta: 1})
		a.commit()
	}
	var fates [3]int
	for i := range fates {
		c.Merge(a.frames[1], func(err error) {
			if err != nil {
				t.Error(err)
			}
			fates[i]++
		})
	}
	if fates != [3]int{1, 1, 0} || c.Waiting().Frames != 1 {
		t.Fatalf("settled %v, %d wait", fates, c.Waiting().Frames)
	}
	if err := c.take(t, a.frames[0]); err != nil || fates != [3]int{1, 1, 1} {
		t.Fatalf("settled %v (%v)", fates, err)
	}
}

func TestOnlyTheFirstRecordDeclaresTheNode(t *testing.T) {
	c := newRegion(2)
	f := oplog.NewBuilder(0, 1)
	declare := []byte{1, 1, 1, 'r', 1, 'n', 0}
	f.Add(1, clock.VersionVector{}, declare)
	f.Add(2, clock.VersionVector{}, declare)
	if err := c.take(t, f.Frame()); !errors.Is(err, keyspace.ErrMalformed) {
		t.Fatalf("second declaration: %v", err)
	}
	if c.Head(1).Seq != 1 {
		t.Fatalf("applied up to %d", c.Head(1).Seq)
	}
}

func TestAStampCenturiesAheadIsParked(t *testing.T) {
	c := newRegion(2)
	for i, stamp := range []clock.Timestamp{math.MaxUint64, 1 << 63, clock.MakeTimestamp(wallStart.Milliseconds()+1<<44, 0), clock.MakeTimestamp(wallStart.Milliseconds()+18_446_744_073_710, 0)} {
		f := oplog.NewBuilder(0, clock.Origin(10+i))
		f.Add(stamp, clock.VersionVector{}, []byte{1, 0, 0})
		c.Merge(f.Frame(), func(err error) { t.Errorf("frame of %v settled: %v", stamp, err) })
	}
	if w := c.Waiting(); w.Parked != 4 || w.Ahead < time.Hour {
		t.Fatalf("%+v", w)
	}
	if c.hlc.Last() > clock.MakeTimestamp(wallStart.Milliseconds()+1, 0) {
		t.Fatalf("the clock went to %v", c.hlc.Last())
	}
}

func TestNoFrameOfACommitIsTooLargeToTravel(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	for _, size := range []int{3 << 20, 15 << 20, 10, 2 << 20} {
		a.do(t, command.Set{Key: b("k"), Value: make([]byte, size)})
	}
	a.commit()
	for _, f := range a.frames {
		if n := f.EncodedSize(); n > oplog.MaxFrameBytes {
			t.Errorf("frame of %d bytes, the limit is %d", n, oplog.MaxFrameBytes)
		}
	}
	c.pull(t, a)
	if c.Head(1).Seq != 4 || c.Head(1).Hash != a.Head(1).Hash {
		t.Fatalf("merged up to %d", c.Head(1).Seq)
	}
}
