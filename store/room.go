package store

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// reserveName is a file that only takes up space, to be given back when the disk is full.
const reserveName = "RESERVE"

const (
	// fullPause is how long a refused table waits, since Pebble tries again at once.
	fullPause = 100 * time.Millisecond
	// roomEvery is how often the disk is asked for its space.
	roomEvery = 200 * time.Millisecond
	// commitBytes is the size of a large commit, which may wait for its flush beside the
	// memtables.
	commitBytes = 8 << 20
)

// Usage is how full the disk under the data directory is, in bytes. Free is what this
// process may still take.
type Usage struct{ Free, Total uint64 }

// tableBytesMin is asked for before a table is begun.
const tableBytesMin = 4 << 10

// room keeps tables from taking the last of the disk. Pebble survives a table that does
// not fit, and tries again; a write-ahead log that does not fit ends it. So tables are
// refused while there is still space for the log; and compactions before flushes, since
// it is a flush that frees a log.
type room struct {
	left    atomic.Int64 // what tables may take
	flushes atomic.Int64 // the part of it that only flushes may
}

func newRoom() *room {
	r := &room{}
	r.left.Store(math.MaxInt64 / 2)
	return r
}

// take asks for n bytes of a table; ENOSPC when they are not to be had.
func (r *room) take(n int, compaction bool) error {
	floor := int64(0)
	if compaction {
		floor = r.flushes.Load()
	}
	if r.left.Add(-int64(n)) >= floor {
		return nil
	}
	r.left.Add(int64(n))
	time.Sleep(fullPause)
	return syscall.ENOSPC
}

// use takes note of n bytes of a log, which is never refused.
func (r *room) use(n int) { r.left.Add(-int64(n)) }

// isCompaction tells what a table is written for.
func isCompaction(c vfs.DiskWriteCategory) bool { return strings.Contains(string(c), "compaction") }

// Usage asks the disk.
func (db *DB) Usage() (Usage, error) {
	u, err := db.opts.FS.GetDiskUsage(db.opts.Dir)
	return Usage{Free: u.AvailBytes, Total: u.TotalBytes}, err
}

// Kept is how much of the disk's last free space, in bytes, is kept for what must go on:
// a quarter of the reserve for write-ahead logs, the rest for the flush of everything
// that is only in them. With less than that free the store lives, and may be unable to
// flush. It is 0 without a reserve.
func (db *DB) Kept() int64 {
	if db.reserve.size == 0 {
		return 0
	}
	return db.reserve.size/4 + db.flushBytes()
}

// flushBytes is the most that one flush may have to write.
func (db *DB) flushBytes() int64 {
	return int64(db.opts.MemTables)*int64(db.opts.MemTableBytes) + commitBytes
}

// measure says how many bytes of tables may be written until it is called again, and
// which part of them only by flushes. Compactions also leave half a reserve beyond what is
// kept, for what is let in when the disk is full. A disk that does not answer changes nothing.
func (db *DB) measure() {
	u, err := db.Usage()
	if err != nil {
		return
	}
	db.room.flushes.Store(db.flushBytes() + db.reserve.size/2)
	db.room.left.Store(int64(u.Free) - db.reserve.size/4)
}

// watchRoom measures now, and again and again until stop is called. A store without a
// reserve has no bound.
func (db *DB) watchRoom() (stop func()) {
	if db.reserve.size == 0 {
		return func() {}
	}
	db.measure()
	stopped := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(roomEvery)
		defer tick.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-tick.C:
				db.measure()
			}
		}
	})
	return func() { close(stopped); watch.Wait() }
}

// Reserve is a file in the data directory that takes up space nobody needs, until the
// disk is full. Its methods are safe for concurrent use.
type Reserve struct {
	fs   vfs.FS
	path string
	size int64

	mu   sync.Mutex
	held bool // guarded by mu
}

func newReserve(fsys vfs.FS, dir string, size int64) *Reserve {
	return &Reserve{fs: fsys, path: fsys.PathJoin(dir, reserveName), size: size}
}

// Reserve returns the reserve of this directory; its size is Options.ReserveBytes.
func (db *DB) Reserve() *Reserve { return db.reserve }

// Size is how much it takes up when it is held.
func (r *Reserve) Size() int64 { return r.size }

// Held tells whether the space is taken up now.
func (r *Reserve) Held() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

// Take takes the space up, unless it is held. After an error nothing is.
func (r *Reserve) Take() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held || r.size == 0 {
		return nil
	}
	if err := r.fill(); err != nil {
		return errors.Join(err, r.remove())
	}
	r.held = true
	return nil
}

// fill asks the file system for the space, and writes where it gives none unwritten. The
// bytes need not be durable: the space is what counts.
func (r *Reserve) fill() error {
	f, err := r.fs.Create(r.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err = f.Preallocate(0, r.size); err != nil && !errors.Is(err, syscall.ENOSPC) {
		err = writeNoise(f, r.size)
	}
	return errors.Join(err, f.Close())
}

// writeNoise writes bytes that no file system can make smaller.
func writeNoise(f vfs.File, size int64) (err error) {
	chunk := make([]byte, 256<<10)
	rand.Read(chunk) // never fails
	for left := size; left > 0 && err == nil; left -= int64(len(chunk)) {
		_, err = f.Write(chunk[:min(left, int64(len(chunk)))])
	}
	return err
}

// Release gives the space back.
func (r *Reserve) Release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = false
	return r.remove()
}

func (r *Reserve) remove() error {
	if err := r.fs.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// onDiskFull gives the reserve back when the disk has no space for something, whatever it
// is; the file system then tries once more.
func (db *DB) onDiskFull() {
	held := db.reserve.Held()
	if err := db.reserve.Release(); err != nil || !held {
		return // what needed the space fails and tells
	}
	if db.opts.Events.Full != nil {
		db.opts.Events.Full()
	}
}

// releaseIfFull gives the reserve back before anything is opened, when there is less
// space than it takes up: a store must be able to start on a full disk.
func (db *DB) releaseIfFull() error {
	if db.reserve.size == 0 {
		return nil
	}
	u, err := db.Usage()
	if err != nil || u.Free >= uint64(db.reserve.size) {
		return nil // a file system that cannot tell is no reason not to start
	}
	return db.reserve.Release()
}
