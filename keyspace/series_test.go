package keyspace_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// Each command of a series is a transaction by itself: one that is refused touches no other, and each sees those before it.
func TestASeriesIsATransactionEach(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	before := n.Stats()
	replies, err := n.ExecuteEach(context.Background(), []keyspace.Command{
		command.Set{Key: b("k"), Value: b("1")},
		command.SAdd{Key: b("k"), Members: [][]byte{b("m")}},
		command.Incr{Key: b("k"), Delta: 1},
		command.Incr{Key: b("k"), Delta: 1},
	})
	if err != nil || len(replies) != 4 {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	if !errors.Is(replies[1].Err, keyspace.ErrWrongType) || replies[0].Err != nil || replies[2].Int != 2 || replies[3].Int != 3 {
		t.Errorf("replies %+v", replies)
	}
	after := n.Stats()
	if records, commits := after.Records-before.Records, after.Commits-before.Commits; records != 3 || commits != 1 {
		t.Errorf("%d updates in %d commits, want 3 in 1", records, commits)
	}
}

// Who waits is served before the next command of a series, as if it had come by itself.
func TestWhoWaitsIsServedWithinASeries(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	w := pops(func() {})
	if err := inLoop(t, n, command.Await{Once: lpop(1), Wait: w}); err != nil {
		t.Fatal(err)
	}
	replies, err := n.ExecuteEach(context.Background(), []keyspace.Command{rpush("x"), lpop(1)})
	if err != nil {
		t.Fatal(err)
	}
	if len(replies[1].List) != 0 {
		t.Fatalf("the command after it got %q", replies[1].List) // who waits would wait for ever
	}
	if r, done, err := w.Await(context.Background()); err != nil || !done || len(r.List) != 1 {
		t.Errorf("who waited got %q, %v, %v", r.List, done, err)
	}
}

// What nobody waits for any more is not done; what was asked of a closed shard, neither.
func TestASeriesThatNobodyWaitsForIsNotDone(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := n.ExecuteEach(ctx, []keyspace.Command{command.Set{Key: b("k"), Value: b("v")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if read(t, n, command.Get{Key: b("k")}).Found {
		t.Error("it was done")
	}
	n.stop()
	if _, err := n.ExecuteEach(context.Background(), []keyspace.Command{command.Set{Key: b("k"), Value: b("v")}}); !errors.Is(err, keyspace.ErrClosed) {
		t.Errorf("error %v of a closed shard", err)
	}
}
