package rel

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store/oplog"
)

// chunkBytes makes even small states travel in many chunks.
const chunkBytes = 64

// takeOver hands a replica's whole state to another, as to one that the log is too short
// for.
func (r *replica) takeOver(from *replica) {
	r.t.Helper()
	ctx := context.Background()
	s, err := from.shard.Snapshot(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	declared, err := s.Declared()
	if err != nil {
		r.t.Fatal(err)
	}
	step := func(st keyspace.TransferStep) {
		r.t.Helper()
		if err := r.shard.Transfer(ctx, st); err != nil {
			r.t.Fatal(err)
		}
	}
	step(keyspace.TransferBegin{Heads: s.Heads(), Declared: declared})
	for r.shard.TransferState().Done < 1 {
		ch, err := s.Next(r.shard.TransferState().Position, chunkBytes)
		if err != nil {
			r.t.Fatal(err)
		}
		step(keyspace.TransferChunk{Chunk: ch})
	}
	step(keyspace.TransferEnd{})
}

// logAfter is what a replica can still send: its op log begins after a number of frames.
func (r *replica) logAfter(skip int) []*oplog.Frame { return r.log()[skip:] }

// A partition outlasted the replication backlog: the replica was filled anew from the
// other side, and the increments that only it had acknowledged were gone.
func TestRel_KeyDB_BacklogOverflow(t *testing.T) {
	a, b := fresh(t, 1)[0], fresh(t, 1)[0]
	a.incr("n")
	settle(t, a, b)
	seen := len(a.log())
	for range 40 {
		a.incr("n")
		a.set(fmt.Sprint("k", a.get("n")), "a")
	}
	for range 30 {
		b.incr("n")
		b.add("s", fmt.Sprint(b.get("n")))
	}
	b.takeOver(a) // a's log no longer reaches back to where b is
	b.merge(a.logAfter(seen + 40)...)
	a.merge(b.log()...)
	same(t, a, b)
	for _, r := range []*replica{a, b} {
		if n := r.get("n"); n != "71" {
			t.Errorf("%s increments are left of 71", n)
		}
		if len(r.members("s")) == 0 || r.get("k41") != "a" {
			t.Errorf("lost: {%s}, %q", r.members("s"), r.get("k41"))
		}
	}
}

// Away past every retention, a replica came back and brought deleted objects to life
// again; or, told to be strict, its own new ones were thrown away.
func TestRel_ADLingering(t *testing.T) {
	disk := vfs.NewMem()
	a, late := fresh(t, 1)[0], open(t, disk, clock.NewSystem())
	for i := range 20 {
		a.set(fmt.Sprint("k", i), "v")
		a.add("s", fmt.Sprint(i))
		a.incr("n")
	}
	settle(t, a, late)
	late.set("mine", "kept")
	late.add("s", "mine")
	tail := late.log()
	late.stop() // and away for years
	for i := range 20 {
		a.del(fmt.Sprint("k", i))
		a.remove("s", fmt.Sprint(i))
	}
	a.del("n")
	late = open(t, disk, clock.NewSystem())
	late.incr("n") // it does not know yet, and counts on top of what is reset elsewhere
	late.takeOver(a)
	a.merge(tail...)
	a.merge(late.log()...)
	same(t, a, late)
	for _, r := range []*replica{a, late} {
		for i := range 20 {
			if v := r.get(fmt.Sprint("k", i)); v != "" {
				t.Errorf("k%d is back: %q", i, v)
			}
		}
		if r.members("s") != "mine" || r.get("mine") != "kept" || r.get("n") != "1" {
			t.Errorf("s {%s}, mine %q, n %q", r.members("s"), r.get("mine"), r.get("n"))
		}
	}
}
