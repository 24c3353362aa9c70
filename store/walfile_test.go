package store

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// lateOptions opens a store whose log is synced when a test says so.
func lateOptions(fs vfs.FS) Options {
	opts := crashOptions(fs)
	opts.Fsync, opts.FsyncInterval = FsyncInterval, time.Hour
	return opts
}

// An acknowledged commit is with the operating system, though no sync has been: what the
// process leaves behind when it is killed has it.
func TestAnIntervalCommitSurvivesTheProcess(t *testing.T) {
	fs := vfs.NewCrashableMem()
	commits := script(20, 100)
	states := statesOf(commits)
	db := mustOpen(t, lateOptions(fs))
	for i, c := range commits {
		check(t, mustApply(t, db, c).Acked())
		k := crash{fs: fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, uint64(i)))}), acked: int64(i + 1)}
		if problem := k.inspect(states); problem != "" {
			t.Fatalf("after commit %d: %s", i+1, problem)
		}
	}
	check(t, db.Close())
}

// After a log's sync has failed nothing is durable any more, also not for those who come
// later or wait beside.
func TestAFailedLateSyncIsNotTriedAgain(t *testing.T) {
	syncs := 0
	failing := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData && isWAL(op.Path) {
			if syncs++; syncs == 1 {
				return errors.New("input/output error")
			}
		}
		return nil
	})
	wal := newLateWAL(errorfs.Wrap(vfs.NewMem(), failing))
	f, err := wal.Create("1.log", vfs.WriteCategoryUnspecified)
	check(t, err)
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := wal.sync(); err == nil {
			t.Fatal("a log whose sync failed is durable")
		}
	}
	if err := f.Close(); err == nil || syncs != 1 {
		t.Errorf("closed with %v after %d syncs", err, syncs)
	}
}
