package store

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestWhatReplacesARangeIsNeverOlderThanTheCommitsBefore: a quarantine is acknowledged and then
// the range is replaced. After a loss of power the replacement without the quarantine would be
// merged a second time.
func TestWhatReplacesARangeIsNeverOlderThanTheCommitsBefore(t *testing.T) {
	for _, mode := range []FsyncMode{FsyncAlways, FsyncInterval} {
		fs := vfs.NewCrashableMem()
		opts := crashOptions(fs)
		opts.Fsync, opts.FsyncInterval = mode, time.Hour
		db := mustOpen(t, opts)
		quarantine := Cell{Key: []byte{SpaceTransfer, 1}, Value: []byte("quarantined")}
		check(t, mustApply(t, db, &Commit{Cells: []Cell{quarantine}}).Acked())
		lo, hi := []byte{SpaceData, 'k'}, []byte{SpaceData, 'l'}
		db.Block(Damage{Lo: lo, Hi: hi})
		check(t, db.Replace(context.Background(), lo, hi, func(put func(k, v []byte) error) error {
			return put(lo, []byte("a replica's"))
		}))
		opts.FS = fs.CrashClone(vfs.CrashCloneCfg{})
		check(t, db.Close())
		again := mustOpen(t, opts)
		for _, c := range []Cell{quarantine, {Key: lo, Value: []byte("a replica's")}} {
			if v, err := again.Get(c.Key); err != nil || string(v) != string(c.Value) {
				t.Errorf("mode %v: %x holds %q after a loss of power, %v", mode, c.Key, v, err)
			}
		}
		check(t, again.Close())
	}
}
