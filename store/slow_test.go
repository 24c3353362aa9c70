package store

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// stalling holds syncs of the write-ahead log back while it is on.
type stalling struct {
	on   atomic.Bool
	told func() int // how many reports there were
	// before is how many there were while the operation still lasted.
	before atomic.Int64
}

func (s *stalling) MaybeError(op errorfs.Op) error {
	if s.on.Load() && strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo) {
		time.Sleep(7 * slowAfter / 2) // it is looked at every 2 s
		s.before.Store(int64(s.told()))
	}
	return nil
}

func (*stalling) String() string { return "stalling" }

// TestAStalledDiskIsReported: an operation that takes long is told while it lasts; it is no
// failure, and the commit that waits for it is acknowledged.
func TestAStalledDiskIsReported(t *testing.T) {
	stall := &stalling{}
	opts := crashOptions(errorfs.Wrap(vfs.NewMem(), stall))
	slow := make(chan string, 100)
	stall.told = func() int { return len(slow) }
	opts.Events.Slow = func(path string, took time.Duration) {
		if took >= slowAfter {
			slow <- path
		}
	}
	db := mustOpen(t, opts)
	commits := script(2, 100)
	check(t, mustApply(t, db, commits[0]).Durable())
	stall.on.Store(true)
	check(t, mustApply(t, db, commits[1]).Durable())
	stall.on.Store(false)
	if stall.before.Load() == 0 {
		t.Fatal("nobody was told while it lasted")
	}
	if path := <-slow; !strings.HasSuffix(path, ".log") {
		t.Errorf("reported %s", path)
	}
	check(t, db.Close())
}
