package node

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/store"
)

const testMiB = 1 << 20

// sizedFS is a disk in memory that says how much of it is free.
type sizedFS struct {
	vfs.FS
	free atomic.Int64
}

func (s *sizedFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(s.free.Load()), TotalBytes: 64 * testMiB}, nil
}

func (s *sizedFS) Unwrap() vfs.FS { return s.FS }

// guarded makes a guard of a disk with so much free beyond what the store keeps.
func guarded(t *testing.T, beyond int64) (*diskGuard, *sizedFS) {
	t.Helper()
	disk := &sizedFS{FS: vfs.NewMem()}
	disk.free.Store(64 * testMiB)
	db, err := store.Open(store.Options{Dir: "/data", FS: disk, CacheBytes: testMiB, MemTableBytes: testMiB, ReserveBytes: 4 * testMiB})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	disk.free.Store(db.Kept() + beyond)
	return newDiskGuard(db), disk
}

// TestADiskFillsUpAndHeals walks through the states of the guard.
func TestADiskFillsUpAndHeals(t *testing.T) {
	g, disk := guarded(t, 40*testMiB)
	for _, s := range []struct {
		what                   string
		beyond                 int64
		full, held, put, clear bool
	}{
		{"plenty: the reserve is taken", 40 * testMiB, false, true, true, true},
		{"just enough", 5 * testMiB, false, true, true, true},
		{"too little: the reserve is given back", 4*testMiB - 1, true, false, false, true},
		{"what that freed is for deletions", 8*testMiB - 1, true, false, false, true},
		{"not even for these", testMiB - 1, true, false, false, false},
		{"better, and not enough to go on", 10*testMiB - 1, true, false, false, true},
		{"good again", 10 * testMiB, false, true, true, true},
	} {
		disk.free.Store(g.Kept() + s.beyond)
		g.step()
		g.step() // what was let in before is on disk
		if g.full != s.full || g.Reserve().Held() != s.held {
			t.Errorf("%s: full %v, reserve held %v", s.what, g.full, g.Reserve().Held())
		}
		if err := g.admit(100, false); (err == nil) != s.put {
			t.Errorf("%s: a write: %v", s.what, err)
		}
		if err := g.admit(100, true); (err == nil) != s.clear {
			t.Errorf("%s: a deletion: %v", s.what, err)
		}
		if text := g.alarm("/data"); (text != "") != s.full {
			t.Errorf("%s: alarm %q", s.what, text)
		}
	}
}

// TestNoWriteIsRefusedWithoutTheAlarm: where a write of an ordinary size is refused for good,
// operators are told.
func TestNoWriteIsRefusedWithoutTheAlarm(t *testing.T) {
	g, disk := guarded(t, 0)
	for beyond := int64(0); beyond < 12*testMiB; beyond += 100 << 10 {
		disk.free.Store(64 * testMiB)
		g.step()
		disk.free.Store(g.Kept() + beyond)
		g.step()
		g.step() // what was let in before is on disk
		if err := g.admit(64<<10, false); (err != nil) != (g.alarm("/data") != "") {
			t.Errorf("%d bytes beyond: %v, alarm %q", beyond, err, g.alarm("/data"))
		}
	}
}

// TestABurstBetweenTwoLooksIsBounded: what was let in counts before it is on the disk.
func TestABurstBetweenTwoLooksIsBounded(t *testing.T) {
	g, _ := guarded(t, 12*testMiB)
	g.step()
	admitted := 0
	for g.admit(64<<10, false) == nil {
		admitted += 64 << 10
		if admitted > 12*testMiB {
			break
		}
	}
	if admitted*diskCost > 10*testMiB || admitted == 0 {
		t.Errorf("%d bytes were let in with 10 MiB above the mark", admitted)
	}
	g.step()
	if g.admit(64<<10, false) == nil {
		t.Error("what was let in is forgotten after one look")
	}
	g.step()
	if err := g.admit(64<<10, false); err != nil {
		t.Errorf("two looks later: %v", err)
	}
}

func TestAFrameWaitsForSpace(t *testing.T) {
	g, disk := guarded(t, 0)
	g.step()
	ctx, cancel := context.WithTimeout(t.Context(), 2*diskEvery)
	defer cancel()
	if err := g.await(ctx, 1000); err == nil {
		t.Error("merged without space")
	}
	disk.free.Store(64 * testMiB)
	g.step()
	if err := g.await(t.Context(), 1000); err != nil {
		t.Error(err)
	}
}

func TestTheBudgetAddsUp(t *testing.T) {
	cfg := DefaultConfig()
	for _, c := range []struct{ limit, available, disk uint64 }{
		{0, 16 << 30, 1 << 40}, {0, 0, 0}, {minMemoryBytes, 1 << 30, 64 << 20}, {256 << 20, 1 << 30, 1 << 30}, {8 << 30, 16 << 30, 0},
	} {
		cfg.Memory.LimitBytes = int64(c.limit)
		b := cfg.shareOut(c.available, c.disk)
		if sum := programBytes + b.cache + b.cells + int64(b.memTables)*b.memTable + b.slack + b.heap; sum != b.limit {
			t.Errorf("%+v: parts add up to %d, limit %d", c, sum, b.limit)
		}
		if b.heap < b.limit*3/8 || b.ring+2*b.intake+b.window > b.heap/2 || b.stream > b.intake/2 || b.unread < 64<<10 || b.memTable < 1<<20 || b.window < 256<<10 {
			t.Errorf("%+v: %+v", c, b)
		}
	}
	if b := cfg.shareOut(0, 64<<20); b.memTable != 1<<20 {
		t.Errorf("a disk of 64 MiB gets tables of %d bytes", b.memTable)
	}
	if reserveFor(64<<20, 64<<20) != 4<<20 || reserveFor(64<<20, 1<<40) != 64<<20 || reserveFor(64<<20, 0) != 64<<20 || reserveFor(0, 1<<40) != 0 {
		t.Error("reserve")
	}
}

func TestClientsAreShedBeforeReplication(t *testing.T) {
	live := int64(0)
	g := &memGuard{limit: 1000, live: func() int64 { return live }}
	for _, c := range []struct {
		live        int64
		write, read bool
	}{{0, true, true}, {840, true, true}, {850, false, true}, {910, false, true}, {920, false, false}, {2000, false, false}, {100, true, true}} {
		live = c.live
		g.step()
		if write, read := g.refusal(true) == nil, g.refusal(false) == nil; write != c.write || read != c.read {
			t.Errorf("%d live: writes %v, reads %v", c.live, write, read)
		}
	}
	if liveHeap() < 0 {
		t.Error("the runtime does not tell")
	}
}

func TestALimitTooSmallIsRefusedNamingTheSmallest(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Region, cfg.Node, cfg.DataDir = "eu", "n1", t.TempDir()
	cfg.Memory.LimitBytes = minMemoryBytes
	if err := cfg.Validate(); err != nil {
		t.Errorf("the smallest: %v", err)
	}
	cfg.Memory.LimitBytes--
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "memory.limit_bytes") || !strings.Contains(err.Error(), "112MiB") {
		t.Errorf("below the smallest: %v", err)
	}
}

// Peers go on sending as long as they are let in: what is kept for deletions must be left.
func TestMergingLeavesSpaceForDeletions(t *testing.T) {
	g, _ := guarded(t, 3*testMiB)
	g.step()
	merged := 0
	for ; g.admitMerge(1024); merged++ {
		if merged > 1<<16 {
			t.Fatal("merging never ends")
		}
	}
	if merged == 0 {
		t.Fatal("nothing is merged")
	}
	if err := g.admit(1024, true); err != nil {
		t.Errorf("a deletion after %d updates of peers: %v", merged, err)
	}
}
