package rel

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
)

// A node lost what it knew of its own past, not its name, and gave new writes the numbers
// of old ones: the others dropped them as known. Here it forgets again and again.
func TestRel_Riak1027_LocalAmnesia(t *testing.T) {
	disk := vfs.NewCrashableMem()
	a, b := open(t, disk, clock.NewSystem()), fresh(t, 1)[0]
	a.incr("n")
	settle(t, a, b)
	past := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})
	want := 1
	for life := range 5 {
		for range 4 {
			a.incr("n")
			want++
		}
		a.set("k", fmt.Sprint("life ", life))
		settle(t, a, b)
		b.del("k") // seen, so it is gone
		settle(t, a, b)
		a.stop()
		a = open(t, past.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0}), clock.NewSystem())
		a.set("k", fmt.Sprint("after ", life)) // nobody has seen this one
		a.incr("n")
		want++
		settle(t, a, b)
		if a.get("k") != fmt.Sprint("after ", life) || b.get("k") != a.get("k") || b.get("n") != fmt.Sprint(want) {
			t.Fatalf("life %d: k %q and %q, n %s, want %d", life, a.get("k"), b.get("k"), b.get("n"), want)
		}
	}
}

// Two writers drew one id from the clock. Here all clocks stand still at one time, and
// two of the disks are copies of one.
func TestRel_Riak1643_IdCollision(t *testing.T) {
	now := wall{time.Now().UnixMilli()}
	disk := vfs.NewCrashableMem()
	first := open(t, disk, now)
	first.incr("n")
	log := first.log()
	copied := func() *replica {
		return open(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0}), now)
	}
	all := []*replica{first, copied(), copied(), open(t, vfs.NewMem(), now)}
	seen := map[clock.Origin]bool{}
	for _, r := range all {
		r.incr("n")
		o := r.shard.Stats().Origin
		if seen[o] {
			t.Fatalf("origin %v twice", o)
		}
		seen[o] = true
	}
	all[3].merge(log...)
	settle(t, all...)
	if n := all[3].get("n"); n != "5" {
		t.Errorf("n = %s, want 5", n)
	}
}

// One missing dependency stalled everything behind it, for ever. Here it holds back only
// what depends on it, and lets it go when it comes.
func TestRel_CRDTRedis_CausalGapStuck(t *testing.T) {
	r := fresh(t, 4)
	r[0].set("cause", "1")
	r[1].merge(r[0].log()...)
	await(t, "the cause", func() bool { return r[1].get("cause") == "1" })
	r[1].set("effect", "2")
	effect := r[1].log()[1:] // without the cause that it relays
	r[2].set("other", "3")

	late := r[3]
	late.merge(effect...)
	late.merge(r[2].log()...)
	await(t, "what depends on nothing", func() bool { return late.get("other") == "3" })
	if late.get("effect") != "" || late.shard.Stats().Waiting.Frames == 0 {
		t.Fatalf("an effect without its cause: %q", late.get("effect"))
	}
	late.merge(r[0].log()...)
	await(t, "the effect", func() bool { return late.get("effect") == "2" })
	if w := late.shard.Stats().Waiting; w.Frames != 0 {
		t.Errorf("still waiting: %+v", w)
	}
	settle(t, r...)
}
