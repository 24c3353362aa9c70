package store

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// noSpace fails writes of matching files with ENOSPC while the reserve is held, or for
// ever when it is not.
type noSpace struct {
	on, always atomic.Bool
	fs         vfs.FS
	suffix     string
}

func (n *noSpace) MaybeError(op errorfs.Op) error {
	if !n.on.Load() || op.Kind != errorfs.OpFileWrite || !strings.HasSuffix(op.Path, n.suffix) {
		return nil
	}
	_, err := n.fs.Stat("/atoll/data/" + reserveName)
	if err == nil || n.always.Load() {
		return syscall.ENOSPC
	}
	return nil
}

func (*noSpace) String() string { return "no space" }

// TestTheReserveSavesTheLog: a write-ahead log that finds no space gets what the reserve
// gives back; nothing is lost, and the store lives.
func TestTheReserveSavesTheLog(t *testing.T) {
	mem := vfs.NewMem()
	full := &noSpace{fs: mem, suffix: ".log"}
	opts := crashOptions(errorfs.Wrap(mem, full))
	opts.ReserveBytes = 1 << 20
	var told atomic.Int64
	opts.Events.Full = func() { told.Add(1) }
	db := mustOpen(t, opts)
	check(t, db.Reserve().Take())
	if !db.Reserve().Held() {
		t.Fatal("not held")
	}
	commits := script(40, 3000)
	for i, c := range commits {
		full.on.Store(i >= 20)
		check(t, mustApply(t, db, c).Durable())
	}
	if d := statesOf(commits)[40].differs(db); d != "" {
		t.Error(d)
	}
	if db.Reserve().Held() || told.Load() != 1 {
		t.Errorf("reserve held: %v, told %d times", db.Reserve().Held(), told.Load())
	}
	full.on.Store(false)
	check(t, db.Reserve().Take())
	check(t, db.Close())
}

// TestNoSpaceForTheLogIsFatal: without a reserve to give back, nothing more is
// acknowledged, and what was is there.
func TestNoSpaceForTheLogIsFatal(t *testing.T) {
	mem := vfs.NewCrashableMem()
	full := &noSpace{fs: mem, suffix: ".log"}
	full.always.Store(true)
	opts := crashOptions(errorfs.Wrap(mem, full))
	opts.ReserveBytes = 1 << 20
	db := mustOpen(t, opts)
	commits := script(40, 3000)
	for _, c := range commits[:20] {
		check(t, mustApply(t, db, c).Durable())
	}
	full.on.Store(true)
	durable, _ := writeUntilDead(t, db, commits[20:])
	if durable != 0 {
		t.Errorf("%d commits were acknowledged without space", durable)
	}
	if err := db.Close(); !errors.Is(err, ErrDead) {
		t.Errorf("close: %v", err)
	}
	k := crash{fs: mem.CrashClone(vfs.CrashCloneCfg{}), acked: 20}
	if d := k.inspect(statesOf(commits)); d != "" {
		t.Error(d)
	}
}

// TestTablesLeaveSpaceForTheLog: tables are refused when the room is used up, flushes
// last; nothing is lost, and the store goes on when there is room again.
func TestTablesLeaveSpaceForTheLog(t *testing.T) {
	r := newRoom()
	r.flushes.Store(100)
	r.left.Store(250)
	for i, c := range []struct {
		n          int
		compaction bool
		ok         bool
	}{{100, true, true}, {100, true, false}, {100, false, true}, {51, false, false}, {50, false, true}} {
		if err := r.take(c.n, c.compaction); (err == nil) != c.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
	opts := crashOptions(vfs.NewMem())
	opts.MemTableBytes = 256 << 10
	var failed atomic.Int64
	opts.Events.Background = func(err error) {
		if errors.Is(err, syscall.ENOSPC) {
			failed.Add(1)
		}
	}
	db := mustOpen(t, opts)
	commits := script(400, 3000) // about two tables
	for i, c := range commits {
		if i == 200 {
			db.room.left.Store(0)
		}
		check(t, mustApply(t, db, c).Durable())
	}
	for end := time.Now().Add(20 * time.Second); failed.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no table was refused")
		}
	}
	db.room.left.Store(1 << 30)
	if d := statesOf(commits)[400].differs(db); d != "" {
		t.Error(d)
	}
	check(t, db.Close())
}

// TestAFlushFitsFromTheStart: a store that is opened on a full disk leaves the space to
// the flush of its logs, which opening waits for, and not to compactions.
func TestAFlushFitsFromTheStart(t *testing.T) {
	disk := &almostFull{FS: vfs.NewMem()}
	disk.free.Store(1 << 30)
	opts := crashOptions(disk)
	opts.ReserveBytes = 1 << 20
	db := mustOpen(t, opts)
	kept := db.Kept()
	check(t, db.Close())
	disk.free.Store(uint64(kept + opts.ReserveBytes/2))
	db = mustOpen(t, opts)
	if err := db.room.take(1, true); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a compaction may take what a flush needs: %v", err)
	}
	if err := db.room.take(int(db.flushBytes())-64<<10, false); err != nil { // opening wrote a little
		t.Errorf("the largest flush: %v", err)
	}
	check(t, db.Close())
}

// almostFull is a disk that says how much is free.
type almostFull struct {
	vfs.FS
	free atomic.Uint64
}

func (a *almostFull) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: a.free.Load(), TotalBytes: 1 << 30}, nil
}

func (a *almostFull) Unwrap() vfs.FS { return a.FS }
