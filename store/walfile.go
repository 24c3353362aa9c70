package store

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// lateWAL lets Pebble go on as soon as the write-ahead log is with the operating system:
// kill -9 takes nothing then, and only loss of power takes what no sync has reached. It is
// what FsyncInterval is made of.
//
// Invariant: a log file is synced before it is closed, so what a loss of power leaves is
// a prefix of what was written, over all logs.
type lateWAL struct {
	vfs.FS

	mu    sync.Mutex
	files map[*lateFile]struct{} // guarded by mu; open logs
}

func newLateWAL(fs vfs.FS) *lateWAL { return &lateWAL{FS: fs, files: map[*lateFile]struct{}{}} }

// Unwrap implements vfs.FS.
func (l *lateWAL) Unwrap() vfs.FS { return l.FS }

// Create implements vfs.FS.
func (l *lateWAL) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.Create(name, c)
	return l.late(name, f, err)
}

// ReuseForWrite implements vfs.FS.
func (l *lateWAL) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.ReuseForWrite(old, name, c)
	return l.late(name, f, err)
}

func (l *lateWAL) late(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !isWAL(name) {
		return f, err
	}
	late := &lateFile{File: f, wal: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files[late] = struct{}{}
	return late, nil
}

// sync makes durable what has been written to logs. nil syncs nothing: Pebble has.
func (l *lateWAL) sync() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	files := make([]*lateFile, 0, len(l.files))
	for f := range l.files {
		files = append(files, f)
	}
	l.mu.Unlock()
	var errs []error
	for _, f := range files {
		errs = append(errs, f.syncNow())
	}
	return errors.Join(errs...)
}

// lateFile is a write-ahead log.
type lateFile struct {
	vfs.File
	wal *lateWAL

	dirty atomic.Bool // something was written since the last sync began

	mu     sync.Mutex // held while syncing
	failed error      // guarded by mu; a sync is not tried again
	closed bool       // guarded by mu
}

// Write implements vfs.File.
func (f *lateFile) Write(p []byte) (int, error) {
	defer f.dirty.Store(true) // before Pebble calls it written
	return f.File.Write(p)
}

// Preallocate implements vfs.File.
func (f *lateFile) Preallocate(offset, length int64) error {
	defer f.dirty.Store(true)
	return f.File.Preallocate(offset, length)
}

// Sync implements vfs.File; the syncer does it.
func (f *lateFile) Sync() error { return nil }

// SyncData implements vfs.File; the syncer does it.
func (f *lateFile) SyncData() error { return nil }

// SyncTo implements vfs.File; the syncer does it.
func (f *lateFile) SyncTo(int64) (fullSync bool, err error) { return false, nil }

// syncNow makes durable what was written before it was called.
func (f *lateFile) syncNow() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil || f.closed || !f.dirty.Swap(false) {
		return f.failed
	}
	f.failed = f.File.SyncData()
	return f.failed
}

// Close implements vfs.File. What it cannot sync it reports, for good.
func (f *lateFile) Close() error {
	err := f.syncNow()
	f.wal.mu.Lock()
	delete(f.wal.files, f)
	f.wal.mu.Unlock()
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	return errors.Join(err, f.File.Close())
}
