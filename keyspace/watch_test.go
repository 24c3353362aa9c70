package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// inLoop runs a command in the commit loop, whatever it is.
func inLoop(t *testing.T, n *node, c keyspace.Command) error {
	t.Helper()
	wait, err := n.Begin(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = wait()
	return err
}

func watch(t *testing.T, n *node, keys ...string) *keyspace.Watch {
	t.Helper()
	w := &keyspace.Watch{}
	t.Cleanup(w.Close)
	for _, key := range keys {
		if err := inLoop(t, n, command.Watch{List: [][]byte{b(key)}, As: w}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestWatchSeesEveryChange looks at each way in which a key changes.
func TestWatchSeesEveryChange(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	k := b("k")
	x, y := [][]byte{b("x")}, [][]byte{b("y")}
	for i, c := range []struct {
		before []keyspace.Command
		change []keyspace.Command
		holds  bool
	}{
		{nil, nil, true},
		{nil, []keyspace.Command{command.Get{Key: k}}, true},
		{nil, []keyspace.Command{command.Set{Key: b("other"), Value: b("v")}}, true},
		{nil, []keyspace.Command{command.Delete{List: [][]byte{k}}}, true},
		{nil, []keyspace.Command{command.Set{Key: k, Value: b("v")}}, false},
		{[]keyspace.Command{command.Set{Key: k, Value: b("v")}}, []keyspace.Command{command.Set{Key: k, Value: b("v")}}, false},
		{[]keyspace.Command{command.Set{Key: k, Value: b("v")}}, []keyspace.Command{command.Delete{List: [][]byte{k}}}, false},
		{[]keyspace.Command{command.Incr{Key: k, Delta: 1}}, []keyspace.Command{command.Incr{Key: k, Delta: 1}}, false},
		{[]keyspace.Command{command.SAdd{Key: k, Members: append(x, y...)}}, []keyspace.Command{command.SRem{Key: k, Members: x}}, false},
		{[]keyspace.Command{command.SAdd{Key: k, Members: x}}, []keyspace.Command{command.SRem{Key: k, Members: y}}, true},
		{[]keyspace.Command{command.SAdd{Key: k, Members: x}}, []keyspace.Command{command.SRem{Key: k, Members: x}, command.SAdd{Key: k, Members: x}}, false},
		{[]keyspace.Command{command.HIncr{Key: k, Field: b("f"), Delta: 1}}, []keyspace.Command{command.HIncr{Key: k, Field: b("f"), Delta: 1}}, false},
		{[]keyspace.Command{command.HIncr{Key: k, Field: b("f"), Delta: 1}, command.HIncr{Key: k, Field: b("g"), Delta: 1}}, []keyspace.Command{command.HDel{Key: k, Fields: [][]byte{b("f")}}}, false},
	} {
		do(t, n, command.Delete{List: [][]byte{k}})
		if len(c.before) > 0 {
			do(t, n, c.before...)
		}
		w := watch(t, n, "k")
		for _, change := range c.change {
			do(t, n, change)
		}
		err := inLoop(t, n, command.Multi{Commands: []keyspace.Command{command.Incr{Key: b("runs"), Delta: 1}}, If: w})
		if c.holds && err != nil || !c.holds && !errors.Is(err, command.ErrChanged) {
			t.Errorf("%d: %v, holds: %v", i, err, c.holds)
		}
		w.Close()
	}
	if r := read(t, n, command.Get{Key: b("runs")}); string(r.Value) != "5" {
		t.Errorf("%s transactions ran", r.Value)
	}
}

func TestWatchOfSeveralKeysKeepsTheFirstLook(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	w := watch(t, n, "a", "b")
	do(t, n, command.Set{Key: b("b"), Value: b("v")})
	if !w.Has("", b("a")) || w.Has("", b("c")) {
		t.Error("which keys are watched?")
	}
	if err := inLoop(t, n, command.Watch{List: [][]byte{b("b")}, As: w}); err != nil {
		t.Fatal(err)
	}
	if err := inLoop(t, n, command.Multi{If: w}); !errors.Is(err, command.ErrChanged) {
		t.Errorf("watched again after the change: %v", err)
	}
}

func TestWatchInTheSameBatch(t *testing.T) {
	c := newRegion(2)
	w := &keyspace.Watch{}
	execute := func(cmd keyspace.Command) error {
		_, _, err := c.Execute([]keyspace.Command{cmd})
		return err
	}
	if err := execute(command.Watch{List: [][]byte{b("k")}, As: w}); err != nil {
		t.Fatal(err)
	}
	if err := execute(command.Multi{If: w}); err != nil {
		t.Fatal(err)
	}
	c.do(t, command.Set{Key: b("k"), Value: b("v")})
	if err := execute(command.Multi{If: w}); !errors.Is(err, command.ErrChanged) { // nothing is committed yet
		t.Errorf("%v", err)
	}
	c.commit()
}

// TestWatchSeesWhatARecordOfAnotherOriginChanges merges between the look and the transaction.
func TestWatchSeesWhatARecordOfAnotherOriginChanges(t *testing.T) {
	us, eu := newRegion(2), newRegion(3)
	us.do(t, command.SAdd{Key: b("s"), Members: [][]byte{b("x"), b("y")}})
	us.commit()
	eu.Merge(us.frames[0], func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
	eu.commit()
	w := &keyspace.Watch{}
	if _, _, err := eu.Execute([]keyspace.Command{command.Watch{List: [][]byte{b("s")}, As: w}}); err != nil {
		t.Fatal(err)
	}
	us.do(t, command.SRem{Key: b("s"), Members: [][]byte{b("x")}})
	us.commit()
	eu.Merge(us.frames[1], func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
	if _, _, err := eu.Execute([]keyspace.Command{command.Multi{If: w}}); !errors.Is(err, command.ErrChanged) {
		t.Errorf("%v", err)
	}
}

// A field that ends is a change of its hash, at once and not only when it is deleted.
func TestTheEndOfAFieldIsAChange(t *testing.T) {
	for name, x := range map[string]struct {
		pass  time.Duration
		holds bool
	}{"before": {500 * time.Millisecond, true}, "after": {1100 * time.Millisecond, false}} {
		c := newRegion(2)
		c.do(t, hset("k", "g", "v"), hsetEx("f", "v", 1000), hsetEx("later", "v", 5000))
		c.commit()
		w := &keyspace.Watch{}
		if _, _, err := c.Execute([]keyspace.Command{command.Watch{List: [][]byte{b("k")}, As: w}}); err != nil {
			t.Fatal(err)
		}
		c.pass(x.pass)
		if _, _, err := c.Execute([]keyspace.Command{command.Multi{If: w}}); errors.Is(err, command.ErrChanged) == x.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamageCountsAsAChange(t *testing.T) {
	c := newRegion(2)
	w := &keyspace.Watch{}
	if _, _, err := c.Execute([]keyspace.Command{command.Watch{List: [][]byte{b("k")}, As: w}}); err != nil {
		t.Fatal(err)
	}
	c.lose([]byte{0x10}, []byte{0x10, 1})
	if _, _, err := c.Execute([]keyspace.Command{command.Multi{If: w}}); !errors.Is(err, command.ErrChanged) {
		t.Errorf("%v", err)
	}
}

func TestReadersCannotWatch(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	w := &keyspace.Watch{}
	for _, c := range []keyspace.Command{command.Watch{List: [][]byte{b("k")}, As: w}, command.Multi{If: w}} {
		if _, err := n.Read(context.Background(), c); !errors.Is(err, keyspace.ErrNotWatched) {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
}

// TestOptimisticCounters adds to a number by reading, watching and setting it, from many clients.
func TestOptimisticCounters(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	const clients, each = 4, 25
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for done := 0; done < each; {
				w := &keyspace.Watch{}
				if err := inLoop(t, n, command.Watch{List: [][]byte{b("n")}, As: w}); err != nil {
					t.Error(err)
					return
				}
				r, err := n.Read(context.Background(), command.Get{Key: b("n")})
				if err != nil {
					t.Error(err)
					return
				}
				var old int
				_, _ = fmt.Sscan(string(r.Value), &old) // nothing is 0
				err = inLoop(t, n, command.Multi{Commands: []keyspace.Command{command.Set{Key: b("n"), Value: fmt.Append(nil, old+1)}}, If: w})
				w.Close()
				if err == nil {
					done++
				} else if !errors.Is(err, command.ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if r := read(t, n, command.Get{Key: b("n")}); string(r.Value) != fmt.Sprint(clients*each) {
		t.Errorf("%s, want %d", r.Value, clients*each)
	}
}
