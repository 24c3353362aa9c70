package keyspace_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// sum is an increment that is tried with an id, and how its counter is read.
type sum struct {
	do   command.Counting
	del  keyspace.Command
	read func(keyspace.Reply) string
	look keyspace.Command
	want string // after it alone
	two  string // after it and another one of another id
}

func countedKinds() map[string]sum {
	key := b("k")
	text := func(r keyspace.Reply) string { return string(r.Value) }
	score := func(r keyspace.Reply) string {
		if !r.Replies[0].Found {
			return ""
		}
		return fmt.Sprint(r.Replies[0].Score)
	}
	half, _, _ := crdt.ParseNumber(b("2.5"))
	field := command.HGet{Key: key, Field: b("f")}
	return map[string]sum{
		"INCRBY":       {command.Incr{Key: key, Delta: 5}, command.Delete{List: [][]byte{key}}, text, command.Get{Key: key}, "5", "10"},
		"INCRBYFLOAT":  {command.IncrFloat{Key: key, Delta: half}, command.Delete{List: [][]byte{key}}, text, command.Get{Key: key}, "2.5", "5"},
		"HINCRBY":      {command.HIncr{Key: key, Field: b("f"), Delta: -3}, command.Delete{List: [][]byte{key}}, text, field, "-3", "-6"},
		"HINCRBYFLOAT": {command.HIncrFloat{Key: key, Field: b("f"), Delta: half}, command.HDel{Key: key, Fields: [][]byte{b("f")}}, text, field, "2.5", "5"},
		"ZINCRBY":      {command.ZIncr{Key: key, Member: b("m"), Delta: 1.25}, command.ZRem{Key: key, Members: [][]byte{b("m")}}, score, command.ZScore{Key: key, Members: [][]byte{b("m")}}, "1.25", "2.5"},
	}
}

func (c sum) once(id string, retry bool) keyspace.Command {
	return command.Once{ID: b(id), Retry: retry, Do: c.do}
}

func (c sum) shown(t testing.TB, r *region) string {
	t.Helper()
	reply := r.do(t, c.look)[0]
	return c.read(reply)
}

// spread lets regions merge all that the others have, until nobody has anything new.
func spread(regions ...*region) {
	for range 4 {
		for _, r := range regions {
			r.wall.at += time.Millisecond
			for _, from := range regions {
				if r != from {
					r.hear(from)
				}
			}
		}
	}
}

func sameEverywhere(t testing.TB, regions ...*region) {
	t.Helper()
	for _, r := range regions[1:] {
		if !r.Vector().Equal(regions[0].Vector()) || r.digest(t).Sum != regions[0].digest(t).Sum {
			t.Fatalf("regions differ: %v and %v", regions[0].Vector(), r.Vector())
		}
	}
}

// Three regions carry out one operation without hearing of each other. Whatever arrives where first, it counts once as
// soon as a node has two of them.
func TestAnOperationThatThreeRegionsCarryOutCountsOnceInEveryOrder(t *testing.T) {
	for name, c := range countedKinds() {
		t.Run(name, func(t *testing.T) {
			for order := range 8 {
				for tries := 2; tries <= 3; tries++ {
					all := []*region{newRegion(100), newRegion(200), newRegion(300)}
					for i, r := range all[:tries] {
						r.wall.at += time.Duration((i*7+order)%3) * time.Millisecond // who is first is not who was asked first
						r.do(t, c.once("x", i > 0))
						r.do(t, c.once(fmt.Sprint("other", i), false))
						r.commit()
					}
					for i, r := range all {
						others := slices.Delete(slices.Clone(all), i, i+1)
						if order>>i&1 == 1 {
							slices.Reverse(others)
						}
						for _, from := range others {
							r.hear(from)
						}
					}
					spread(all...)
					sameEverywhere(t, all...)
					want := map[int]string{2: plus(t, c, 3), 3: plus(t, c, 4)}[tries]
					for i, r := range all {
						if got := c.shown(t, r); got != want {
							t.Fatalf("order %d, %d tries: region %d shows %q, want %q", order, tries, i, got, want)
						}
					}
				}
			}
		})
	}
}

// plus returns what n operations with different ids amount to.
func plus(t testing.TB, c sum, n int) string {
	t.Helper()
	r := newRegion(1)
	for i := range n {
		r.do(t, c.once(fmt.Sprint(i), false))
	}
	return c.shown(t, r)
}

// At no moment does a node show an operation twice: what is to be void becomes so in the commit that brings it.
func TestNobodySeesAnOperationTwice(t *testing.T) {
	for name, c := range countedKinds() {
		a, e := newRegion(1), newRegion(2)
		a.do(t, c.once("x", false))
		a.commit()
		e.do(t, c.once("x", true))
		e.commit()
		e.take(t, a.frames[0])
		if got := c.shown(t, e); got != c.want {
			t.Errorf("%s: %q right after the merge, want %q", name, got, c.want)
		}
	}
}

func TestARetryIsAnsweredWhatTheFirstWas(t *testing.T) {
	for name, c := range countedKinds() {
		a, e := newRegion(1), newRegion(2)
		first := a.do(t, c.once("x", false))[0]
		a.do(t, c.do)
		a.commit()
		again := a.do(t, c.once("x", true))[0]
		if name != "ZINCRBY" && again.Int != first.Int || !bytes.Equal(again.Value, first.Value) || again.Score != first.Score {
			t.Errorf("%s: %+v, then %+v", name, first, again)
		}
		e.pull(t, a)
		present := e.do(t, c.once("x", true))[0]
		want := c.two
		if got := fmt.Sprint(present.Int); got != want && string(present.Value) != want && fmt.Sprint(present.Score) != want {
			t.Errorf("%s: another region replies %+v, want the present value %s", name, present, want)
		}
		if e.Head(2).Seq != 0 {
			t.Errorf("%s: a retry of what is known was written", name)
		}
	}
}

// What a reset has seen of an operation is gone; of what it has not seen the first attempt counts.
func TestAnOperationThatWasCarriedOutTwiceBesideAReset(t *testing.T) {
	for name, c := range countedKinds() {
		for _, x := range []struct {
			first, second bool // what the reset has seen
			want          string
		}{
			{false, false, c.want}, {true, true, ""}, {false, true, c.want},
			{true, false, "0"}, // the second one is a write still: the key is there
		} {
			for order := range 4 {
				a, e, d := newRegion(1), newRegion(2), newRegion(3)
				a.do(t, c.once("x", false))
				a.commit()
				e.wall.at += time.Millisecond
				e.do(t, c.once("x", true))
				e.commit()
				if x.first {
					d.pull(t, a)
				}
				if x.second {
					d.pull(t, e)
				}
				d.wall.at += time.Second / 10
				d.do(t, c.del)
				d.commit()
				regions := []*region{a, e, d}
				if order&1 == 1 {
					slices.Reverse(regions)
				}
				if order&2 == 2 {
					a.hear(d)
					e.hear(d)
				}
				spread(regions...)
				sameEverywhere(t, a, e, d)
				if got := c.shown(t, a); got != x.want {
					t.Errorf("%s: seen %v %v, order %d: %q, want %q", name, x.first, x.second, order, got, x.want)
				}
			}
		}
	}
}

func TestAnOperationIsKnownAfterARestart(t *testing.T) {
	for name, c := range countedKinds() {
		a := newRegion(1)
		a.do(t, c.once("x", false))
		a.do(t, c.once("y", true))
		a.commit()
		a = a.again(keyspace.Limits{})
		a.do(t, c.once("x", true))
		a.do(t, c.once("y", true))
		if got := c.shown(t, a); got != c.two {
			t.Errorf("%s: %q after the restart, want %q", name, got, c.two)
		}
	}
}

// However long regions are cut off, whoever carried out a retry knows it still.
func TestARetryIsKnownAfterALongCut(t *testing.T) {
	c := countedKinds()["INCRBY"]
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu, us := nodes[0], nodes[1], nodes[2]
	ap.do(t, c.once("x", false))
	ap.commit()
	eu.do(t, c.once("x", true))
	eu.commit()
	for range 300 {
		for _, r := range nodes {
			r.pass(time.Minute)
			r.tick(t)
		}
		us.hear(eu.region)
		eu.hear(us.region)
		us.do(t, command.Set{Key: b("other"), Value: b("v")}) // its contexts cover what it has
		us.commit()
	}
	if ap.Once().First != 1 || eu.Once().Retries != 1 || us.Once().Retries != 1 {
		t.Fatalf("ap %+v, eu %+v, us %+v", ap.Once(), eu.Once(), us.Once())
	}
	for _, r := range []*restarter{eu, us} {
		r.restart()
	}
	exchange(t, nodes)
	for _, r := range nodes {
		if got := c.shown(t, r.region); got != c.want {
			t.Errorf("%s shows %q, want %q", r.name, got, c.want)
		}
	}
	// Now everybody has reported, it is forgotten.
	for range 100 {
		for _, r := range nodes {
			r.pass(time.Minute)
		}
		exchange(t, nodes)
	}
	for _, r := range nodes {
		if s := r.Once(); s.First+s.Retries+s.Duties != 0 {
			t.Errorf("%s still notes %+v", r.name, s)
		}
		for k := range r.mem.cells {
			if k[0] == store.SpaceOnce {
				t.Errorf("%s still has the note %x", r.name, k)
			}
		}
	}
}

// A node that takes over state knows what the donor knew: a retry there changes nothing, and what it carried out
// itself before is known to be the same.
func TestOperationsAreKnownWhereStateWasTakenOver(t *testing.T) {
	for name, c := range countedKinds() {
		for _, size := range []int{1, 1 << 20} {
			a, fresh, back := newRegion(100), newRegion(200), newRegion(300)
			a.do(t, c.once("x", false))
			a.do(t, c.once("y", true))
			a.commit()
			back.do(t, c.once("x", true))
			back.do(t, c.once("y", false))
			back.commit()
			fresh.takeOver(t, a, size, func() {})
			fresh.do(t, c.once("x", true))
			fresh.do(t, c.once("y", true))
			fresh.commit()
			if got := c.shown(t, fresh); got != c.two || fresh.Head(200).Seq != 0 {
				t.Errorf("%s: the new region shows %q, want %q", name, got, c.two)
			}
			back.takeOver(t, a, size, func() {})
			if got := c.shown(t, back); got != c.two {
				t.Errorf("%s: the region that was away shows %q, want %q", name, got, c.two)
			}
			spread(a, back, fresh)
			if got := c.shown(t, a); got != c.two {
				t.Errorf("%s: the donor shows %q, want %q", name, got, c.two)
			}
		}
	}
}

// What is to be void is not forgotten where it cannot be made so at once.
func TestWhatIsToBeVoidSurvivesARestart(t *testing.T) {
	c := countedKinds()["HINCRBY"]
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	stale := true
	eu.ends.Stale = func() bool { return stale }
	eu.restart()
	ap.do(t, c.once("x", false))
	ap.commit()
	eu.do(t, c.once("x", true))
	eu.commit()
	eu.hear(ap.region)
	if got := c.shown(t, eu.region); got != c.two || eu.Once().Duties != 1 {
		t.Fatalf("%q, %+v", got, eu.Once())
	}
	eu.restart()
	stale = false
	eu.tick(t)
	if got := c.shown(t, eu.region); got != c.want || eu.Once().Duties != 0 {
		t.Fatalf("%q, %+v", got, eu.Once())
	}
}

// A retry is refused where nobody could tell any more that it was one.
func TestRetriesOfACounterAreBounded(t *testing.T) {
	a, e := newRegion(1), newRegion(2)
	c := countedKinds()["INCRBY"]
	for i := range 1024 {
		for _, r := range []*region{a, e} {
			r.do(t, c.once(fmt.Sprint(i), r == e))
		}
	}
	a.commit()
	e.commit()
	e.pull(t, a)
	if got := c.shown(t, e); got != "5120" {
		t.Fatalf("%s after 1024 operations that were carried out twice", got)
	}
	if _, _, err := e.Execute([]keyspace.Command{c.once("new", true)}); !errors.Is(err, keyspace.ErrUntold) {
		t.Errorf("a retry: %v", err)
	}
	if _, _, err := e.Execute([]keyspace.Command{c.once("new", false), c.once("0", true)}); err != nil {
		t.Errorf("a first attempt, and a retry of what is known: %v", err)
	}
	e.do(t, c.del)
	e.do(t, c.once("newer", true))
}

// An id counts for one counter.
func TestAnIDIsOfOneCounter(t *testing.T) {
	a := newRegion(1)
	for _, cmd := range []command.Counting{
		command.Incr{Key: b("k"), Delta: 1}, command.Incr{Key: b("j"), Delta: 1},
		command.HIncr{Key: b("h"), Field: b("f"), Delta: 1}, command.HIncr{Key: b("h"), Field: b("g"), Delta: 1},
		command.ZIncr{Key: b("z"), Member: b("f"), Delta: 1},
	} {
		if _, written, err := a.Execute([]keyspace.Command{command.Once{ID: b("x"), Do: cmd}}); err != nil || !written {
			t.Errorf("%s of another counter: written %v, %v", cmd.Name(), written, err)
		}
	}
}

// What is voided before its origin ends stays so in the pool, and what ends is not touched any more.
func TestAVoidGoesIntoThePoolOfItsOrigin(t *testing.T) {
	for name, c := range countedKinds() {
		nodes := newRestarters(t, "ap", "eu", "us")
		for round := range 4 {
			for i, r := range nodes {
				r.do(t, c.once(fmt.Sprint(round), i > 0))
				r.commit()
			}
			exchange(t, nodes)
			for _, r := range nodes {
				r.restart()
				r.do(t, command.Set{Key: b("other"), Value: b("v")})
				r.commit()
			}
			exchange(t, nodes)
		}
		want := plus(t, c, 4)
		folded := 0
		for _, r := range nodes {
			if got := c.shown(t, r.region); got != want {
				t.Errorf("%s: %s shows %q, want %q", name, r.name, got, want)
			}
			folded += r.Ends().Folded
		}
		if folded == 0 {
			t.Errorf("%s: nothing was folded", name)
		}
		sameEverywhere(t, nodes[0].region, nodes[1].region, nodes[2].region)
	}
}

// Regions are cut off for longer than ids are noted while all are in reach, and then hear of each other by state.
func TestALongCutThatEndsWithATransferOfState(t *testing.T) {
	c := countedKinds()["INCRBY"]
	for _, from := range []int{0, 1} {
		nodes := newRestarters(t, "ap", "eu", "us")
		nodes[0].do(t, c.once("x", false))
		nodes[0].commit()
		nodes[1].do(t, c.once("x", true))
		nodes[1].commit()
		for range 100 {
			for _, r := range nodes {
				r.pass(time.Minute)
				r.tick(t)
			}
		}
		nodes[1-from].takeOver(t, nodes[from].region, 1<<20, func() {})
		if got := c.shown(t, nodes[1-from].region); got != c.want {
			t.Errorf("%s shows %q, want %q", nodes[1-from].name, got, c.want)
		}
	}
}

// century is a leap of a clock.
const century = 73 * 365 * 24 * time.Hour

// A node is started with another clock between an increment and its retry, or its clock is repaired. How long ids are known
// does not depend on what clocks say.
func TestAnOperationIsKnownWhateverTheClocksSay(t *testing.T) {
	t.Run("started", func(t *testing.T) { clockLeaps(t, (*restarter).restart) })
	t.Run("repaired", func(t *testing.T) { clockLeaps(t, func(r *restarter) { r.hlc.Resync() }) })
}

func clockLeaps(t *testing.T, begin func(*restarter)) {
	for _, leap := range []time.Duration{time.Hour, -time.Hour, century} {
		for name, c := range countedKinds() {
			nodes := newRestarters(t, "ap", "eu")
			eu := nodes[1]
			eu.do(t, c.once("x", false))
			eu.do(t, c.once("y", true))
			eu.commit()
			eu.pass(time.Minute)
			eu.wall.ahead = leap
			begin(eu)
			eu.tick(t)
			eu.do(t, c.once("x", true))
			eu.do(t, c.once("y", true))
			eu.commit()
			exchange(t, nodes)
			eu.pass(3 * time.Minute)
			eu.restart()
			exchange(t, nodes)
			for _, r := range nodes {
				r.do(t, c.once("x", true))
				r.do(t, c.once("y", true))
				if got := c.shown(t, r.region); got != c.two {
					t.Errorf("%s, %v: %s shows %q, want %q", name, leap, r.name, got, c.two)
				}
			}
			exchange(t, nodes)
			for range 20 {
				for _, r := range nodes {
					r.pass(time.Minute)
				}
				exchange(t, nodes)
			}
			for _, r := range nodes {
				if s := r.Once(); s.First+s.Retries+s.Duties+r.onceCells() != 0 {
					t.Errorf("%s, %v: %s still notes %+v", name, leap, r.name, s)
				}
			}
		}
	}
}

// Two regions whose clocks are far apart carry out an operation, and hear of each other late, by log or by state.
func TestAnOperationOfTwoRegionsWithOtherClocks(t *testing.T) {
	for _, leap := range []time.Duration{time.Hour, -time.Hour, century} {
		for name, c := range countedKinds() {
			for how := range 3 {
				nodes := newRestarters(t, "ap", "eu")
				ap, eu := nodes[0], nodes[1]
				accept := func() { // as an operator does
					for _, r := range nodes {
						r.hlc.Accept(max(ap.hlc.Last(), eu.hlc.Last()))
					}
				}
				eu.wall.ahead = leap
				eu.restart()
				eu.do(t, command.Set{Key: b("other"), Value: b("v")})
				eu.commit()
				accept()
				exchange(t, nodes)
				ap.do(t, c.once("x", false))
				ap.commit()
				eu.do(t, c.once("x", true))
				eu.commit()
				for range 30 {
					for _, r := range nodes {
						r.pass(time.Minute)
						r.tick(t)
					}
				}
				order := [...][]*restarter{nil, {ap, eu}, {eu, ap}}[how]
				for _, r := range order {
					accept()
					from := nodes[0]
					if r == from {
						from = nodes[1]
					}
					r.takeOver(t, from.region, 1<<20, func() {})
				}
				for range 2 {
					accept()
					exchange(t, nodes)
				}
				for _, r := range nodes {
					if got := c.shown(t, r.region); got != c.want {
						t.Errorf("%s, %v, %d: %s shows %q, want %q", name, leap, how, r.name, got, c.want)
					}
				}
			}
		}
	}
}

// Notes are as old as the run that found them: starts, however many, make none older.
func TestStartsMakeNoNoteOlder(t *testing.T) {
	c := countedKinds()["INCRBY"]
	nodes := newRestarters(t, "ap")
	ap := nodes[0]
	want := 0
	for i := range 6 {
		ap.do(t, c.once(fmt.Sprint(i), false))
		ap.commit()
		want += 5
		ap.restart()
		ap.tick(t)
	}
	for i := range 6 {
		ap.do(t, c.once(fmt.Sprint(i), true))
	}
	if got := c.shown(t, ap.region); got != fmt.Sprint(want) {
		t.Errorf("%s after six increments that were sent twice", got)
	}
}

// idle lets time pass without anybody hearing of others.
func idle(t testing.TB, d time.Duration, nodes ...*restarter) {
	t.Helper()
	for ; d > 0; d -= time.Minute {
		for _, r := range nodes {
			r.pass(time.Minute)
			r.tick(t)
		}
	}
}

// A retry comes late, from a region that had not seen the first attempt, though it had seen later ones: of this node's own.
func TestALateRetryOfWhomHadSeenLaterAttemptsOnly(t *testing.T) {
	c := countedKinds()["INCRBY"]
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	eu.do(t, c.once("y", false))
	eu.commit()
	eu.do(t, c.once("x", true))
	eu.commit()
	ap.do(t, c.once("x", false))
	ap.commit()
	idle(t, 6*time.Minute, nodes...)
	ap.take(t, eu.frames[0])
	ap.commit()
	idle(t, 15*time.Minute, nodes...)
	if err := ap.take(t, eu.frames[1]); err != nil {
		t.Fatal(err)
	}
	if got := c.shown(t, ap.region); got != c.two {
		t.Errorf("%q, want %q", got, c.two)
	}
}

// First attempts are kept over restarts and transfers until every member has applied them, and its records say so.
func TestFirstAttemptsAreKeptOverRestarts(t *testing.T) {
	c := countedKinds()["INCRBY"]
	for name, us := range map[string]func(*restarter, *restarter){
		"applied":    func(us, ap *restarter) { us.hear(ap.region) },
		"taken over": func(us, ap *restarter) { us.takeOver(t, ap.region, 1<<20, func() {}) },
		"still being taken over": func(us, ap *restarter) {
			us.takeOver(t, ap.region, 1<<20, func() {
				us.restart()
				idle(t, 30*time.Minute, us)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := newRestarters(t, "ap", "eu", "us")
			ap, eu := nodes[0], nodes[1]
			ap.do(t, c.once("x", false))
			ap.commit()
			eu.do(t, c.once("x", true))
			eu.commit()
			us(nodes[2], ap)
			nodes[2].restart()
			idle(t, 30*time.Minute, nodes...)
			nodes[2].takeOver(t, eu.region, 1<<20, func() {})
			if got := c.shown(t, nodes[2].region); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A note that a transfer has brought is of what the node has not applied yet: what members have applied of the rest does
// not tell that they know it.
func TestANoteOfAnOpenTransferIsKeptOverARestart(t *testing.T) {
	c := countedKinds()["INCRBY"]
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu, us := nodes[0], nodes[1], nodes[2]
	for _, r := range []*restarter{eu, ap} { // an earlier origin of us would hold up everything
		r.do(t, command.Set{Key: b("other"), Value: b(r.name)})
		r.commit()
		exchange(t, nodes)
	}
	ap.do(t, c.once("x", false))
	ap.commit()
	eu.do(t, command.Set{Key: b("other"), Value: b("more")})
	eu.commit()
	eu.do(t, c.once("x", true))
	eu.commit()
	us.takeOver(t, ap.region, 1<<20, func() {
		if us.onceCells() == 0 {
			return
		}
		us.restart()
		us.tick(t)
		us.take(t, eu.frames[len(eu.frames)-2])
		us.do(t, command.Set{Key: b("other"), Value: b("us")})
		us.commit()
		idle(t, 30*time.Minute, us)
	})
	if err := us.take(t, eu.frames[len(eu.frames)-1]); err != nil {
		t.Fatal(err)
	}
	if got := c.shown(t, us.region); got != c.want {
		t.Errorf("%q, want %q", got, c.want)
	}
}

// Members that write nothing tell that they have applied first attempts: then all forget them, in whatever order they hear
// of each other.
func TestMembersThatWriteNothingTellOfFirstAttempts(t *testing.T) {
	c := countedKinds()["INCRBY"]
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu, us := nodes[0], nodes[1], nodes[2]
	ap.do(t, c.once("x", false))
	ap.commit()
	eu.hear(ap.region)
	us.hear(ap.region)
	eu.pass(15 * time.Minute)
	idle(t, 15*time.Minute, ap, us)
	eu.hear(us.region) // before it looks itself
	for range 20 {
		for _, r := range nodes {
			r.pass(time.Minute)
		}
		exchange(t, nodes)
	}
	for _, r := range nodes {
		if r.onceCells() != 0 {
			t.Errorf("%s still notes %+v", r.name, r.Once())
		}
	}
}
