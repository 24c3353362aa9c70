package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardFS stands between Pebble and the disk. It watches for the failures after which
// nothing may be acknowledged: any failed sync, and any failed change of a write-ahead
// log. The first one kills the store; from then on nothing is changed on disk.
//
// Pebble itself ends the process, or panics with its locks held, when its write-ahead
// log fails. To keep it standing (reads go on, Close works), a dead guard lets
// operations on write-ahead logs and syncs of directories succeed without doing them.
// Nobody is deceived: the store is marked dead before such an operation returns, and
// no commit is reported durable by a dead store.
type guardFS struct {
	vfs.FS
	life *life
}

// brake slows Pebble's immediate retries of flushes that cannot succeed any more.
const brake = 10 * time.Millisecond

func (g *guardFS) Unwrap() vfs.FS { return g.FS }

func isWAL(name string) bool { return strings.HasSuffix(name, ".log") }

// change does one operation that changes the disk.
func (g *guardFS) change(verb, name string, fatal bool, do func() error) error {
	if err := g.life.err(); err != nil {
		if isWAL(name) {
			return nil
		}
		time.Sleep(brake)
		return err
	}
	err := do()
	if err == nil || !fatal {
		return err
	}
	g.life.kill(fmt.Errorf("%s %s: %w", verb, name, err))
	if isWAL(name) {
		return nil
	}
	return err
}

// create does an operation that makes a file; a write-ahead log that cannot be made is
// replaced by one that goes nowhere.
func (g *guardFS) create(verb, name string, do func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.change(verb, name, isWAL(name), func() (err error) { f, err = do(); return err })
	if err != nil {
		return nil, err
	}
	if f == nil {
		f = vfs.NewMemFile(nil)
	}
	return &guardFile{File: f, fs: g, name: name}, nil
}

func (g *guardFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create("create", name, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

func (g *guardFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create("reuse", name, func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, c) })
}

func (g *guardFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.create("open", name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardFile{File: f, fs: g, name: name, dir: true}, nil
}

func (g *guardFS) Link(old, name string) error {
	return g.change("link", name, false, func() error { return g.FS.Link(old, name) })
}

func (g *guardFS) Remove(name string) error {
	return g.change("remove", name, false, func() error { return g.FS.Remove(name) })
}

func (g *guardFS) RemoveAll(name string) error {
	return g.change("remove", name, false, func() error { return g.FS.RemoveAll(name) })
}

func (g *guardFS) Rename(old, name string) error {
	return g.change("rename", name, false, func() error { return g.FS.Rename(old, name) })
}

// guardFile is a file that Pebble may change.
type guardFile struct {
	vfs.File
	fs   *guardFS
	name string
	dir  bool
}

func (f *guardFile) write(b []byte, do func() (int, error)) (n int, err error) {
	n = len(b)
	err = f.fs.change("write", f.name, isWAL(f.name), func() (err error) { n, err = do(); return err })
	if err == nil {
		n = len(b) // also when a dead guard swallowed it
	}
	return n, err
}

func (f *guardFile) Write(b []byte) (int, error) {
	return f.write(b, func() (int, error) { return f.File.Write(b) })
}

func (f *guardFile) WriteAt(b []byte, at int64) (int, error) {
	return f.write(b, func() (int, error) { return f.File.WriteAt(b, at) })
}

func (f *guardFile) sync(do func() error) error {
	err := f.fs.change("sync", f.name, true, do)
	if f.dir {
		return nil // a failure has killed the store
	}
	return err
}

func (f *guardFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *guardFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *guardFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *guardFile) Preallocate(offset, length int64) error {
	return f.fs.change("allocate", f.name, isWAL(f.name), func() error { return f.File.Preallocate(offset, length) })
}

func (f *guardFile) Close() error {
	err := f.File.Close()
	if err != nil && isWAL(f.name) {
		f.fs.life.kill(fmt.Errorf("close %s: %w", f.name, err))
		return nil
	}
	return err
}
