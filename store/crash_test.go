package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/crashdisk"
)

// crash is a file system as the loss of power left it, and what was promised by then.
type crash struct {
	fs      *vfs.MemFS
	op      string
	percent int
	acked   int64 // commits that must be there
	metaSet bool
}

// camera takes a crash before every operation that changes the disk.
type camera struct {
	fs      *crashdisk.Disk
	acked   atomic.Int64
	metaSet atomic.Bool

	mu  sync.Mutex
	rng *rand.Rand
	ops int
	all []crash
}

func (c *camera) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops++
	for _, percent := range []int{0, 50, 100} {
		// Promises are read first: what is acked later may or may not be in the picture.
		k := crash{acked: c.acked.Load(), metaSet: c.metaSet.Load(), percent: percent}
		k.op = fmt.Sprintf("op %d: %v %s", c.ops, op.Kind, op.Path)
		k.fs = c.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng})
		c.all = append(c.all, k)
	}
	return nil
}

func (*camera) String() string { return "camera" }

func crashOptions(fs vfs.FS) Options {
	return Options{Dir: "/atoll/data", FS: fs, MemTableBytes: 32 << 10, CacheBytes: 1 << 20}
}

// TestPowerLossAtEveryOperationLeavesAPrefix: whatever the instant, a reopened store
// holds a prefix of the commits with every acknowledged one, in cells, log and heads.
func TestPowerLossAtEveryOperationLeavesAPrefix(t *testing.T) {
	commits := script(60, 3000)
	commits[45].Cells = append(commits[45].Cells, Cell{
		Key: append([]byte{SpaceData}, "big"...), Value: make([]byte, 40<<10), // larger than a memtable
	})
	states := statesOf(commits)
	for _, inFlight := range []int{1, 8} {
		cam := &camera{fs: crashdisk.New(), rng: rand.New(rand.NewPCG(3, 4))}
		runScript(t, cam, commits, inFlight)
		if cam.ops < 100 {
			t.Fatalf("only %d operations seen", cam.ops)
		}
		inspectAll(t, cam.all, states)
		t.Logf("%d in flight: %d crashes", inFlight, len(cam.all))
	}
}

func inspectAll(t *testing.T, all []crash, states []*twin) {
	t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 2 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				if d := all[i].inspect(states); d != "" {
					t.Errorf("%d %% of unsynced data, %d acked, %s: %s", all[i].percent, all[i].acked, all[i].op, d)
				}
			}
		})
	}
	wg.Wait()
}

// runScript applies the commits while up to inFlight wait for their sync, truncates the log on
// the way and opens a second time in the middle.
func runScript(t *testing.T, cam *camera, commits []*Commit, inFlight int) {
	t.Helper()
	for _, part := range [][]*Commit{commits[:30], commits[30:]} {
		db := mustOpen(t, crashOptions(errorfs.Wrap(cam.fs, cam)))
		flight := make(chan Pending, inFlight-1)
		var acks sync.WaitGroup
		acks.Go(func() {
			for p := range flight {
				if err := p.Acked(); err != nil {
					t.Error(err)
				}
				cam.acked.Add(1)
			}
		})
		for i, c := range part {
			flight <- mustApply(t, db, c)
			if i == 20 {
				check(t, db.SetMeta("name", []byte("value")))
				cam.metaSet.Store(true)
			}
			if i%10 == 9 {
				upTo := clock.VectorOf(clock.Entry{Origin: 0xa1, Seq: clock.Seq(i)}, clock.Entry{Origin: 0xb2, Seq: 5})
				check(t, db.Log(0).Truncate(upTo))
			}
		}
		close(flight)
		acks.Wait()
		check(t, db.Close())
	}
}

func statesOf(commits []*Commit) []*twin {
	var states []*twin
	for n := range len(commits) + 1 {
		w := newTwin()
		for _, c := range commits[:n] {
			w.apply(c)
		}
		states = append(states, w)
	}
	return states
}

// inspect reopens the crash and compares it with the state after as many commits as it
// holds.
func (k *crash) inspect(states []*twin) string {
	db, err := Open(crashOptions(k.fs))
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	last, err := db.Get(append([]byte{SpaceData}, "last"...))
	if err != nil {
		return err.Error()
	}
	n := 0
	if last != nil {
		fmt.Sscan(string(last), &n)
		n++
	}
	if int64(n) < k.acked {
		return fmt.Sprintf("%d commits left", n)
	}
	if meta, err := db.Meta("name"); err != nil || k.metaSet && string(meta) != "value" {
		return fmt.Sprintf("meta %q, %v", meta, err)
	}
	return states[n].differs(db)
}
