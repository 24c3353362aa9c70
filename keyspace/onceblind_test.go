package keyspace_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
)

// damageNotes makes unreadable what is noted of operations with ids.
func (r *region) damageNotes() {
	r.mem.damaged = func(key string) bool { return key[0] == store.SpaceOnce }
}

// replaceNotes is what a node does about that: nothing is in the place of what was there.
func (r *region) replaceNotes(t testing.TB) {
	t.Helper()
	maps.DeleteFunc(r.mem.cells, func(k string, _ []byte) bool { return r.mem.damaged(k) })
	r.mem.damaged = nil
	if err := r.NotesLost(); err != nil {
		t.Fatal(err)
	}
	r.commit()
}

// Where notes cannot be read increments with ids are refused, and those of others wait: nothing else. Where they are lost
// retries are refused until the time for them is over.
func TestDamagedNotesOfOperations(t *testing.T) {
	for name, cut := range map[string]func(*region) *region{
		"while the node runs": func(r *region) *region { return r },
		"found at its start":  func(r *region) *region { return r.again(keyspace.Limits{}) },
	} {
		t.Run(name, func(t *testing.T) {
			a, e, other := newRegion(100), newRegion(200), newRegion(300)
			for i := range 4 { // generations of earlier
				if err := a.attempt(fmt.Sprint("earlier", i), false); err != nil {
					t.Fatal(err)
				}
				for _, r := range []*region{a, e, other} {
					r.pass(5 * time.Minute)
				}
			}
			for _, r := range []*region{a, e} {
				if err := errors.Join(r.attempt(fmt.Sprint("first", r.Origin()), false), r.attempt(fmt.Sprint("second", r.Origin()), true)); err != nil {
					t.Fatal(err)
				}
			}
			a.damageNotes()
			a = cut(a)
			if err := a.attempt("x", false); err != nil && !keyspace.IsDamage(err) {
				t.Fatalf("an increment with an id beside damaged notes: %v", err)
			}
			if _, _, err := a.Execute([]keyspace.Command{countedKinds()["INCRBY"].do}); err != nil {
				t.Errorf("one without: %v", err)
			}
			a.commit()
			a.hear(e)
			a.tick(t)
			other.tick(t)
			if a.Failed() != nil {
				t.Fatal(a.Failed())
			}
			a.replaceNotes(t)
			a.tick(t)
			a.hear(e)
			wantUntold(t, "a retry of what was noted", a.attempt("first100", true))
			if err := a.attempt("y", false); err != nil {
				t.Error(err)
			}
			before := a.value(t)
			if err := a.attempt("y", true); err != nil || a.value(t) != before {
				t.Errorf("a retry of what is noted since: %v, %s after %s", err, a.value(t), before)
			}
			again := a.again(keyspace.Limits{})
			wantUntold(t, "a retry after a restart", again.attempt("second100", true))
			for _, r := range []*region{a, e, other} {
				r.pass(10 * time.Minute)
			}
			if err := a.attempt("later", true); err != nil {
				t.Errorf("a retry ten minutes later: %v", err)
			}
			spread(a, e, other)
			sameEverywhere(t, a, e, other)
		})
	}
}

// What cannot be read while state is taken over is no end of the shard.
func TestNotesThatAreTakenOverBesideDamagedOnes(t *testing.T) {
	a, e := newRegion(100), newRegion(200)
	if err := errors.Join(a.attempt("x", false), e.attempt("x", true), e.attempt("y", false)); err != nil {
		t.Fatal(err)
	}
	e.damageNotes()
	s := a.snapshot(t)
	declared, _ := s.Declared()
	e.step(t, keyspace.TransferBegin{Heads: s.Heads(), Declared: declared})
	var refused error
	for e.TransferState().Done < 1 && refused == nil {
		ch, err := s.Next(e.TransferState().Position, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, refused = e.Transfer(keyspace.TransferChunk{Chunk: ch})
		e.commit()
	}
	if !keyspace.IsDamage(refused) || e.Failed() != nil {
		t.Fatalf("%v, and the shard: %v", refused, e.Failed())
	}
	e.mem.damaged = nil
	e.takeOver(t, a, 1, func() {})
	if got := e.value(t); got != "10" {
		t.Errorf("%s after two operations", got)
	}
}

// Notes of earlier runs that can be read again make none older that was made meanwhile.
func TestNotesThatCanBeReadAgain(t *testing.T) {
	a := newRegion(100)
	for i := range 4 {
		if err := errors.Join(a.attempt(fmt.Sprint("earlier", i), false), a.attempt(fmt.Sprint("retry", i), true)); err != nil {
			t.Fatal(err)
		}
		a.pass(5 * time.Minute)
	}
	a.damageNotes()
	a = a.again(keyspace.Limits{})
	a.mem.damaged = nil
	if err := a.attempt("first", false); err != nil {
		t.Fatal(err)
	}
	before := a.value(t)
	if err := a.NotesLost(); err != nil {
		t.Fatal(err)
	}
	a.commit()
	a.tick(t)
	for _, id := range []string{"first", "earlier0", "earlier3", "retry0", "retry3"} {
		if err := a.attempt(id, true); err != nil || a.value(t) != before {
			t.Errorf("%s: %v, %s after %s", id, err, a.value(t), before)
		}
	}
}

// Notes of retries that can be read are known beside notes of first attempts that cannot.
func TestRetriesBesideDamagedFirstAttempts(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	eu.mustAttempt(t, "y", false)
	ap.mustAttempt(t, "x", false)
	eu.mustAttempt(t, "x", true)
	eu.mem.damaged = func(key string) bool { return key[0] == store.SpaceOnce && key[5] == 0 }
	eu.restart()
	eu.commit()
	eu.pass(11 * time.Minute)
	eu.hear(ap.region)
	if got := eu.value(t); got != "10" {
		t.Errorf("%s after two increments, %+v", got, eu.Once())
	}
}

// A generation that goes on while a member is away may be old: where it cannot be read a first attempt is refused as well,
// and that of another node waits.
func TestDamagedNotesOfAGenerationThatGoesOn(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu := nodes[0], nodes[1]
	for i := range 8 {
		ap.mustAttempt(t, fmt.Sprint(i), false)
		idle(t, 6*time.Minute, nodes...)
	}
	eu.mustAttempt(t, "x", false)
	ap.damageNotes()
	if err := ap.attempt("y", false); !keyspace.IsDamage(err) {
		t.Errorf("an increment with an id: %v", err)
	}
	ap.hear(eu.region)
	if ap.Failed() != nil {
		t.Fatal(ap.Failed())
	}
	ap.mem.damaged = nil
	ap.tick(t)
	ap.mustAttempt(t, "y", true)
	if got := ap.value(t); got != "50" {
		t.Errorf("%s after ten increments", got)
	}
}
