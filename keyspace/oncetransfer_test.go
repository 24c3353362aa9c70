package keyspace_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// takeOverUntil begins to take over state, or goes on with it, cell by cell, until it has so many notes; 0 is all.
func (r *restarter) takeOverUntil(t testing.TB, from *restarter, notes int) {
	t.Helper()
	s := from.snapshot(t)
	declared, err := s.Declared()
	if err != nil {
		t.Fatal(err)
	}
	r.step(t, keyspace.TransferBegin{Heads: s.Heads(), Ends: s.Ends(), Declared: declared, After: r.TransferState().Position})
	for r.TransferState().Done < 1 {
		ch, err := s.Next(r.TransferState().Position, 1)
		if err != nil {
			t.Fatal(err)
		}
		r.step(t, keyspace.TransferChunk{Chunk: ch})
		if at := r.TransferState().Position; len(at) > 6 && at[0] == store.SpaceOnce {
			if notes--; notes == 0 {
				return
			}
		}
	}
	r.step(t, keyspace.TransferEnd{})
}

func (r *restarter) mustAttempt(t testing.TB, id string, retry bool) {
	t.Helper()
	if err := r.attempt(id, retry); err != nil {
		t.Fatal(err)
	}
}

// Each node numbers its notes itself: a transfer that goes on with another donor begins anew with them.
func TestATransferThatChangesItsDonorAmongTheNotes(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu, us := nodes[0], nodes[1], nodes[2]
	for i := range 4 { // higher numbers
		ap.mustAttempt(t, fmt.Sprint("old", i), false)
		idle(t, 10*time.Minute, nodes...)
	}
	ap.mustAttempt(t, "x", false)
	eu.hear(ap.region)
	us.takeOverUntil(t, ap, 4)
	us.takeOverUntil(t, eu, 0)
	us.mustAttempt(t, "x", true)
	if got := us.value(t); got != "25" {
		t.Errorf("%s after five increments", got)
	}
}

// A node that has taken over a part of another one's notes gives all of its own.
func TestADonorInTheMiddleOfNotes(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	for _, id := range []string{"a", "b", "c"} {
		ap.mustAttempt(t, id, false)
		idle(t, 6*time.Minute, nodes...)
	}
	eu.mustAttempt(t, "x", false)
	ap.mustAttempt(t, "x", true)
	idle(t, 20*time.Minute, nodes...)
	eu.takeOverUntil(t, ap, 3)
	ap.takeOver(t, eu.region, 1<<20, func() {})
	if got := ap.value(t); got != "20" {
		t.Errorf("%s after four increments", got)
	}
}

// A donor has as many first attempts as are noted in a window, in each of its generations; and what is there is noted.
func TestNotesOfManyGenerationsAreTakenOver(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu", "us")
	ap, eu := nodes[0], nodes[1]
	ap.BoundOnce(3, 100, 100)
	eu.BoundOnce(3, 100, 100)
	for i := range 5 {
		idle(t, 10*time.Minute, nodes...)
		ap.mustAttempt(t, fmt.Sprint(i), false)
	}
	for range 4 {
		eu.takeOver(t, ap.region, 1<<20, func() {})
	}
	if s := eu.Once(); s.First != 5 || eu.onceCells() != 5 {
		t.Errorf("%+v, %d notes in the store", s, eu.onceCells())
	}
	eu.mustAttempt(t, "4", true)
	eu.mustAttempt(t, "new", true)
	if got := eu.value(t); got != "30" {
		t.Errorf("%s after six increments", got)
	}
}

// For how long a node is blind does not depend on how long it keeps what it has noted, nor on who takes that over.
func TestANodeSeesAgain(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu")
	ap, eu := nodes[0], nodes[1]
	ap.BoundOnce(3, 100, 100)
	for i := range 5 {
		ap.mustAttempt(t, fmt.Sprint(i), false)
	}
	idle(t, 11*time.Minute, nodes...)
	ap.mustAttempt(t, "later", true)
	eu.takeOver(t, ap.region, 1<<20, func() {})
	eu.mustAttempt(t, "at another node", true)
	ap.restart()
	ap.mustAttempt(t, "after a start", true)
}

// A note that a transfer has brought may be of what does not come: nobody reports that again and again.
func TestNobodyReportsWhatHasNotCome(t *testing.T) {
	for _, retry := range []bool{false, true} {
		nodes := newRestarters(t, "ap", "eu", "us")
		ap, eu, us := nodes[0], nodes[1], nodes[2]
		for _, r := range nodes {
			r.do(t, command.Set{Key: b("other"), Value: b(r.name)})
			r.commit()
			exchange(t, nodes)
		}
		for i := range 4 {
			ap.mustAttempt(t, fmt.Sprint("x", i), retry)
		}
		us.takeOverUntil(t, ap, 1) // ap is gone from here on, and eu has not heard of it
		us.takeOverUntil(t, eu, 0)
		before := len(us.frames)
		for range 120 {
			idle(t, time.Minute, eu, us)
			us.hear(eu.region)
			eu.hear(us.region)
		}
		if n := len(us.frames) - before; n > 5 {
			t.Errorf("retry %v: %d records in two hours in which nobody did anything", retry, n)
		}
	}
}
