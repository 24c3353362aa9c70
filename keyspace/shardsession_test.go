package keyspace_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// carry gives a node all frames that another has written, from the first to the last.
func carry(t *testing.T, from, to *node) {
	t.Helper()
	heads, moved := from.Durable()
	for seen := from.Seen(); !seen.LessEq(vectorOf(heads)); heads, moved = from.Durable() {
		<-moved // acknowledged, and not yet given to those who ship it
	}
	view := from.db.View()
	defer view.Close()
	for _, h := range heads {
		for after := clock.Seq(0); after < h.Seq; {
			bytes, err := from.db.Log(0).Next(view, h.Origin, after)
			if err != nil {
				t.Fatal(err)
			}
			f, err := oplog.Decode(bytes)
			if err != nil {
				t.Fatal(err)
			}
			merged := make(chan error, 1)
			if err := to.Merge(t.Context(), f, func(err error) { merged <- err }); err != nil {
				t.Fatal(err)
			}
			if err := <-merged; err != nil {
				t.Fatal(err)
			}
			after = f.Last()
		}
	}
}

func vectorOf(heads []store.Head) (v clock.VersionVector) {
	for _, h := range heads {
		v.Advance(h.Origin, h.Seq)
	}
	return v
}

func TestAwaitNamesWhatIsMissing(t *testing.T) {
	us, eu := start(t, vfs.NewMem(), "us"), start(t, vfs.NewMem(), "eu")
	do(t, us, command.Set{Key: b("k"), Value: b("1")})
	do(t, us, command.Set{Key: b("k"), Value: b("2")})
	if err := us.Await(t.Context(), us.Seen()); err != nil {
		t.Errorf("a node lacks what it has shown: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := eu.Await(ctx, us.Seen())
	var missing *keyspace.MissingError
	if !errors.As(err, &missing) || missing.Updates != 2 || len(missing.Of) != 1 {
		t.Fatalf("before it has anything: %v", err)
	}
}

func TestAwaitWakesWhenTheUpdateArrives(t *testing.T) {
	us, eu := start(t, vfs.NewMem(), "us"), start(t, vfs.NewMem(), "eu")
	do(t, us, command.Set{Key: b("k"), Value: b("1")})
	waited := make(chan error, 1)
	seen := us.Seen()
	go func() { waited <- eu.Await(t.Context(), seen) }()
	do(t, eu, command.Set{Key: b("other"), Value: b("x")}) // a commit that does not bring it
	select {
	case err := <-waited:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	carry(t, us, eu)
	select {
	case err := <-waited:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it was not woken")
	}
	if r := read(t, eu, command.Get{Key: b("k")}); string(r.Value) != "1" {
		t.Errorf("after waiting it reads %q", r.Value)
	}
}

func TestAwaitNamesNodesItKnows(t *testing.T) {
	us, eu := start(t, vfs.NewMem(), "us"), start(t, vfs.NewMem(), "eu")
	do(t, us, command.Set{Key: b("k"), Value: b("1")})
	carry(t, us, eu)
	do(t, us, command.Set{Key: b("k"), Value: b("2")})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := eu.Await(ctx, us.Seen())
	var missing *keyspace.MissingError
	if !errors.As(err, &missing) || missing.Updates != 1 || !slices.Equal(missing.Of, []string{"us/n1"}) {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(err.Error(), "1 update of us/n1") {
		t.Error(err)
	}
}

func TestAwaitEndsWithTheShard(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	var v clock.VersionVector
	v.Advance(7, 1)
	waited := make(chan error, 1)
	go func() { waited <- n.Await(context.Background(), v) }()
	time.Sleep(10 * time.Millisecond)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; !errors.Is(err, keyspace.ErrClosed) {
		t.Error(err)
	}
}
