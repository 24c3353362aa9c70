package client_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

// mute carries commands out, and keeps the answers to itself while it is told to.
type mute struct {
	server.Shard
	muted  atomic.Bool
	done   chan struct{} // a command was carried out, its answer is kept back
	refuse error         // of the commands that come later, if it is not nil
	first  atomic.Bool
}

func (m *mute) Execute(ctx context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	if m.refuse != nil && m.first.Swap(true) {
		return nil, m.refuse
	}
	replies, err := m.Shard.Execute(context.WithoutCancel(ctx), cmds...)
	if m.muted.Swap(false) {
		m.done <- struct{}{}
		<-ctx.Done()
	}
	return replies, err
}

func muteServer(t *testing.T) (*clienttest.Server, *mute) {
	m := &mute{done: make(chan struct{}, 1)}
	return clienttest.NewServer(t, clienttest.WithShard(func(inner server.Shard) server.Shard {
		m.Shard = inner
		return m
	})), m
}

// The answer to an increment is lost with the connection. It is sent again, and counts once.
func TestAnIncrementWhoseAnswerIsLostCountsOnce(t *testing.T) {
	s, m := muteServer(t)
	var p proxy
	db := s.Dial(t, client.WithDialer(p.dial))
	for name, incr := range map[string]func() (float64, error){
		"counter":    func() (float64, error) { n, err := db.Counter("n").Incr(t.Context(), 3); return float64(n), err },
		"hash":       func() (float64, error) { n, err := db.Hash("h").Incr(t.Context(), "f", 3); return float64(n), err },
		"sorted set": func() (float64, error) { return db.SortedSet("z").Incr(t.Context(), "m", 3) },
	} {
		m.muted.Store(true)
		type answer struct {
			n   float64
			err error
		}
		answered := make(chan answer, 1)
		go func() { n, err := incr(); answered <- answer{n, err} }()
		<-m.done
		p.cut()
		if a := <-answered; a.err != nil || a.n != 3 {
			t.Errorf("%s: the retry is answered %v, %v", name, a.n, a.err)
		}
		if n, err := incr(); err != nil || n != 6 {
			t.Errorf("%s: another call is answered %v, %v", name, n, err)
		}
	}
}

// An increment that was sent and could not be sent again may have happened, whatever became of the second time.
func TestAnIncrementThatCannotBeSentAgainIsUnknown(t *testing.T) {
	s, m := muteServer(t)
	m.refuse = keyspace.ErrWrongType
	m.muted.Store(true)
	var p proxy
	db := s.Dial(t, client.WithDialer(p.dial))
	failed := make(chan error, 1)
	go func() { _, err := db.Counter("n").Incr(t.Context(), 1); failed <- err }()
	<-m.done
	p.cut()
	if err := <-failed; !errors.Is(err, client.ErrUnknown) || errors.Is(err, client.ErrNotFound) {
		t.Errorf("error = %v, want ErrUnknown", err)
	}
}

// Nodes forget an increment. One that was sent too long ago is not sent again, though the call has time: it would count
// twice.
func TestAnIncrementIsNotSentAgainWhenNodesMayHaveForgottenIt(t *testing.T) {
	s, m := muteServer(t)
	var p proxy
	db := s.Dial(t, client.WithDialer(p.dial), client.WithTimeout(0), client.SendAgainFor(0))
	m.muted.Store(true)
	failed := make(chan error, 1)
	go func() { _, err := db.Counter("n").Incr(t.Context(), 1); failed <- err }()
	<-m.done
	p.cut()
	if err := <-failed; !errors.Is(err, client.ErrUnknown) {
		t.Errorf("error = %v, want ErrUnknown", err)
	}
	n, err := db.Counter("n").Incr(t.Context(), 1) // a new one goes on
	check(t, err)
	equal(t, "n", n, 2)
}

func TestAnIncrementThatTheProgramNames(t *testing.T) {
	db := clienttest.NewServer(t).Dial(t)
	ctx := client.WithOperationID(t.Context(), "order 17")
	for range 3 {
		n, err := db.Counter("n").Incr(ctx, 2)
		check(t, err)
		equal(t, "n", n, 2)
	}
	if _, err := db.Counter("n").Incr(ctx, 3); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("another amount: %v", err)
	}
	n, err := db.Counter("other").Incr(ctx, 2) // an id is of one counter
	check(t, err)
	equal(t, "other", n, 2)
	if _, err := db.Counter("n").Incr(client.WithOperationID(t.Context(), string(make([]byte, 65))), 1); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("an id of 65 bytes: %v", err)
	}
	if _, err := db.Counter("n").Incr(client.WithOperationID(t.Context(), ""), 1); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("an empty id: %v", err)
	}
}

// The outcome of a call that has timed out is not known. A program that has named it may ask again.
func TestANamedIncrementIsMadeAgainAfterATimeout(t *testing.T) {
	s, m := muteServer(t)
	m.muted.Store(true)
	db := s.Dial(t)
	ctx := client.WithOperationID(t.Context(), "x")
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := db.Counter("n").Incr(short, 1); !errors.Is(err, client.ErrUnknown) {
		t.Fatalf("error = %v, want ErrUnknown", err)
	}
	n, err := db.Counter("n").Incr(ctx, 1)
	check(t, err)
	equal(t, "n", n, 1)
}
