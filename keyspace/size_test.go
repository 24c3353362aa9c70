package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// scanned lists all keys by SCAN.
func scanned(t *testing.T, n *node) (keys [][]byte) {
	t.Helper()
	for scan := (command.Scan{Limit: 100}); ; {
		r := read(t, n, scan)
		keys = append(keys, r.List...)
		if scan.Cursor = r.Cursor; len(r.Cursor) == 0 {
			return keys
		}
	}
}

// TestSizeIsWhatAScanFinds compares after every change, those of deleted and emptied keys among them.
func TestSizeIsWhatAScanFinds(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	d := rand.New(rand.NewPCG(1, 1))
	for step := range 300 {
		key := b(fmt.Sprint("k", d.IntN(20)))
		if d.IntN(3) == 0 {
			key = b(fmt.Sprint("{one slot}", d.IntN(20)))
		}
		do(t, n, command.Delete{List: [][]byte{key}})
		switch d.IntN(6) {
		case 0:
			do(t, n, command.Set{Key: key, Value: b("v")})
		case 1:
			do(t, n, command.SAdd{Key: key, Members: manyMembers(30)})
		case 2:
			do(t, n, command.SAdd{Key: key, Members: manyMembers(3)}, command.SRem{Key: key, Members: manyMembers(3)})
		case 3:
			do(t, n, command.HSet{Key: key, Fields: []command.FieldValue{{Field: b("f"), Value: b("v")}}})
		case 4:
			do(t, n, command.Incr{Key: key, Delta: 3})
		}
		size, err := n.Size(context.Background(), "")
		if want := len(scanned(t, n)); err != nil || size.Keys != int64(want) {
			t.Fatalf("step %d: %v, %v; a scan finds %d", step, size, err, want)
		}
	}
	if r := read(t, n, command.DBSize{}); r.Int != int64(len(scanned(t, n))) {
		t.Errorf("DBSIZE: %d", r.Int)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	do(t, n, command.Set{Key: b("more"), Value: b("v")})
	if _, err := n.Size(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for the count: %v", err)
	}
	if size, err := n.Size(context.Background(), ""); err != nil || size.Keys != int64(len(scanned(t, n))) {
		t.Errorf("after a count that was given up: %v, %v", size, err)
	}
}

func TestSamplesReachEveryKey(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	if r := read(t, n, command.RandomKey{Seed: 1}); r.Found {
		t.Errorf("a key of none: %q", r.Value)
	}
	want := map[string]bool{}
	for i := range 50 {
		key := fmt.Sprint("k", i)
		do(t, n, command.Set{Key: b(key), Value: b("v")})
		want[key] = true
	}
	do(t, n, command.Set{Key: b("gone"), Value: b("v")}, command.SAdd{Key: b("emptied"), Members: manyMembers(2)})
	do(t, n, command.Delete{List: [][]byte{b("gone")}}, command.SRem{Key: b("emptied"), Members: manyMembers(2)})
	seen := map[string]bool{}
	for seed := range uint64(2000) {
		r := read(t, n, command.RandomKey{Seed: seed})
		if !r.Found || !want[string(r.Value)] {
			t.Fatalf("seed %d: %v %q", seed, r.Found, r.Value)
		}
		seen[string(r.Value)] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%d of %d keys are ever picked", len(seen), len(want))
	}
}

func TestCountsAndSamplesAreNoPartOfWrites(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	for _, c := range []keyspace.Command{command.DBSize{}, command.RandomKey{}} {
		if _, err := n.Execute(context.Background(), command.Incr{Key: b("n"), Delta: 1}, c); !errors.Is(err, keyspace.ErrReadOnly) {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
}

// TestAKeyThatHasEndedCountsUntilItIsDeleted looks at collections too, which are opened to be counted.
func TestAKeyThatHasEndedCountsUntilItIsDeleted(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	do(t, n, command.SAdd{Key: b("s"), Members: manyMembers(2)}, command.Set{Key: b("k"), Value: b("v")}, command.Set{Key: b("stays"), Value: b("v")})
	for _, key := range []string{"s", "k"} {
		do(t, n, command.Expire{Key: b(key), Life: command.Lifetime{As: command.EndsIn, Millis: 30}})
	}
	for len(scanned(t, n)) > 1 {
		time.Sleep(5 * time.Millisecond)
	}
	if size, err := n.Size(context.Background(), ""); err != nil || size != (keyspace.Size{Keys: 3, Ending: 2}) {
		t.Errorf("nothing is deleted yet: %+v, %v", size, err)
	}
	do(t, n, command.SAdd{Key: b("s"), Members: manyMembers(1)}, command.Set{Key: b("k"), Value: b("v")})
	if size, err := n.Size(context.Background(), ""); err != nil || size != (keyspace.Size{Keys: 3}) {
		t.Errorf("written anew: %+v, %v", size, err)
	}
}

// TestACountThatIsGivenUpGoesOnLater counts many keys under a context that ends after some.
func TestACountThatIsGivenUpGoesOnLater(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	const keys = 3000
	var cmds []keyspace.Command
	for i := range keys {
		cmds = append(cmds, command.Incr{Key: b(fmt.Sprint("k", i)), Delta: 1})
	}
	do(t, n, cmds...)
	tries := 0
	for size := (keyspace.Size{}); size.Keys != keys; tries++ {
		ctx := &shortLived{Context: context.Background(), looks: 20}
		var err error
		if size, err = n.Size(ctx, ""); err != nil && !errors.Is(err, context.Canceled) || tries > 100 {
			t.Fatal(tries, size, err)
		}
	}
	if tries < 2 {
		t.Error("it was not given up")
	}
}

// shortLived ends when it was looked at a few times.
type shortLived struct {
	context.Context
	looks int
}

func (s *shortLived) Err() error {
	if s.looks--; s.looks < 0 {
		return context.Canceled
	}
	return nil
}
