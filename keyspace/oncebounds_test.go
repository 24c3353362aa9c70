package keyspace_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// attempt executes an increment of k by 5 with an id.
func (r *region) attempt(id string, retry bool) error {
	_, _, err := r.Execute([]keyspace.Command{command.Once{ID: b(id), Retry: retry, Do: command.Incr{Key: b("k"), Delta: 5}}})
	r.commit()
	return err
}

// onceCells counts what the store holds of operations with ids.
func (r *region) onceCells() (n int) {
	for k := range r.mem.cells {
		if k[0] == store.SpaceOnce {
			n++
		}
	}
	return n
}

func (r *region) value(t testing.TB) string {
	t.Helper()
	return string(r.do(t, command.Get{Key: b("k")})[0].Value)
}

func wantUntold(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, keyspace.ErrUntold) {
		t.Errorf("%s: %v, want %v", what, err, keyspace.ErrUntold)
	}
}

// More first attempts than are noted are carried out. While a retry of one of those may come, retries that are not known are
// refused: also after a restart, where others have applied the attempts, and where the state was taken over.
func TestFirstAttemptsAreNotedUpToABound(t *testing.T) {
	a, e := newRegion(100), newRegion(200)
	for _, r := range []*region{a, e} {
		r.BoundOnce(3, 100, 100)
	}
	for i := range 10 {
		if err := a.attempt(fmt.Sprint(i), false); err != nil {
			t.Fatal(err)
		}
	}
	e.pull(t, a)
	fresh := newRegion(300)
	fresh.takeOver(t, a, 1<<20, func() {})
	for _, x := range []struct {
		name  string
		r     *region
		notes int // the three, and that there are more
	}{
		{"where they were carried out", a, 4}, {"elsewhere", e, 4}, {"where the state was taken over", fresh, 4},
		{"after a restart", a.again(keyspace.Limits{}), 4}, {"elsewhere, after a restart", e.again(keyspace.Limits{}), 4},
	} {
		name, r := x.name, x.r
		r.commit()
		if n := r.onceCells(); n != x.notes {
			t.Errorf("%s: %d notes, want %d", name, n, x.notes)
		}
		wantUntold(t, name+": a retry of one that is not noted", r.attempt("7", true))
		wantUntold(t, name+": a retry of one that was not done", r.attempt("new", true))
		if err := r.attempt("2", true); err != nil {
			t.Errorf("%s: a retry of one that is noted: %v", name, err)
		}
		if got := r.value(t); got != "50" {
			t.Errorf("%s: %s after ten increments", name, got)
		}
	}
	for _, r := range []*region{a, e, fresh} {
		r.pass(10 * time.Minute)
		if err := r.attempt("later", true); err != nil {
			t.Errorf("a retry ten minutes later: %v", err)
		}
		if got := r.value(t); got != "55" {
			t.Errorf("%s after eleven increments", got)
		}
	}
}

// Retries are noted until every member is known to have them. Beyond the bound more are refused; what is known is answered,
// and first attempts go on.
func TestRetriesOfANodeAreBounded(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	ap.BoundOnce(100, 100, 3)
	for i := range 3 {
		if err := ap.attempt(fmt.Sprint(i), true); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 { // eu is away
		ap.pass(time.Minute)
		ap.tick(t)
		wantUntold(t, "one retry too many", ap.attempt("3", true))
	}
	if err := errors.Join(ap.attempt("2", true), ap.attempt("first", false)); err != nil {
		t.Errorf("a retry of what is known, and a first attempt: %v", err)
	}
	if s := ap.Once(); s.Retries != 3 || ap.onceCells() != 4 || ap.value(t) != "20" {
		t.Errorf("%+v, %d notes, the counter is %s", s, ap.onceCells(), ap.value(t))
	}
	eu.pass(100 * time.Minute)
	exchange(t, nodes)
	for range 100 {
		for _, r := range nodes {
			r.pass(time.Minute)
		}
		exchange(t, nodes)
	}
	if err := ap.attempt("3", true); err != nil || ap.Once().Retries != 1 {
		t.Errorf("%v, %+v once the others are forgotten", err, ap.Once())
	}
	exchange(t, nodes)
	if got := eu.value(t); got != "25" {
		t.Errorf("%s after five increments", got)
	}
}

// While a member is away first attempts are kept, the newest up to a bound. The oldest go, generation by generation, and
// neither a tick nor an increment costs more for it.
func TestFirstAttemptsAreKeptUpToABound(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu")
	ap := nodes[0]
	asked := 0
	members := ap.ends.Members
	ap.ends.Members = func() (active, removed []crdt.Declaration) { asked++; return members() }
	ap.restart()
	ap.BoundOnce(10, 40, 100) // generations of five
	for i := range 300 {      // a generation for each
		ap.pass(5 * time.Minute)
		if err := ap.attempt(fmt.Sprint(i), false); err != nil {
			t.Fatal(err)
		}
		asked = 0
		ap.tick(t)
		if asked > 4 {
			t.Fatalf("a tick asked %d times for the members beside %d generations", asked, i)
		}
		if n := ap.onceCells(); n > 40+5 || n < min(i+1, 40-5) || n != ap.Once().First {
			t.Fatalf("%d notes after %d operations, %+v", n, i+1, ap.Once())
		}
	}
	gets := ap.mem.gets
	if err := ap.attempt("new", true); err != nil {
		t.Fatal(err)
	}
	if n := ap.mem.gets - gets; n > 20 {
		t.Errorf("%d reads for a retry", n)
	}
	if err := ap.attempt("299", false); err != nil || ap.value(t) != "1505" {
		t.Errorf("%v, the counter is %s", err, ap.value(t))
	}
}
