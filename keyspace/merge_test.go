package keyspace_test

import (
	"errors"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/oplog"
)

var plain = []byte{1, 0, 0} // an update that changes nothing

func TestAFrameThatComesTwiceCountsOnce(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	for range 3 {
		a.do(t, command.Incr{Key: b("n"), Delta: 5})
		a.commit()
	}
	for range 2 {
		c.pull(t, a)
	}
	if got := c.look(t, "n").value; got != "true15" || !c.Idle() {
		t.Fatalf("n = %s", got)
	}
}

func TestAFrameThatOverlapsIsAppliedFromWhereTheShardIs(t *testing.T) {
	origin := oplog.NewBuilder(0, 1)
	whole := oplog.NewBuilder(0, 1)
	for i := range 5 {
		if whole.Add(clock.Timestamp(i+1), clock.VersionVector{}, plain); i < 2 {
			origin.Add(clock.Timestamp(i+1), clock.VersionVector{}, plain)
		}
	}
	c := newRegion(2)
	if err := c.take(t, origin.Frame()); err != nil {
		t.Fatal(err)
	}
	f := whole.Frame()
	if err := c.take(t, f); err != nil || c.Head(1).Seq != 5 || c.Head(1).Hash != f.Hash {
		t.Fatalf("%+v %v", c.Head(1), err)
	}
	commit := c.Seal()
	if len(commit.Frames) != 2 || commit.Frames[1].First != 3 || commit.Frames[1].Last() != 5 {
		t.Fatalf("logged %d…%d", commit.Frames[1].First, commit.Frames[1].Last())
	}
}

func TestFramesInAnyOrderWaitForTheirTurn(t *testing.T) {
	a, mid, c := newRegion(1), newRegion(2), newRegion(3)
	a.do(t, command.Incr{Key: b("n"), Delta: 1})
	a.commit()
	mid.pull(t, a)
	mid.do(t, command.Incr{Key: b("n"), Delta: 10})
	mid.commit()
	a.do(t, command.Incr{Key: b("n"), Delta: 100})
	a.commit()
	var order []string
	merge := func(name string, f *oplog.Frame) {
		c.Merge(f, func(err error) { order = append(order, name) })
	}
	merge("gap", a.frames[1])
	merge("context", mid.frames[1])
	if len(order) > 0 || c.Waiting().Frames != 2 || c.Waiting().Bytes == 0 {
		t.Fatalf("%v, waiting %+v", order, c.Waiting())
	}
	merge("first", a.frames[0])
	if len(order) != 3 || order[0] != "first" || c.Waiting().Frames != 0 {
		t.Fatalf("%v, waiting %+v", order, c.Waiting())
	}
	if got := c.look(t, "n").value; got != "true111" {
		t.Fatalf("n = %s", got)
	}
}

func TestAFutureStampIsParkedAndThenApplied(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: b("k"), Value: b("in time")})
	a.wall.at += 600 * time.Millisecond
	a.do(t, command.Set{Key: b("k"), Value: b("early")})
	a.commit()
	settled := 0
	c.Merge(a.frames[0], func(err error) { settled++ })
	if got := c.look(t, "k").value; got != "truein time" || settled != 0 {
		t.Fatalf("shows %s", got)
	}
	if w := c.Waiting(); w.Parked != 1 || w.Ahead != 600*time.Millisecond {
		t.Fatalf("%+v", w)
	}
	c.wall.at += 100 * time.Millisecond
	if err := c.Tick(); err != nil {
		t.Fatal(err)
	}
	if got := c.look(t, "k").value; got != "trueearly" || settled != 1 || c.Waiting().Frames != 0 {
		t.Fatalf("shows %s, settled %d", got, settled)
	}
	c.do(t, command.Set{Key: b("k"), Value: b("after")})
	if h, early := c.Head(2), c.Head(1); h.Time <= early.Time {
		t.Fatalf("a write that saw %v is stamped %v", early.Time, h.Time)
	}
}

func TestARecordOfANewerVersionIsKeptAndHoldsBackWhatFollows(t *testing.T) {
	newer := oplog.NewBuilder(0, 1)
	newer.Add(1, clock.VersionVector{}, plain)
	newer.Add(2, clock.VersionVector{}, []byte{2, 0, 0})
	newer.Add(3, clock.VersionVector{}, plain)
	f := newer.Frame()
	c := newRegion(2)
	c.Merge(f, func(err error) { t.Errorf("settled: %v", err) })
	after := oplog.NewBuilder(0, 9)
	after.Add(4, clock.VectorOf(clock.Entry{Origin: 1, Seq: 3}), plain)
	c.Merge(after.Frame(), func(err error) { t.Errorf("settled: %v", err) })
	if err := c.Tick(); err != nil {
		t.Fatal(err)
	}
	if w := c.Waiting(); c.Head(1).Seq != 1 || w.Unknown != 1 || w.Frames != 2 {
		t.Fatalf("applied %d, %+v", c.Head(1).Seq, w)
	}
	c.do(t, command.Set{Key: b("k"), Value: b("v")}) // others go on
}

func TestFramesThatNobodyCanHaveWrittenAreRefused(t *testing.T) {
	one := func(dep clock.VersionVector, body ...byte) *oplog.Frame {
		f := oplog.NewBuilder(0, 1)
		f.Add(1, dep, body)
		return f.Frame()
	}
	floor := func(origin, seq byte) []byte {
		return []byte{1, 0, 1, 1, 'k', 1, 1, 0, 0, 0, 0, 0, 0, 0, origin, seq, 0}
	}
	for name, c := range map[string]struct {
		frame *oplog.Frame
		want  error
	}{
		"a body that does not decode":           {one(clock.VersionVector{}, 1, 0, 9), keyspace.ErrMalformed},
		"a counter's life that begins later":    {one(clock.VersionVector{}, 1, 0, 1, 1, 'k', 4, 2, 0, 0), keyspace.ErrMalformed},
		"a reset of its own future":             {one(clock.VersionVector{}, floor(1, 1)...), keyspace.ErrMalformed},
		"an update whose keys do not ascend":    {one(clock.VersionVector{}, 1, 0, 2, 1, 'k', 0, 1, 'k', 0), keyspace.ErrMalformed},
		"a reset of something that it has seen": {one(clock.VersionVector{}, floor(5, 1)...), nil},
		"an update of the node itself, unwritten": {func() *oplog.Frame {
			f := oplog.NewBuilder(0, 2)
			f.Add(1, clock.VersionVector{}, plain)
			f.Add(2, clock.VersionVector{}, plain)
			return f.Frame()
		}(), keyspace.ErrDiverged},
	} {
		r := newRegion(2)
		r.do(t, command.Set{Key: b("mine"), Value: b("v")})
		r.commit()
		before := r.digest(t)
		if err := r.take(t, c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if c.want != nil && (!r.Idle() || r.digest(t).Sum != before.Sum) {
			t.Errorf("%s changed the state", name)
		}
	}
}

func TestAnotherHistoryOfKnownRecordsIsRefused(t *testing.T) {
	frame := func(bodies ...string) *oplog.Frame {
		f := oplog.NewBuilder(0, 1)
		for i, body := range bodies {
			f.Add(clock.Timestamp(i+1), clock.VersionVector{}, append([]byte{1, 0, 1, 1, 'k', 2, 1}, body...))
		}
		return f.Frame()
	}
	c := newRegion(2)
	if err := c.take(t, frame("a", "b")); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*oplog.Frame{
		"the same length": frame("a", "c"),
		"one more record": frame("a", "c", "d"),
	} {
		if err := c.take(t, f); !errors.Is(err, keyspace.ErrDiverged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := c.look(t, "k").value; got != "trueb" {
		t.Fatalf("shows %s", got)
	}
}

func TestAStoreThatCannotBeReadStopsTheCore(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: b("k"), Value: b("v")})
	a.commit()
	c.mem.fail = errors.New("disk on fire")
	if err := c.take(t, a.frames[0]); !errors.Is(err, c.mem.fail) {
		t.Fatal(err)
	}
	if !errors.Is(c.Failed(), c.mem.fail) || !errors.Is(c.Tick(), c.mem.fail) {
		t.Fatalf("goes on after %v", c.Failed())
	}
	c.mem.fail = nil
	if err := c.take(t, a.frames[0]); err == nil {
		t.Fatal("merged after a failure that left half a batch")
	}
	if _, _, err := c.Execute([]keyspace.Command{command.Get{Key: b("k")}}); err == nil {
		t.Fatal("executed after a failure that left half a batch")
	}
}

func TestACommandThatCannotReadLeavesTheCoreAlive(t *testing.T) {
	c := newRegion(2)
	c.mem.fail = errors.New("disk on fire")
	for name, cmd := range command.All() {
		if name == "SET" || name == "SCAN" || name == "RANDOMKEY" || name == "DBSIZE" {
			continue // those that work in reads only
		}
		key := [][]byte{b("k")}
		switch cmd.(type) {
		case command.Delete:
			cmd = command.Delete{List: key}
		case command.Exists:
			cmd = command.Exists{List: key}
		case command.MGet:
			cmd = command.MGet{List: key}
		case command.MSet:
			cmd = command.MSet{List: key, Values: key, Absent: true}
		case command.Types:
			cmd = command.Types{List: key}
		case command.SCombine:
			cmd = command.SCombine{List: key}
		case command.SCombineStore:
			cmd = command.SCombineStore{Into: key[0], List: key}
		case command.ZCombine:
			cmd = command.ZCombine{List: key}
		case command.ZCombineStore:
			cmd = command.ZCombineStore{Into: key[0], ZCombine: command.ZCombine{List: key}}
		case command.ZInterCard:
			cmd = command.ZInterCard{List: key}
		case command.ZPop:
			cmd = command.ZPop{List: key}
		case command.PFCount:
			cmd = command.PFCount{List: key}
		case command.LMPop:
			cmd = command.LMPop{Lists: key}
		case command.XRead:
			cmd = command.XRead{Streams: []command.ReadFrom{{Key: key[0]}}}
		case command.SInterCard:
			cmd = command.SInterCard{List: key}
		case command.BitOp:
			cmd = command.BitOp{Into: key[0], List: key}
		case command.Multi:
			cmd = command.Multi{Commands: []keyspace.Command{command.Get{Key: key[0]}}}
		}
		if _, _, err := c.Execute([]keyspace.Command{cmd}); !errors.Is(err, c.mem.fail) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Failed() != nil || !c.Idle() {
		t.Fatal("a failed command changed the batch")
	}
}

func TestATransactionAboveTheLimitIsRefusedWhole(t *testing.T) {
	c := newRegion(2)
	big := make([]byte, 9<<20)
	_, _, err := c.Execute([]keyspace.Command{command.Set{Key: b("a"), Value: big}, command.Set{Key: b("b"), Value: big}})
	var large *keyspace.TooLargeError
	if !errors.As(err, &large) || large.Size <= large.Limit || large.Error() == "" {
		t.Fatal(err)
	}
	if !c.Idle() || c.look(t, "a").exists != 0 {
		t.Fatal("a part of it was kept")
	}
	c.do(t, command.Set{Key: b("a"), Value: b("v")})
	if c.Head(2).Seq != 1 {
		t.Fatalf("sequence %d: a gap", c.Head(2).Seq)
	}
}
