package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

// awaits counts the commands that have begun, and wait where they find nothing.
type awaits struct {
	server.Shard
	n atomic.Int64
}

func (a *awaits) Begin(ctx context.Context, cmds ...keyspace.Command) (func() ([]keyspace.Reply, error), error) {
	wait, err := a.Shard.Begin(ctx, cmds...)
	if cmds[0].Name() == "AWAIT" && err == nil {
		a.n.Add(1)
	}
	return wait, err
}

// begun returns once one more has begun than before.
func (a *awaits) begun(t *testing.T, n int64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); a.n.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d calls wait, want %d", a.n.Load(), n)
		}
	}
}

func waitingServer(t *testing.T) (*clienttest.Server, *awaits) {
	a := &awaits{}
	return clienttest.NewServer(t, clienttest.WithShard(func(s server.Shard) server.Shard { a.Shard = s; return a })), a
}

// TestWaiting lets each call wait for what another client writes, in and outside of a session.
func TestWaiting(t *testing.T) {
	s, a := waitingServer(t)
	ctx, db, other := t.Context(), s.Dial(t), s.Dial(t)
	session := db.Session()
	started := int64(0)
	for _, c := range []*client.Client{db, session.Client} {
		for _, x := range []struct {
			what  string
			call  func() (string, error)
			write func() error
			want  string
		}{
			{"pop", func() (string, error) {
				key, values, err := c.PopAny(ctx, time.Minute, client.Back, 2, "a", "b")
				return fmt.Sprint(key, values), err
			}, func() error { _, err := other.List("b").PushBack(ctx, "1", "2", "3"); return err }, "b[3 2]"},
			{"move", func() (string, error) {
				return c.List("a").MoveWaiting(ctx, client.ForEver, client.Front, "c", client.Back)
			}, func() error { _, err := other.List("a").PushBack(ctx, "1"); return err }, "1"},
			{"least", func() (string, error) {
				key, members, err := c.PopAnyMin(ctx, time.Minute, 0, "x", "y")
				return fmt.Sprint(key, members), err
			}, func() error {
				_, err := other.SortedSet("y").Add(ctx, client.Scored{Member: "m", Score: 2})
				return err
			}, "y[{m 2}]"},
			{"greatest", func() (string, error) {
				key, members, err := c.PopAnyMax(ctx, time.Minute, 5, "x")
				return fmt.Sprint(key, members), err
			}, func() error {
				_, err := other.SortedSet("x").Add(ctx, client.Scored{Member: "m", Score: 2})
				return err
			}, "x[{m 2}]"},
			{"stream", func() (string, error) {
				entries, err := c.Stream("s").Await(ctx, time.Minute, client.StreamID{}, 0)
				return shown(entries), err
			}, func() error {
				_, err := other.Stream("s").AddEntry(ctx, client.NewEntry{ID: client.StreamID{Ms: 1, Seq: 1}, Fields: []client.Field{field("f", "v")}})
				return err
			}, "1-1 f=v;"},
			{"command", func() (string, error) {
				reply, err := c.Command(ctx, "BLPOP", "q", "0")
				return fmt.Sprint(reply), err
			}, func() error { _, err := other.List("q").PushBack(ctx, "1"); return err }, "[q 1]"},
		} {
			got := make(chan string, 1)
			go func() {
				text, err := x.call()
				got <- text + fmt.Sprint(err)
			}()
			started++
			a.begun(t, started)
			check(t, x.write())
			equal(t, x.what, <-got, x.want+"<nil>")
		}
		_, err := other.Delete(ctx, "a", "b", "c", "s", "q", "x", "y")
		check(t, err)
	}
	// The session has seen what its calls beside the stream have shown.
	third, err := s.Dial(t).Resume(session.Token())
	check(t, err)
	n, err := third.Exists(ctx, "a")
	check(t, err)
	equal(t, "there", n, int64(0))
	if session.Token() == "" {
		t.Error("the session has no token")
	}
}

// TestNothingCameInTime: neither in the time, nor before the call was ended, and then nothing was taken.
func TestNothingCameInTime(t *testing.T) {
	s, a := waitingServer(t)
	ctx, db := t.Context(), s.Dial(t)
	for _, wait := range []time.Duration{0, 1, time.Millisecond} {
		if _, _, err := db.PopAny(ctx, wait, client.Front, 1, "l"); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("pop within %v: %v", wait, err)
		}
		if _, err := db.List("l").MoveWaiting(ctx, wait, client.Front, "l", client.Front); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("move within %v: %v", wait, err)
		}
		if _, _, err := db.PopAnyMin(ctx, wait, 1, "z"); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("least within %v: %v", wait, err)
		}
		if entries, err := db.Stream("s").Await(ctx, wait, client.StreamID{}, 0); err != nil || entries != nil {
			t.Errorf("stream within %v: %v %v", wait, entries, err)
		}
	}
	reply, err := db.Command(ctx, "XREAD", "BLOCK", "1", "STREAMS", "s", "$")
	check(t, err)
	equal(t, "a command", reply, nil)

	begun := a.n.Load()
	ending, end := context.WithCancel(ctx)
	popped, read := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := db.PopAny(ending, client.ForEver, client.Front, 1, "l")
		popped <- err
	}()
	go func() {
		_, err := db.Stream("s").Await(ending, time.Minute, client.StreamID{}, 0)
		read <- err
	}()
	a.begun(t, begun+2)
	end()
	if err := <-popped; !errors.Is(err, client.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("a pop that was ended: %v", err)
	}
	if err := <-read; errors.Is(err, client.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("a read that was ended: %v", err)
	}
}

// TestNothingIsLostAmongConsumersOfTheSDK: with waits so short that many end as an element comes, each element is
// given to one consumer.
func TestNothingIsLostAmongConsumersOfTheSDK(t *testing.T) {
	const elements, consumers = 400, 6
	s := clienttest.NewServer(t)
	ctx, db := t.Context(), s.Dial(t)
	var mu sync.Mutex
	given := map[string]int{}
	var left atomic.Int64
	left.Store(elements)
	var all sync.WaitGroup
	for range consumers {
		c := s.Dial(t)
		all.Go(func() {
			for left.Load() > 0 {
				_, values, err := c.PopAny(ctx, time.Duration(1+rand.IntN(4))*time.Millisecond, client.Front, 1, "q0", "q1")
				if errors.Is(err, client.ErrNotFound) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				given[values[0]]++
				mu.Unlock()
				left.Add(-1)
			}
		})
	}
	for i := range elements {
		_, err := db.List(fmt.Sprint("q", rand.IntN(2))).PushBack(ctx, fmt.Sprint(i))
		check(t, err)
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
	}
	all.Wait()
	for e, n := range given {
		if n != 1 {
			t.Errorf("%s was given out %d times", e, n)
		}
	}
	equal(t, "given out", len(given), elements)
}

// TestAWaitGoesOnAtAnotherNode: a node that stops ends the waits of its clients, which go on at the next one.
func TestAWaitGoesOnAtAnotherNode(t *testing.T) {
	first, a := waitingServer(t)
	second, b := waitingServer(t)
	ctx := t.Context()
	db, err := client.Dial(ctx, first.Addr+","+second.Addr, client.WithTimeout(time.Minute))
	check(t, err)
	defer func() { check(t, db.Close()) }()
	got := make(chan string, 1)
	go func() {
		_, values, err := db.PopAny(ctx, time.Minute, client.Front, 1, "l")
		got <- fmt.Sprint(values, err)
	}()
	a.begun(t, 1)
	check(t, first.Stop())
	b.begun(t, 1)
	_, err = second.Dial(t).List("l").PushBack(ctx, "x")
	check(t, err)
	equal(t, "popped", <-got, "[x] <nil>")
}

// TestAWaitKeepsItsTimeAtAnotherNode: the time at the node that stopped counts.
func TestAWaitKeepsItsTimeAtAnotherNode(t *testing.T) {
	first, a := waitingServer(t)
	second, b := waitingServer(t)
	ctx := t.Context()
	db, err := client.Dial(ctx, first.Addr+","+second.Addr, client.WithTimeout(time.Minute))
	check(t, err)
	defer func() { check(t, db.Close()) }()
	const wait, at = 2 * time.Second, 1500 * time.Millisecond
	begun, over := time.Now(), make(chan error, 1)
	go func() {
		_, err := db.Stream("s").Await(ctx, wait, client.StreamID{}, 0)
		over <- err
	}()
	a.begun(t, 1)
	time.Sleep(time.Until(begun.Add(at))) // of the time that the call is given
	check(t, first.Stop())
	b.begun(t, 1)
	moved := time.Now()
	check(t, <-over)
	if waited := time.Since(moved); waited > wait*3/4 {
		t.Errorf("after %v of %v it waited for %v more", moved.Sub(begun), wait, waited)
	}
}

// TestManyWaitsOfASession: more than have a place wait for their turn, and all are served.
func TestManyWaitsOfASession(t *testing.T) {
	s, a := waitingServer(t)
	ctx, db := t.Context(), s.Dial(t)
	session := db.Session()
	const calls = 20
	served := make(chan error, calls)
	for range calls {
		go func() {
			_, _, err := session.PopAny(ctx, time.Minute, client.Front, 1, "l")
			served <- err
		}()
	}
	a.begun(t, 8)
	for i := range calls {
		_, err := db.List("l").PushBack(ctx, fmt.Sprint(i))
		check(t, err)
	}
	for range calls {
		check(t, <-served)
	}
	_, err := session.Exists(ctx, "l")
	check(t, err)
	ending, end := context.WithCancel(ctx)
	end()
	if _, _, err := session.PopAny(ending, time.Minute, client.Front, 1, "l"); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was ended before: %v", err)
	}
}
