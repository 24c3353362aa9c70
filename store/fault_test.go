package store

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// failing returns an injector that fails the nth operation that match accepts, once.
// armed holds 0 until operations count.
func failing(nth int64, armed *atomic.Bool, match func(errorfs.Op) bool) errorfs.InjectorFunc {
	var seen atomic.Int64
	return func(op errorfs.Op) error {
		if armed.Load() && match(op) && seen.Add(1) == nth {
			return syscall.EIO
		}
		return nil
	}
}

func isSync(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
}

func isLogWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log")
}

func isLogCreate(op errorfs.Op) bool {
	return (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpReuseForWrite) && strings.HasSuffix(op.Path, ".log")
}

func isManifestWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite && strings.Contains(op.Path, "MANIFEST")
}

// TestAFailedSyncOrLogWriteKillsTheStore: after the nth failure nothing is
// acknowledged, nothing panics or waits for ever, and what was acknowledged is there later.
func TestAFailedSyncOrLogWriteKillsTheStore(t *testing.T) {
	cases := []struct {
		name  string
		match func(errorfs.Op) bool
		upTo  int64
	}{{"sync", isSync, 25}, {"log write", isLogWrite, 25}, {"log create", isLogCreate, 2}, {"manifest write", isManifestWrite, 2}}
	for _, c := range cases {
		for _, mode := range []FsyncMode{FsyncAlways, FsyncInterval} {
			for nth := int64(1); nth <= c.upTo; nth++ {
				t.Run(fmt.Sprintf("%s %d mode %d", c.name, nth, mode), func(t *testing.T) { failAt(t, nth, c.match, mode) })
			}
		}
	}
}

func failAt(t *testing.T, nth int64, match func(errorfs.Op) bool, mode FsyncMode) {
	disk := vfs.NewCrashableMem()
	var armed atomic.Bool
	var fatal atomic.Int64
	opts := crashOptions(errorfs.Wrap(disk, failing(nth, &armed, match)))
	opts.Fsync, opts.FsyncInterval = mode, time.Millisecond
	opts.Events.Fatal = func(err error) {
		if !errors.Is(err, ErrDead) || !errors.Is(err, syscall.EIO) && !strings.Contains(err.Error(), "input/output") {
			t.Errorf("fatal: %v", err)
		}
		fatal.Add(1)
	}
	db := mustOpen(t, opts)
	armed.Store(true)
	commits := script(120, 3000)
	durable, applied := writeUntilDead(t, db, commits)
	if applied == len(commits) {
		t.Fatal("the store outlived the failure")
	}
	if err := db.SetMeta("name", nil); !errors.Is(err, ErrDead) {
		t.Errorf("set meta: %v", err)
	}
	// A read may fail now, but not lie. The commit that met the failure may be visible.
	last, err := db.Get(append([]byte{SpaceData}, "last"...))
	seen := string(last)
	if applied > 0 && err == nil && seen != fmt.Sprint(applied-1) && seen != fmt.Sprint(applied) {
		t.Errorf("read of a dead store: commit %q, %d were applied", seen, applied)
	}
	if err := db.Close(); !errors.Is(err, ErrDead) {
		t.Errorf("close: %v", err)
	}
	if fatal.Load() != 1 {
		t.Errorf("fatal called %d times", fatal.Load())
	}
	k := crash{fs: disk.CrashClone(vfs.CrashCloneCfg{}), acked: int64(durable)}
	if d := k.inspect(statesOf(commits)); d != "" {
		t.Errorf("after restart with %d acked: %s", durable, d)
	}
}

// writeUntilDead returns how many commits were durable, and how many visible.
func writeUntilDead(t *testing.T, db *DB, commits []*Commit) (durable, applied int) {
	t.Helper()
	dead := false
	for i, c := range commits {
		p, err := db.Apply(c)
		if err == nil && !dead {
			applied = i + 1
			if err = p.Durable(); err == nil {
				durable = i + 1
			} else if acked := p.Acked(); !errors.Is(acked, ErrDead) {
				t.Errorf("acked by a dead store: %v", acked)
			}
		} else if err == nil {
			t.Fatalf("commit %d was taken by a dead store", i)
		}
		if err != nil && !errors.Is(err, ErrDead) {
			t.Fatalf("commit %d: %v", i, err)
		}
		dead = err != nil
	}
	return durable, applied
}

// TestAFailedFlushIsReportedAndTriedAgain: a full disk under a table does not lose
// anything, so it does not kill.
func TestAFailedFlushIsReportedAndTriedAgain(t *testing.T) {
	var armed atomic.Bool
	var reports atomic.Int64
	isTable := func(op errorfs.Op) bool {
		return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst")
	}
	opts := crashOptions(errorfs.Wrap(vfs.NewMem(), failing(1, &armed, isTable)))
	opts.Events.Background = func(error) { reports.Add(1) }
	db := mustOpen(t, opts)
	armed.Store(true)
	commits := script(60, 3000)
	for _, c := range commits {
		check(t, mustApply(t, db, c).Durable())
	}
	if d := statesOf(commits)[60].differs(db); d != "" {
		t.Error(d)
	}
	check(t, db.Close())
	if reports.Load() == 0 {
		t.Error("no report")
	}
}
