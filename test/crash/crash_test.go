package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/crashdisk"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var (
	everything = flag.Bool("all", false, "every crash and every failure, not a sample")
	seedFlag   = flag.Uint64("seed", 0, "chooses script and sample; 0: by the clock")
)

// Sizes of the samples.
const (
	crashSample   = 300
	failureSample = 150
	workers       = 2
	fullFor       = 60 // operations for which a disk stays full: writers wait for room meanwhile
)

func seed(t *testing.T) uint64 {
	t.Helper()
	n := *seedFlag
	if n == 0 {
		n = uint64(time.Now().UnixNano()) % 1_000_000
	}
	t.Logf("seed %d: again with -seed %d", n, n)
	return n
}

// injector is asked before each operation that changes the disk.
type injector func(op errorfs.Op) error

func (i injector) String() string { return "injector" }

func (i injector) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	return i(op)
}

// countOperations returns how many operations the script makes, those of opening and closing
// included or not. Runs differ by a few.
func countOperations(t *testing.T, ref *reference, opening bool) int {
	t.Helper()
	var n atomic.Int64
	r := &run{}
	r.fs = errorfs.Wrap(crashdisk.New(), injector(func(errorfs.Op) error {
		if r.serving.Load() || opening {
			n.Add(1)
		}
		return nil
	}))
	if err := r.play(ref.steps); err != nil {
		t.Fatal(err)
	}
	if n.Load() < scriptCommands/2 {
		t.Fatalf("only %d operations seen", n.Load())
	}
	return int(n.Load())
}

// crash is a disk as the loss of power left it, and what was promised by then.
type crash struct {
	fs            *vfs.MemFS
	op            string
	percent       int
	acked, issued int64
}

// camera takes crashes, before the operations that it is to take.
type camera struct {
	run  *run
	disk *crashdisk.Disk
	take func() bool
	out  chan<- crash

	mu  sync.Mutex
	rng *rand.Rand
	ops int
}

func (c *camera) see(op errorfs.Op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops++
	for _, percent := range []int{0, 50, 100} {
		if !c.take() {
			continue
		}
		// What was promised is read first, and what was begun last: what comes between may or may not
		// be in the picture.
		k := crash{percent: percent, acked: c.run.acked.Load(), op: fmt.Sprintf("op %d: %v %s", c.ops, op.Kind, op.Path)}
		k.fs = c.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng})
		k.issued = c.run.issued.Load()
		c.out <- k
	}
	return nil
}

// TestPowerLossAnywhereLeavesAPrefixOfTheShard: F02 and F03 through commit loop, both doors and
// store.
func TestPowerLossAnywhereLeavesAPrefixOfTheShard(t *testing.T) {
	n := seed(t)
	ref := newReference(t, n)
	total := 3 * countOperations(t, ref, true)
	rng := rand.New(rand.NewPCG(n, 2))
	disk, crashes := crashdisk.New(), make(chan crash, workers)
	r := &run{}
	cam := &camera{run: r, disk: disk, out: crashes, rng: rng, take: func() bool { return *everything || rng.IntN(total) < crashSample }}
	r.fs = errorfs.Wrap(disk, injector(cam.see))
	var inspected atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for k := range crashes {
				inspected.Add(1)
				if err := ref.inspect(k.fs, k.acked, k.issued); err != nil {
					t.Errorf("%s, %d %% of unsynced data, after step %d: %v", k.op, k.percent, k.acked, err)
				}
			}
		})
	}
	if err := r.play(ref.steps); err != nil {
		t.Error(err)
	}
	close(crashes)
	wg.Wait()
	t.Logf("figure: %d commands, %d operations, %d crashes inspected", scriptCommands, cam.ops, inspected.Load())
	if inspected.Load() < crashSample/2 {
		t.Error("too few crashes were inspected")
	}
}

// failure is the nth operation of an open store failing: alone, or with those after it that
// need space. Operations of opening and closing are left alone: Pebble may panic in a goroutine of
// its own after an Open that failed behind the replay of its log.
type failure struct {
	nth    int64
	err    error
	lasts  bool
	run    *run
	seen   atomic.Int64
	synced atomic.Int64 // steps begun when a sync or write of the log failed, -1 before
	op     atomic.Value
}

func (f *failure) see(op errorfs.Op) error {
	if !f.run.serving.Load() {
		return nil
	}
	n := f.seen.Add(1)
	if n < f.nth || n > f.nth && !(f.lasts && n < f.nth+fullFor && needsSpace(op)) {
		return nil
	}
	f.op.CompareAndSwap(nil, fmt.Sprintf("%v %s", op.Kind, op.Path))
	if kills(op) {
		f.synced.CompareAndSwap(-1, f.run.issued.Load())
	}
	return f.err
}

func needsSpace(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpRemove, errorfs.OpRemoveAll, errorfs.OpFileClose, errorfs.OpLock:
		return false
	}
	return true
}

// kills tells whether the store must die of a failure of op: what it was to sync may be lost.
func kills(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpFileWrite:
		return strings.HasSuffix(op.Path, ".log")
	}
	return false
}

// TestAFailingOperationLosesNothingAcknowledged: F08 and F09 through commit loop, both doors and
// store.
func TestAFailingOperationLosesNothingAcknowledged(t *testing.T) {
	n := seed(t)
	ref := newReference(t, n)
	ops := countOperations(t, ref, false)
	rng := rand.New(rand.NewPCG(n, 3))
	var all []*failure
	for nth := 1; nth <= ops; nth++ {
		all = append(all, &failure{nth: int64(nth), err: syscall.EIO}, &failure{nth: int64(nth), err: syscall.ENOSPC, lasts: true})
	}
	if !*everything {
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:min(failureSample, len(all))]
	}
	var next, stopped, deadly atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				f := all[i]
				ended, err := f.try(ref)
				if err != nil {
					t.Errorf("operation %d (%v) fails with %v: %v", f.nth, f.op.Load(), f.err, err)
				}
				if ended != nil {
					stopped.Add(1)
				}
				if f.synced.Load() >= 0 {
					deadly.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("figure: %d commands, %d of 2 × %d failures tried: %d ended the script, %d of them in the write-ahead log", scriptCommands, len(all), ops, stopped.Load(), deadly.Load())
	if deadly.Load() == 0 {
		t.Error("no failure hit the write-ahead log")
	}
}

// try plays the script under the failure, and returns what ended it, and what is wrong.
func (f *failure) try(ref *reference) (ended, wrong error) {
	disk := crashdisk.New()
	f.run = &run{}
	f.run.fs = errorfs.Wrap(disk, injector(f.see))
	f.synced.Store(-1)
	ended = f.run.play(ref.steps)
	if errors.Is(ended, context.DeadlineExceeded) {
		return ended, fmt.Errorf("it hangs: %w", ended)
	}
	wrong = f.afterwards(ended)
	acked, issued := f.run.acked.Load(), f.run.issued.Load()
	for _, percent := range []int{0, 100} {
		left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, 1))})
		if err := ref.inspect(left, acked, issued); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%d %% of unsynced data, ended by %v: %w", percent, ended, err))
		}
	}
	return ended, wrong
}

// afterwards checks that a store that died says so and takes nothing, and closes it.
func (f *failure) afterwards(ended error) error {
	if at := f.synced.Load(); at >= 0 && (ended == nil || f.run.acked.Load() > at) {
		return fmt.Errorf("step %d was acknowledged, the write-ahead log failed during step %d; ended by %v", f.run.acked.Load(), at, ended)
	}
	s := f.run.shard
	if s == nil {
		return nil // it did not open, or has been closed
	}
	dead := s.db.Alive()
	if dead != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if _, err := s.Execute(ctx, command.Set{Key: []byte("late"), Value: []byte("x")}); err == nil || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("a dead store answered a write with %w", err)
		}
	}
	if err := f.run.close(); dead != nil && !errors.Is(err, store.ErrDead) {
		return fmt.Errorf("closing a dead store: %w", err)
	}
	return nil
}
