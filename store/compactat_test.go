package store

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A store with large memtables leaves tables that overlap where they are until there are four, one with small
// memtables compacts the first.
func TestLevel0IsCompactedEarlyWhereMemoryIsShort(t *testing.T) {
	for memtable, want := range map[uint64]int64{1 << 20: 0, 16 << 20: 3} {
		db := mustOpen(t, Options{Dir: "data", FS: vfs.NewMem(), MemTableBytes: memtable})
		for range 3 {
			p := mustApply(t, db, &Commit{Cells: []Cell{{Key: []byte("da"), Value: []byte("v")}, {Key: []byte("dz"), Value: []byte("v")}}})
			check(t, p.Durable())
			check(t, db.pebble.Flush())
		}
		sublevels := func() int64 { return int64(db.pebble.Metrics().Levels[0].Sublevels) }
		for end := time.Now().Add(10 * time.Second); sublevels() > want && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		if got := sublevels(); got != want {
			t.Errorf("memtables of %d bytes: %d tables overlap, want %d", memtable, got, want)
		}
		check(t, db.Close())
	}
}
