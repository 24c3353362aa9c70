package keyspace_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// held is a command that keeps the commit loop busy until it is let go.
type held struct {
	command.Incr
	begun, letGo chan struct{}
}

func newHeld(key string) held {
	return held{command.Incr{Key: b(key), Delta: 1}, make(chan struct{}), make(chan struct{})}
}

func (h held) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	close(h.begun)
	<-h.letGo
	return h.Incr.Run(tx)
}

// line puts commands into the queue, one after the other.
type line struct {
	n       *node
	answers sync.WaitGroup
}

func (l *line) add(ctx context.Context, cmd keyspace.Command, answered func(error)) {
	before := l.n.Queued()
	l.answers.Go(func() {
		_, err := l.n.Execute(ctx, cmd)
		answered(err)
	})
	for l.n.Queued() == before {
		runtime.Gosched()
	}
}

// hold keeps the loop busy, with nothing in the queue.
func (l *line) hold() held {
	h := newHeld("held")
	l.answers.Go(func() { _, _ = l.n.Execute(context.Background(), h) })
	<-h.begun
	return h
}

// TestWhatNobodyWaitsForIsNotDone: a client that gave up while its write was queued must
// not find it done later.
func TestWhatNobodyWaitsForIsNotDone(t *testing.T) {
	l := &line{n: start(t, vfs.NewMem(), "us")}
	h := l.hold()
	ctx, cancel := context.WithCancel(t.Context())
	incr := command.Incr{Key: b("n"), Delta: 1}
	for range 10 {
		l.add(ctx, incr, func(err error) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("given up: %v", err)
			}
		})
	}
	l.add(t.Context(), incr, func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
	cancel()
	close(h.letGo)
	l.answers.Wait()
	if r := read(t, l.n, command.Get{Key: b("n")}); string(r.Value) != "1" {
		t.Errorf("counted to %q: writes that were given up were done", r.Value)
	}
}

// TestPeersDoNotWaitBehindAllClients: what comes by the other queue is served in turn with what
// many clients want.
func TestPeersDoNotWaitBehindAllClients(t *testing.T) {
	l := &line{n: start(t, vfs.NewMem(), "us")}
	h := l.hold()
	unheard := func(error) {}
	for range 600 { // more than one commit takes
		l.add(t.Context(), command.Incr{Key: b("n"), Delta: 1}, unheard)
	}
	last := newHeld("last")
	l.add(t.Context(), last, unheard)
	answered := make(chan error, 1)
	go func() {
		_, err := l.n.AcceptParked(t.Context(), 1)
		answered <- err
	}()
	for l.n.Others() == 0 {
		runtime.Gosched()
	}
	close(h.letGo)
	<-last.begun
	if l.n.Others() > 0 {
		t.Error("600 writes of clients were served, and not what came meanwhile")
	}
	close(last.letGo)
	l.answers.Wait()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
