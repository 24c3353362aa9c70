package rel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace/command"
)

// Both sides of a partition SET one key; after it they differed for ever.
func TestRel_KeyDB366_SplitBrainConverges(t *testing.T) {
	r := fresh(t, 3)
	r[0].set("b", "b1")
	settle(t, r...)
	for i, v := range []string{"b2", "b1", "b3"} {
		time.Sleep(2 * time.Millisecond) // so that the last one has the greatest stamp
		r[i].set("b", v)
	}
	settle(t, r...)
	for i := range r {
		if v := r[i].get("b"); v != "b3" {
			t.Errorf("replica %d shows %q, want b3", i, v)
		}
	}
}

// Two regions SET at the same instant, here with equal wall clocks: the values swapped,
// and stayed so.
func TestRel_KeyDB247_SimultaneousSetNoSwap(t *testing.T) {
	now := wall{time.Now().UnixMilli()}
	a, b := open(t, vfs.NewMem(), now), open(t, vfs.NewMem(), now)
	for i := range 50 {
		key := fmt.Sprintf("k%d", i)
		a.set(key, "a")
		b.set(key, "b")
	}
	settle(t, a, b)
	for i := range 50 {
		key := fmt.Sprintf("k%d", i)
		if x, y := a.get(key), b.get(key); x != y || x == "" {
			t.Errorf("%s: %q and %q", key, x, y)
		}
	}
}

// A key deleted while a node was down came back with it.
func TestRel_KeyDB83_DeleteDuringDown(t *testing.T) {
	disk := vfs.NewMem()
	a, b := fresh(t, 1)[0], open(t, disk, clock.NewSystem())
	a.set("k", "v")
	a.add("s", "m")
	a.incr("n")
	settle(t, a, b)
	b.stop()
	a.del("k")
	a.del("s")
	a.del("n")
	b = open(t, disk, clock.NewSystem())
	b.set("other", "1") // it lives again before it hears of the deletes
	settle(t, a, b)
	for _, r := range []*replica{a, b} {
		if r.get("k") != "" || r.members("s") != "" || r.get("n") != "" {
			t.Errorf("deleted keys are back: %q {%s} %q", r.get("k"), r.members("s"), r.get("n"))
		}
	}
}

// One of three was restarted during INCR: 26359, 26359 and 17163.
func TestRel_KeyDB111_IncrWithRestart(t *testing.T) {
	disk := vfs.NewMem()
	r := []*replica{open(t, disk, clock.NewSystem()), fresh(t, 1)[0], fresh(t, 1)[0]}
	const each = 40
	for life := range 5 {
		var load sync.WaitGroup
		for _, x := range r {
			load.Go(func() {
				for range each {
					x.incr("n")
				}
			})
		}
		load.Wait()
		if life == 2 {
			r[1].merge(r[0].log()...) // only one peer has it when the node goes
		}
		settle(t, r...)
		r[0].stop()
		r[0] = open(t, disk, clock.NewSystem())
	}
	for i := range r {
		if v := r[i].get("n"); v != fmt.Sprint(5*each*3) {
			t.Errorf("replica %d counts %s, want %d", i, v, 5*each*3)
		}
	}
}

// Three writers instead of two.
func TestRel_KeyDB142_ThreeNodes(t *testing.T) {
	r := fresh(t, 3)
	for range 10 {
		for i, x := range r {
			x.set("k", fmt.Sprint("from ", i))
			x.incr("n")
			x.add("s", fmt.Sprint(i))
			x.remove("s", fmt.Sprint((i+1)%3))
		}
		settle(t, r...)
	}
	if r[0].get("n") != "30" || r[1].get("n") != "30" || r[2].get("n") != "30" {
		t.Errorf("counts %s %s %s, want 30", r[0].get("n"), r[1].get("n"), r[2].get("n"))
	}
}

// r0: put, put, delete; r1: put. The same history gave other values by arrival.
func TestRel_GoDSCRDT238_PutPutDelete(t *testing.T) {
	r := fresh(t, 2)
	r[0].set("k", "1")
	r[1].set("k", "2")
	r[0].set("k", "3")
	r[0].del("k")
	frames := append(r[0].log(), r[1].log()...)
	for range 12 { // any order, duplicates among them
		late := fresh(t, 1)[0]
		shuffled := append(slices.Clone(frames), frames[rand.IntN(len(frames))])
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		late.merge(shuffled...)
		settle(t, r[0], r[1])
		same(t, r[0], late)
		if v := late.get("k"); v != "2" {
			t.Errorf("shows %q, want the put that no delete saw", v)
		}
	}
}

// Two replicas took the same slot of a counter: +1 and +1 made 1.
func TestRel_CounterSlotCollision(t *testing.T) {
	for range 5 {
		disk := vfs.NewMem()
		a, b := open(t, disk, clock.NewSystem()), fresh(t, 1)[0]
		a.incr("n")
		b.incr("n")
		a.stop()
		a = open(t, disk, clock.NewSystem()) // also not with its own earlier life
		first := b.digest().Vector
		a.incr("n")
		b.incr("n")
		// What the first life wrote is only on its disk: the second life's log begins later.
		if a.get("n") != "2" || b.get("n") != "2" || first.LessEq(a.digest().Vector) {
			t.Fatalf("before they meet: %s and %s", a.get("n"), b.get("n"))
		}
		a.merge(b.log()...)
		await(t, "four increments", func() bool { return a.get("n") == "4" })
	}
}

// Set changes arrived out of order, and the holes acted as deletes.
func TestRel_Akka22188_DeltaHole(t *testing.T) {
	a := fresh(t, 1)[0]
	for i := range 8 {
		a.add("s", fmt.Sprint(i))
	}
	a.remove("s", "3")
	frames := a.log()
	slices.Reverse(frames)
	b := fresh(t, 1)[0]
	b.merge(frames[:len(frames)-1]...) // all but the first
	if got := b.members("s"); got != "" {
		t.Errorf("with a hole it shows {%s}", got)
	}
	b.merge(frames[len(frames)-1])
	same(t, a, b)
	if got := b.members("s"); got != "0 1 2 4 5 6 7" {
		t.Errorf("{%s}", got)
	}
}

// A remove arrived before the add it saw, and half an element stayed.
func TestRel_CRDTRedis_RemoveBeforeAdd(t *testing.T) {
	r := fresh(t, 3)
	r[0].add("s", "x")
	r[1].merge(r[0].log()...)
	await(t, "x", func() bool { return r[1].members("s") == "x" })
	r[1].remove("s", "x")
	removal := r[1].log()
	slices.Reverse(removal)
	for _, f := range removal {
		if f.Origin != r[0].shard.Stats().Origin {
			r[2].merge(f)
		}
	}
	r[2].set("mine", "1") // the gate delays nobody else
	r[2].merge(r[0].log()...)
	r[0].merge(r[1].log()...)
	settle(t, r...)
	for i := range r {
		if got := r[i].members("s"); got != "" {
			t.Errorf("replica %d holds {%s}", i, got)
		}
	}
}

// The power was cut right after OK, and the write was gone.
func TestRel_NATS_AckedBeforeFsync(t *testing.T) {
	disk := vfs.NewCrashableMem()
	a := open(t, disk, clock.NewSystem())
	for i := range 50 {
		a.set(fmt.Sprint("k", i), "v")
		if i%10 != 9 {
			continue
		}
		after := open(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0}), clock.NewSystem())
		for j := range i + 1 {
			if after.get(fmt.Sprint("k", j)) != "v" {
				t.Fatalf("k%d was acknowledged and is gone", j)
			}
		}
		after.stop()
	}
}

// A backup came back, and what was written under old names again was dropped. Here it
// gets back its lost tail, and nothing of either life is lost.
func TestRel_Riak1094_BackupRestore(t *testing.T) {
	disk := vfs.NewCrashableMem()
	a, b := open(t, disk, clock.NewSystem()), fresh(t, 1)[0]
	a.incr("n")
	backup := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})
	for range 10 {
		a.incr("n")
	}
	b.merge(a.log()...)
	same(t, a, b)
	a.stop()
	a = open(t, backup, clock.NewSystem())
	for range 10 { // as many as were lost: reused names would collide
		a.incr("n")
	}
	settle(t, a, b)
	if a.get("n") != "21" || b.get("n") != "21" {
		t.Errorf("%s and %s, want 21", a.get("n"), b.get("n"))
	}
}

// A directory was lost, and the new life's writes were taken for known ones.
func TestRel_Riak679_Doomstone(t *testing.T) {
	a, b := fresh(t, 1)[0], fresh(t, 1)[0]
	a.set("k", "1")
	a.incr("n")
	settle(t, a, b)
	b.del("k")
	b.del("n")
	settle(t, a, b)
	a.stop()
	a = fresh(t, 1)[0] // empty disk, and it writes before it hears anything
	a.set("k", "2")
	a.incr("n")
	settle(t, a, b)
	if a.get("k") != "2" || b.get("k") != "2" || b.get("n") != "1" {
		t.Errorf("k %q %q, n %q", a.get("k"), b.get("k"), b.get("n"))
	}
}

// One stamp of the year 2100 froze a key, or pulled every clock after it.
func TestRel_FutureStamp(t *testing.T) {
	now := time.Now().UnixMilli()
	far := open(t, vfs.NewMem(), wall{now + 75*365*24*3600*1000})
	b := fresh(t, 1)[0]
	far.set("k", "from 2100")
	b.merge(far.log()...)
	await(t, "parked", func() bool { return b.shard.Stats().Waiting.Parked == 1 })
	b.set("k", "today")
	b.do(command.Incr{Key: []byte("n"), Delta: 1})
	if b.get("k") != "today" || b.hlc.Last().WallMillis() > time.Now().Add(time.Minute).UnixMilli() {
		t.Errorf("k %q, clock at %d", b.get("k"), b.hlc.Last().WallMillis())
	}
}

// A stamp of 2100, once it was in, was the time by which keys ended: all of them did.
func TestRel_TTLFutureStamp(t *testing.T) {
	now := time.Now().UnixMilli()
	far := open(t, vfs.NewMem(), wall{now + 75*365*24*3600*1000})
	b := fresh(t, 1)[0]
	hour := command.Lifetime{As: command.EndsIn, Millis: 3600_000}
	b.do(command.Set{Key: []byte("k"), Value: []byte("v"), Life: hour})
	far.set("j", "from 2100")
	far.do(command.Expire{Key: []byte("j"), Life: hour})
	b.merge(far.log()...)
	await(t, "parked", func() bool { return b.shard.Stats().Waiting.Parked > 0 })
	left := func(key string) int64 { return b.do(command.TTL{Key: []byte(key)})[0].Int }
	if ms := left("k"); ms > 3600_000 || ms < 3500_000 {
		t.Errorf("%d ms left while it is parked", ms)
	}
	if _, err := b.shard.AcceptParked(t.Context(), far.shard.Stats().Origin); err != nil {
		t.Fatal(err)
	}
	await(t, "what was accepted", func() bool { return b.get("j") == "from 2100" })
	if ms := left("k"); ms > 3600_000 || ms < 3500_000 {
		t.Errorf("%d ms left once it is accepted", ms)
	}
	b.do(command.Set{Key: []byte("k"), Value: []byte("w"), Life: hour})
	if ms := left("k"); ms > 3600_000 || ms < 3500_000 {
		t.Errorf("%d ms left of an hour from now", ms)
	}
}

// A bound on the distance of a stamp from now, in both directions, refused legal old
// writes, as of a region that was away for long.
func TestRel_HLCOldStampRejected(t *testing.T) {
	old, b := open(t, vfs.NewMem(), wall{1000}), fresh(t, 1)[0] // 1970
	old.set("k", "old")
	b.merge(old.log()...)
	await(t, "the old write", func() bool { return b.get("k") == "old" })
	old.merge(b.log()...)
	same(t, old, b)
}
