package keyspace_test

import (
	"context"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// pops waits for an element of l. Its attempts begin with a call of first.
func pops(first func()) *keyspace.Wait {
	return &keyspace.Wait{Keys: [][]byte{b("l")}, Type: crdt.TypeList, Try: func(key []byte) keyspace.Command {
		first()
		return command.Pop{Key: key, Count: 1}
	}}
}

// TestWhoGivesUpIsNotServed lets a wait be given up before it begins, and at the last moment: when its turn is
// next.
func TestWhoGivesUpIsNotServed(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	never := func() { t.Error("who has given up was served") }
	early, late := pops(never), pops(never)
	served := pops(late.Close)
	early.Close()
	for _, w := range []*keyspace.Wait{early, served, late} {
		if err := inLoop(t, n, command.Await{Once: lpop(1), Wait: w}); err != nil {
			t.Fatal(err)
		}
	}
	do(t, n, rpush("x y"))
	r, done, err := served.Await(context.Background())
	if err != nil || !done || len(r.List) != 1 || string(r.List[0]) != "x" {
		t.Errorf("%q, %v, %v", r.List, done, err)
	}
	if left := read(t, n, command.LRange{Key: b("l"), Stop: -1}).List; len(left) != 1 || string(left[0]) != "y" {
		t.Errorf("left: %q", left)
	}
}
