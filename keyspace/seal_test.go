package keyspace_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// writerOf is the node that newRegion(origin) declares.
func writerOf(origin clock.Origin) crdt.Declaration {
	return crdt.Declaration{Region: "r", Node: fmt.Sprint(origin)}
}

// incr writes n increments of a key, a frame each.
func (r *region) incr(t *testing.T, key string, n int) {
	t.Helper()
	for range n {
		r.do(t, command.Incr{Key: b(key), Delta: 1})
		r.commit()
	}
}

// offer merges a frame and tells whether it was settled.
func (r *region) offer(t *testing.T, f *oplog.Frame) (settled bool) {
	t.Helper()
	r.Merge(f, func(err error) {
		if settled = true; err != nil {
			t.Errorf("frame %v:%d: %v", f.Origin, f.First, err)
		}
	})
	r.commit()
	return settled
}

func (r *region) limit(t *testing.T, l keyspace.Limits) {
	t.Helper()
	if err := r.SetLimits(l); err != nil {
		t.Fatal(err)
	}
	r.commit()
}

// again opens the region's memory anew, as after a crash.
func (r *region) again(limits keyspace.Limits) *region {
	out := &region{mem: r.mem, wall: r.wall, hlc: r.hlc, frames: r.frames}
	fresh := clock.Origin(1000 + len(r.frames))
	heads := make([]store.Head, 0, len(r.mem.heads))
	for _, h := range r.mem.heads {
		heads = append(heads, h)
	}
	out.Core = keyspace.NewCore(keyspace.CoreConfig{
		Region: "r", Node: "again", NewOrigin: func() clock.Origin { return fresh }, Limits: limits,
	}, r.mem, heads, r.hlc)
	return out
}

// aside returns what is kept aside and not settled.
func aside(t *testing.T, r *region) []keyspace.Aside {
	t.Helper()
	found, err := keyspace.ListAside(r.mem, 0)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(found, func(a keyspace.Aside) bool { return a.Records == 0 })
}

func TestWhatIsHeldWaitsAndIsThenAppliedUpToTheSeal(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 5)
	for _, f := range a.frames[:2] {
		c.offer(t, f)
	}
	c.limit(t, keyspace.Limits{Held: []crdt.Declaration{writerOf(10)}})
	settled := 0
	for _, f := range a.frames[2:] {
		c.Merge(f, func(err error) { settled++ })
	}
	if c.Head(10).Seq != 2 || settled != 0 || c.Waiting().Held != 1 || c.Waiting().Frames != 3 {
		t.Fatalf("applied %d, settled %d, %+v", c.Head(10).Seq, settled, c.Waiting())
	}
	c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}, Seals: map[clock.Origin]clock.Seq{10: 4}})
	if c.Head(10).Seq != 4 || settled != 3 || c.Waiting().Frames != 0 || c.look(t, "n").value != "true4" {
		t.Fatalf("applied %d, settled %d, %+v, n=%s", c.Head(10).Seq, settled, c.Waiting(), c.look(t, "n").value)
	}
	if got := c.AsideCount(); got != (keyspace.AsideCount{Origins: 1, Records: 1}) {
		t.Errorf("kept aside %+v", got)
	}
}

func TestARemovalThatIsCalledOffLetsEverythingIn(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 3)
	c.limit(t, keyspace.Limits{Held: []crdt.Declaration{writerOf(10)}})
	if c.offer(t, a.frames[0]) {
		t.Fatal("an unknown origin of a held node was applied")
	}
	c.limit(t, keyspace.Limits{})
	if c.Head(10).Seq != 1 || !c.offer(t, a.frames[1]) {
		t.Errorf("applied %d", c.Head(10).Seq)
	}
}

func TestAFrameAcrossTheSealIsCutThere(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	for range 5 {
		a.do(t, command.Incr{Key: b("n"), Delta: 1})
	}
	a.commit() // one frame of five records
	seals := keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 3}}
	c.limit(t, seals)
	if !c.offer(t, a.frames[0]) {
		t.Fatal("not settled")
	}
	if c.Head(10).Seq != 3 || c.look(t, "n").value != "true3" {
		t.Fatalf("applied %d", c.Head(10).Seq)
	}
	found := aside(t, c)
	if len(found) != 1 || found[0].Records != 2 || found[0].Base != 3 || found[0].Last != 5 || found[0].Keys != 1 || found[0].Writer != writerOf(10) {
		t.Fatalf("kept aside %+v", found)
	}
	// It comes again, on a new stream, and after a crash.
	c.offer(t, a.frames[0])
	c = c.again(seals)
	c.offer(t, a.frames[0])
	if got := aside(t, c); len(got) != 1 || got[0] != found[0] || c.Head(10).Seq != 3 {
		t.Errorf("after it came again: %+v", got)
	}
}

func TestNoOriginOfARemovedNodeIsTaken(t *testing.T) {
	a, c, d := newRegion(10), newRegion(20), newRegion(30)
	barred := keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}}
	c.limit(t, barred)
	a.incr(t, "n", 2)
	for _, f := range a.frames {
		c.offer(t, f)
	}
	// Another node's record that depends on it can never be applied either.
	d.pull(t, a)
	d.incr(t, "m", 2)
	if !c.offer(t, d.frames[len(d.frames)-2]) || !c.offer(t, d.frames[len(d.frames)-1]) {
		t.Fatal("a record that depends on what does not count waits for ever")
	}
	if c.Vector().Len() != 0 {
		t.Fatalf("applied %v", c.Vector())
	}
	// The bar holds after a crash, also when the node is added again.
	c = c.again(keyspace.Limits{})
	c.offer(t, a.frames[1])
	a.incr(t, "n", 1)
	c.offer(t, a.frames[len(a.frames)-1])
	found := aside(t, c)
	if c.Vector().Len() != 0 || len(found) != 2 || found[0].Records != 3 || found[1].Records != 2 || found[1].Origin != 30 {
		t.Fatalf("applied %v, kept aside %+v", c.Vector(), found)
	}
}

func TestWhatIsKeptAsideMustHoldTogether(t *testing.T) {
	a, other, c := newRegion(10), newRegion(10), newRegion(20)
	a.incr(t, "n", 3)
	other.incr(t, "else", 3)
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 1}})
	if c.offer(t, a.frames[2]) || c.offer(t, a.frames[1]) {
		t.Fatal("frames beyond the seal were taken before the seal was reached")
	}
	c.offer(t, a.frames[0])
	if c.AsideCount().Records != 2 || c.Waiting().Frames != 0 {
		t.Fatalf("%+v, waiting %+v", c.AsideCount(), c.Waiting())
	}
	d := newRegion(30)
	d.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 1}})
	d.offer(t, a.frames[0])
	if err := d.take(t, other.frames[1]); !errors.Is(err, keyspace.ErrDiverged) {
		t.Errorf("another history beyond the seal: %v", err)
	}
}

// plainCommands translates as a node does, for what these tests write.
func plainCommands(u *crdt.Update) (cmds []keyspace.Command) {
	for _, ch := range u.Changes {
		if ch.Increment != nil {
			d, _ := ch.Increment.Delta.Int64()
			cmds = append(cmds, command.Incr{Key: ch.Key, Delta: d})
		}
		if ch.Assign {
			cmds = append(cmds, command.Set{Key: ch.Key, Value: ch.Value})
		}
	}
	return cmds
}

func TestWhatIsKeptAsideIsReplayedOnce(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 6)
	seals := keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 2}}
	c.limit(t, seals)
	for _, f := range a.frames[:5] {
		c.offer(t, f)
	}
	total := 0
	for more := true; more; {
		n, err := c.Replay(10, plainCommands, false)
		if err != nil {
			t.Fatal(err)
		}
		total += n.Records
		more = n.More
		c.commit()
		c = c.again(seals) // a crash after every step
	}
	if total != 3 || c.look(t, "n").value != "true5" || len(aside(t, c)) != 0 || c.AsideCount().Records != 0 {
		t.Fatalf("replayed %d, n=%s, %+v", total, c.look(t, "n").value, aside(t, c))
	}
	for _, f := range a.frames { // all of it comes again, with one more
		c.offer(t, f)
	}
	n, err := c.Replay(10, plainCommands, false)
	if c.commit(); err != nil || n.Records != 1 || c.look(t, "n").value != "true6" {
		t.Fatalf("%+v %v, n=%s", n, err, c.look(t, "n").value)
	}
	if _, err := c.Replay(99, plainCommands, false); !errors.Is(err, keyspace.ErrNotAside) {
		t.Errorf("unknown origin: %v", err)
	}
}

// TestAReplayThatIsTakenOverIssuesNothingTwice: one member replays two updates of four and is lost; another,
// which has applied those two, goes on with the rest. What comes to be kept aside only then is known too.
func TestAReplayThatIsTakenOverIssuesNothingTwice(t *testing.T) {
	for _, late := range []bool{false, true} {
		a, c, d := newRegion(10), newRegion(20), newRegion(30)
		for range 4 {
			a.incr(t, "n", 1)
			a.commit()
		}
		seals := keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 0}}
		c.limit(t, seals)
		d.limit(t, seals)
		keep := func() {
			for _, f := range a.frames {
				d.offer(t, f)
			}
		}
		for _, f := range a.frames {
			c.offer(t, f)
		}
		if !late {
			keep()
		}
		for range 2 {
			if n, err := c.Replay(10, plainCommands, false); err != nil || n.Records != 1 {
				t.Fatalf("%+v %v", n, err)
			}
			c.commit()
		}
		for _, f := range c.frames {
			d.offer(t, f)
		}
		d.commit()
		d = d.again(seals) // it is stored with the update
		if late {
			keep()
		}
		if found := aside(t, d); len(found) != 1 || found[0].Records != 2 || found[0].Done != 2 {
			t.Fatalf("late %v: left %+v", late, found)
		}
		for more := true; more; {
			n, err := d.Replay(10, plainCommands, false)
			if err != nil {
				t.Fatal(err)
			}
			more = n.More
			d.commit()
		}
		if got := d.look(t, "n").value; got != "true4" {
			t.Errorf("late %v: n=%s", late, got)
		}
	}
}

func TestAReplayStopsAtWhatCannotBeIssued(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.do(t, command.Incr{Key: b("n"), Delta: 1})
	a.do(t, command.Incr{Key: b("word"), Delta: 1})
	a.do(t, command.Incr{Key: b("n"), Delta: 1})
	a.commit()
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 0}})
	c.offer(t, a.frames[0])
	c.do(t, command.Set{Key: b("word"), Value: b("abc")})
	c.commit()
	if _, err := c.Replay(10, plainCommands, false); !errors.Is(err, keyspace.ErrNotInteger) {
		t.Fatalf("got %v", err)
	}
	c.commit()
	if found := aside(t, c); len(found) != 1 || found[0].Records != 2 || found[0].Done != 1 {
		t.Fatalf("left %+v", found)
	}
	n, err := c.Replay(10, plainCommands, true)
	if c.commit(); err != nil || n.Records != 1 || n.Skipped != 1 || c.look(t, "n").value != "true2" || len(aside(t, c)) != 0 {
		t.Errorf("%+v %v, left %+v", n, err, aside(t, c))
	}
}

func TestWhatIsDroppedDoesNotComeBack(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 5)
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 1}})
	for _, f := range a.frames[:3] {
		c.offer(t, f)
	}
	n, err := c.DropAside(10, 4) // somebody else, who has one more, dropped it
	if c.commit(); err != nil || n.Skipped != 2 || n.More || len(aside(t, c)) != 0 {
		t.Fatalf("%+v %v, left %+v", n, err, aside(t, c))
	}
	for _, f := range a.frames {
		c.offer(t, f)
	}
	if found := aside(t, c); len(found) != 1 || found[0].Records != 1 || c.AsideCount().Records != 1 {
		t.Errorf("left %+v", found)
	}
	if c.look(t, "n").value != "true1" {
		t.Errorf("n=%s", c.look(t, "n").value)
	}
}

func TestALaterLowerSealKeepsMoreAside(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 5)
	c.offer(t, a.frames[0])
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 3}})
	if c.offer(t, a.frames[3]) {
		t.Fatal("taken before the seal was reached")
	}
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 1}})
	for _, f := range a.frames[1:] {
		c.offer(t, f)
	}
	if found := aside(t, c); len(found) != 1 || found[0].Records != 4 || c.Head(10).Seq != 1 {
		t.Errorf("%+v, applied %d", found, c.Head(10).Seq)
	}
}

func TestADonorBeyondASealIsRefused(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 3)
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 2}})
	begin := keyspace.TransferBegin{Heads: []store.Head{a.Head(10)}}
	if _, err := c.Transfer(begin); !errors.Is(err, keyspace.ErrSealed) {
		t.Fatalf("got %v", err)
	}
	c.limit(t, keyspace.Limits{Held: []crdt.Declaration{writerOf(10)}})
	if _, err := c.Transfer(begin); !errors.Is(err, keyspace.ErrSealed) {
		t.Fatalf("while it is held: %v", err)
	}
	c.limit(t, keyspace.Limits{})
	if _, err := c.Transfer(begin); err != nil {
		t.Fatal(err)
	}
	c.commit()
	// A transfer that is on its way may end; until then nobody is told how far it comes.
	if err := c.SetLimits(keyspace.Limits{Held: []crdt.Declaration{writerOf(10)}}); !errors.Is(err, keyspace.ErrTransfer) {
		t.Fatalf("limits during a transfer: %v", err)
	}
	for _, step := range []keyspace.TransferStep{keyspace.TransferChunk{}, keyspace.TransferEnd{}} {
		if _, err := c.Transfer(step); err != nil {
			t.Fatal(err)
		}
		c.commit()
	}
	c.limit(t, keyspace.Limits{Held: []crdt.Declaration{writerOf(10)}})
	if c.Head(10).Seq != 3 {
		t.Errorf("head %d", c.Head(10).Seq)
	}
}

// What a transfer that broke off has left of others keeps nobody from telling how far it is: what would make it whole
// may wait for the removal.
func TestWhatATransferLeftOfOthersDoesNotHoldUpARemoval(t *testing.T) {
	for origin, want := range map[clock.Origin]error{10: nil, 11: keyspace.ErrTransfer, 12: keyspace.ErrTransfer} {
		a, c := newRegion(origin), newRegion(20)
		a.incr(t, "n", 3)
		declared := map[clock.Origin]crdt.Declaration{10: writerOf(10), 11: writerOf(11)} // of 12 nothing is known
		for _, step := range []keyspace.TransferStep{
			keyspace.TransferBegin{Heads: []store.Head{a.Head(origin)}, Declared: declared},
			keyspace.TransferChunk{Chunk: keyspace.Chunk{UpTo: []byte{store.SpaceData, 9}}},
			keyspace.TransferBegin{}, // anew, from one that lacks it
			keyspace.TransferChunk{Chunk: keyspace.Chunk{}},
			keyspace.TransferEnd{},
		} {
			if _, err := c.Transfer(step); err != nil {
				t.Fatalf("%T: %v", step, err)
			}
			c.commit()
		}
		if s := c.TransferState(); s.Active || !s.Ahead {
			t.Fatalf("%+v", s)
		}
		if err := c.SetLimits(keyspace.Limits{Held: []crdt.Declaration{writerOf(11)}}); !errors.Is(err, want) {
			t.Errorf("with updates of %v left: %v, want %v", origin, err, want)
		}
	}
}

// A pass that has merged nothing does not outlive the removal of its donor: perhaps nobody else could end it.
func TestAPassFromWhomIsRemovedIsForgotten(t *testing.T) {
	for _, merged := range []bool{false, true} {
		a, c := newRegion(10), newRegion(20)
		steps := []keyspace.TransferStep{keyspace.TransferBegin{}, keyspace.TransferChunk{Chunk: keyspace.Chunk{UpTo: []byte{store.SpaceData, 9}}}}
		if !merged {
			steps = steps[:1]
		}
		for _, step := range steps {
			if _, err := c.Transfer(step); err != nil {
				t.Fatal(err)
			}
		}
		c.commit()
		a.incr(t, "n", 1)
		c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 0}})
		if _, err := c.Transfer(keyspace.TransferBegin{Heads: []store.Head{a.Head(10)}}); !errors.Is(err, keyspace.ErrSealed) {
			t.Fatalf("got %v", err)
		}
		c.commit()
		if c = c.again(keyspace.Limits{}); c.TransferState().Active != merged {
			t.Errorf("merged something %v: %+v", merged, c.TransferState())
		}
	}
}

func TestStateOfARemovedMemberWithoutSealsIsRefused(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 3)
	c.limit(t, keyspace.Limits{Barred: []crdt.Declaration{writerOf(10)}})
	heads := []store.Head{a.Head(10)}
	declared := map[clock.Origin]crdt.Declaration{10: writerOf(10)}
	if _, err := c.Transfer(keyspace.TransferBegin{Heads: heads, Declared: declared}); !errors.Is(err, keyspace.ErrSealed) {
		t.Errorf("transfer: %v", err)
	}
	if err := c.CheckHealer(heads); !errors.Is(err, keyspace.ErrSealed) {
		t.Errorf("healing: %v", err)
	}
	declared[10] = writerOf(11)
	if _, err := c.Transfer(keyspace.TransferBegin{Heads: heads, Declared: declared}); err != nil {
		t.Errorf("state of an active member: %v", err)
	}
}

func TestAPeerBeyondASealHealsNothing(t *testing.T) {
	a, c := newRegion(10), newRegion(20)
	a.incr(t, "n", 3)
	for _, f := range a.frames[:2] {
		c.offer(t, f)
	}
	c.limit(t, keyspace.Limits{Seals: map[clock.Origin]clock.Seq{10: 2}})
	heads := []store.Head{a.Head(10)}
	if err := c.CheckHealer(heads); !errors.Is(err, keyspace.ErrSealed) {
		t.Errorf("before the range is fetched: %v", err)
	}
	if err := c.Healed([]byte{store.SpaceData}, []byte{store.SpaceData + 1}, heads); !errors.Is(err, keyspace.ErrSealed) {
		t.Errorf("when it is put in place: %v", err)
	}
}

func TestWhatWasSettledIsToldAgain(t *testing.T) {
	book := registry.New()
	book.Found("ap/n1", "")
	rm, err := registry.NewRemoval(book, []string{"ap/n1"}, "us/n1", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := rm.Decide(book); err != nil {
		t.Fatal(err)
	}
	kept := []keyspace.Aside{{Origin: 10, Writer: crdt.Declaration{Region: "ap", Node: "n1"}, Base: 2, Done: 5, Last: 7}}
	mark := registry.Mark{Origin: 10, Seq: 5}
	if drop, tell := keyspace.CompareAsides(book, "us/n1", 0, kept); len(drop) != 0 || len(tell) != 1 || tell[0] != (keyspace.Settled{Member: "ap/n1", Mark: mark}) {
		t.Errorf("the one that removed it drops %v, tells %v", drop, tell)
	}
	if drop, tell := keyspace.CompareAsides(book, "eu/n1", 0, kept); len(drop)+len(tell) != 0 {
		t.Errorf("another drops %v, tells %v", drop, tell)
	}
	book.Settle("ap/n1", mark)
	kept[0].Done = 2
	if drop, tell := keyspace.CompareAsides(book, "eu/n1", 0, kept); len(drop) != 1 || drop[0].Mark != mark || len(tell) != 0 {
		t.Errorf("another that is told drops %v, tells %v", drop, tell)
	}
}
