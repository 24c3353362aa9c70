package store

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestAnIntervalCommitIsAckedBeforeItIsDurable: and durable soon after, or at Close.
func TestAnIntervalCommitIsAckedBeforeItIsDurable(t *testing.T) {
	fs := vfs.NewCrashableMem()
	opts := crashOptions(fs)
	opts.Fsync, opts.FsyncInterval = FsyncInterval, time.Second
	commits := script(3, 100)
	states := statesOf(commits)
	left := func() int {
		clone := fs.CrashClone(vfs.CrashCloneCfg{})
		for n := len(states) - 1; n > 0; n-- {
			k := crash{fs: clone, acked: int64(n)}
			if k.inspect(states) == "" {
				return n
			}
		}
		return 0
	}
	db := mustOpen(t, opts)
	p := mustApply(t, db, commits[0])
	check(t, p.Acked())
	if n := left(); n != 0 {
		t.Errorf("%d commits survive a crash right after the ack", n)
	}
	began := time.Now()
	check(t, p.Durable())
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("durable after %v", took)
	}
	if n := left(); n != 1 {
		t.Errorf("%d commits survive, 1 was durable", n)
	}
	mustApply(t, db, commits[1])
	last := mustApply(t, db, commits[2])
	check(t, db.Close())
	check(t, last.Durable())
	if n := left(); n != 3 {
		t.Errorf("%d commits survive after close", n)
	}
}
