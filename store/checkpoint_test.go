package store

import (
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestACheckpointHoldsWhatWasDurable: a checkpoint under writes holds a prefix of the
// commits with every durable one, and nothing that a loss of power at that moment takes.
func TestACheckpointHoldsWhatWasDurable(t *testing.T) {
	commits := script(80, 3000)
	states := statesOf(commits)
	for _, mode := range []FsyncMode{FsyncAlways, FsyncInterval} {
		disk := vfs.NewCrashableMem()
		opts := crashOptions(disk)
		opts.Fsync, opts.FsyncInterval = mode, time.Hour
		db := mustOpen(t, opts)
		for _, c := range commits[:50] {
			mustApply(t, db, c)
		}
		dir, release, err := db.Checkpoint()
		check(t, err)
		lost := crash{fs: disk.CrashClone(vfs.CrashCloneCfg{}), acked: 50}
		for _, c := range commits[50:] {
			mustApply(t, db, c)
		}
		ro, err := OpenReadOnly(Options{Dir: dir, FS: disk, CacheBytes: 1 << 20})
		check(t, err)
		if d := states[50].differs(ro); d != "" {
			t.Errorf("mode %d: the checkpoint is not the 50th commit: %s", mode, d)
		}
		if _, err := ro.Apply(commits[50]); !errors.Is(err, ErrReadOnly) {
			t.Errorf("apply to a checkpoint: %v", err)
		}
		if keys, err := ro.Check(); err != nil || keys == 0 {
			t.Errorf("check: %d keys, %v", keys, err)
		}
		check(t, ro.Close())
		check(t, release())
		if d := states[80].differs(db); d != "" {
			t.Errorf("after the checkpoint: %s", d)
		}
		check(t, db.Close())
		if d := lost.inspect(states); d != "" {
			t.Errorf("mode %d: what the checkpoint held was not durable: %s", mode, d)
		}
	}
}

// TestReadOnlyChangesNothing: not a file is made, changed or removed.
func TestReadOnlyChangesNothing(t *testing.T) {
	disk := vfs.NewMem()
	db := mustOpen(t, crashOptions(disk))
	commits := script(20, 3000)
	for _, c := range commits {
		check(t, mustApply(t, db, c).Durable())
	}
	check(t, db.Close())
	var changes atomic.Int64
	opts := crashOptions(errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			changes.Add(1)
		}
		return nil
	})))
	ro, err := OpenReadOnly(opts)
	check(t, err)
	if d := statesOf(commits)[20].differs(ro); d != "" {
		t.Error(d)
	}
	if err := ro.SetMeta("x", nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("set meta: %v", err)
	}
	check(t, ro.Close())
	if n := changes.Load(); n != 0 {
		t.Errorf("%d changes", n)
	}
	if _, err := OpenReadOnly(Options{Dir: "/nowhere", FS: disk}); err == nil {
		t.Error("opened nothing")
	}
}

// TestAFailedCheckpointDoesNotHarmTheStore: whatever operation fails in its directory,
// the store lives, and the next checkpoint succeeds.
func TestAFailedCheckpointDoesNotHarmTheStore(t *testing.T) {
	for nth := int64(1); ; nth++ {
		var armed atomic.Bool
		inStaging := func(op errorfs.Op) bool {
			return strings.Contains(op.Path, "/"+stagingName) && op.Kind != errorfs.OpRemoveAll && op.Kind.ReadOrWrite() == errorfs.OpIsWrite
		}
		disk := errorfs.Wrap(vfs.NewMem(), failing(nth, &armed, inStaging))
		db := mustOpen(t, crashOptions(disk))
		for _, c := range script(20, 3000) {
			check(t, mustApply(t, db, c).Durable())
		}
		armed.Store(true)
		_, release, err := db.Checkpoint()
		armed.Store(false)
		if err == nil {
			check(t, release())
		} else if !errors.Is(err, syscall.EIO) {
			t.Fatalf("operation %d: %v", nth, err)
		}
		check(t, db.Alive())
		_, release, again := db.Checkpoint()
		check(t, again)
		check(t, release())
		check(t, db.Close())
		if err == nil {
			if nth < 5 {
				t.Fatalf("only %d operations failed", nth-1)
			}
			return
		}
	}
}

// TestOpenTidiesAndRefusesTheIncomplete: a checkpoint that a crash left is removed; a
// directory that a restore did not finish is not opened.
func TestOpenTidiesAndRefusesTheIncomplete(t *testing.T) {
	disk := vfs.NewMem()
	opts := crashOptions(disk)
	db := mustOpen(t, opts)
	dir, _, err := db.Checkpoint()
	check(t, err)
	check(t, db.Close())
	db = mustOpen(t, opts)
	if _, err := disk.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old checkpoint is there: %v", err)
	}
	check(t, db.Close())
	f, err := disk.Create(disk.PathJoin(opts.Dir, IncompleteName), vfs.WriteCategoryUnspecified)
	check(t, err)
	check(t, f.Close())
	if _, err := Open(opts); err == nil || !strings.Contains(err.Error(), "restore again") {
		t.Errorf("open of an incomplete directory: %v", err)
	}
}
