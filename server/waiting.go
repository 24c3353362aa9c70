package server

import (
	"context"
	"errors"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// Waiting is a command that waits for one of some keys where it finds nothing. The embedded one is what is done where
// it need not, or must not, wait.
type Waiting struct {
	keyspace.Command
	// For are the keys. Of is what one of them must hold, and At makes the command for it.
	For [][]byte
	Of  crdt.Type
	At  func(key []byte) keyspace.Command
	// Shared and Gone are those of keyspace.Wait.
	Shared bool
	Gone   error
	// Timeout is how long it waits; 0 is for ever.
	Timeout time.Duration
	// Nothing, if it is not nil, is the reply where nothing came in time.
	Nothing func() keyspace.Reply
}

// WaitingFor tells what a command waits for, for ever: one that takes elements of lists or members of sorted sets,
// moves an element, or reads streams, from ids, from a cursor or for a group.
func WaitingFor(cmd keyspace.Command) Waiting {
	w := Waiting{Command: cmd, Of: crdt.TypeList}
	switch x := cmd.(type) {
	case command.LMPop:
		w.For = x.Lists
		w.At = func(key []byte) keyspace.Command { x.Lists = [][]byte{key}; return x }
	case command.ZPop:
		w.For, w.Of = x.List, crdt.TypeZSet
		w.At = func(key []byte) keyspace.Command { x.List = [][]byte{key}; return x }
	case command.LMove:
		w.For = [][]byte{x.Source}
		w.At = func([]byte) keyspace.Command { return x }
	case command.XRead:
		x.Begins = make([]crdt.StreamID, len(x.Streams))
		w.Command, w.For, w.Of, w.Shared = x, x.Keys(), crdt.TypeStream, true
		w.At = func(key []byte) keyspace.Command { return x.From(key) }
	case command.XReadGroup:
		w.For, w.Of, w.Shared, w.Gone = x.Keys(), crdt.TypeStream, true, errStreamGone
		w.At = func(key []byte) keyspace.Command { return x.From(key, errGroupGone) }
	case command.XCursor:
		x.Next = new([]byte)
		w.Command, w.For, w.Of, w.Shared = x, x.Keys(), crdt.TypeStream, true
		w.At = func([]byte) keyspace.Command { return x.Resume() }
		w.Nothing = func() keyspace.Reply { return keyspace.Reply{Cursor: *x.Next} }
	}
	return w
}

// Why a wait for a group ends where what was waited for is no more.
var (
	errStreamGone = Errorf(CodeNoGroup, "the stream that was waited for is no more")
	errGroupGone  = Errorf(CodeNoGroup, "the group that was waited for is no more")
)

// NoGroup says that a stream has no such group.
func NoGroup(key, group []byte) *Error {
	return Errorf(CodeNoGroup, "there is no stream %.128q, or no group %.128q of it", key, group)
}

// errTimedOut is why a wait ended that found nothing in time.
var errTimedOut = errors.New("nothing came in time")

// Await is Do for a command that may wait. It ends when the time is up, with a reply that is not Found, or with
// ctx, or when the node drains; then nothing was done. Errors are for Explain.
func (d *Dispatcher) Await(ctx context.Context, n namespace.Name, w Waiting) (keyspace.Reply, error) {
	wait := &keyspace.Wait{Keys: w.For, Type: w.Of, Shared: w.Shared, Gone: w.Gone, Try: w.At, May: func() error { return d.Still(w.Command) }}
	defer wait.Close() // also where it is not known whether it has begun
	r, err := d.inOrder(ctx, n, command.Await{Once: w.Command, Wait: wait})
	if err != nil || r.Found {
		return r, err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if w.Timeout > 0 {
		timer := time.AfterFunc(w.Timeout, func() { end(errTimedOut) })
		defer timer.Stop()
	}
	defer d.onDrain(func() { end(Errorf(CodeDraining, "the node is draining")) })()
	r, done, err := wait.Await(ctx)
	if err != nil || done {
		return r, err
	}
	if err = context.Cause(ctx); !errors.Is(err, errTimedOut) {
		return keyspace.Reply{}, err
	}
	if w.Nothing == nil {
		return keyspace.Reply{}, nil
	}
	return w.Nothing(), nil
}

// onDrain calls f when the node drains, unless stop was called before.
func (d *Dispatcher) onDrain(f func()) (stop func()) {
	enough, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-d.draining:
			f()
		case <-enough:
		}
	}()
	return func() {
		close(enough)
		<-over
	}
}

// inOrder runs a command in its place among those that write, though it may not write.
func (d *Dispatcher) inOrder(ctx context.Context, n namespace.Name, cmd keyspace.Command) (keyspace.Reply, error) {
	if err := d.places.take(ctx); err != nil {
		return keyspace.Reply{}, err
	}
	defer d.places.give()
	wait, err := d.Begin(ctx, n, cmd)
	if err != nil {
		return keyspace.Reply{}, err
	}
	replies, err := wait()
	if err != nil {
		return keyspace.Reply{}, err
	}
	return replies[0], nil
}
