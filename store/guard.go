package store

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardFS stands between Pebble and the disk. It watches for the failures after which
// nothing may be acknowledged: any failed sync, and any failed change of a write-ahead
// log or a manifest. The first one kills the store; from then on nothing is changed on
// disk: it stays as a crash at that moment would have left it.
//
// Pebble itself ends the process, panics with its locks held, or waits for ever for a
// flush when its log or manifest fails. To keep it standing until Close, a dead guard
// lets every change succeed without doing it. Nobody is deceived: the store is marked
// dead before such an operation returns, and a dead store reports no commit durable.
// Reads of a dead store may fail, as they may look for what was not written.
type guardFS struct {
	vfs.FS
	life *life
	// staging is the directory of checkpoints. What fails there is no failure of the store.
	staging string
	room    *room
}

func (g *guardFS) Unwrap() vfs.FS { return g.FS }

func isWAL(name string) bool { return strings.HasSuffix(name, ".log") }

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// vital reports whether Pebble cannot go on without the file.
func (g *guardFS) vital(name string) bool {
	return isWAL(name) || strings.HasPrefix(g.PathBase(name), "MANIFEST-")
}

// change does one operation that changes the disk; a fatal one must not fail.
func (g *guardFS) change(verb, name string, fatal bool, do func() error) error {
	if g.life.err() != nil {
		return nil
	}
	err := do()
	if err == nil || !fatal {
		return err
	}
	g.life.kill(fmt.Errorf("%s %s: %w", verb, name, err))
	return nil
}

// create does an operation that makes a file; a dead guard makes one that goes nowhere.
func (g *guardFS) create(verb, name string, do func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.change(verb, name, g.vital(name), func() (err error) { f, err = do(); return err })
	if err != nil {
		return nil, err
	}
	if f == nil {
		f = vfs.NewMemFile(nil)
	}
	return &guardFile{File: f, fs: g, name: name}, nil
}

// Create also orders: a marker names the manifest in force, and Pebble makes both
// directory entries durable with one sync. A disk that keeps the marker and not the
// manifest would leave a store that does not open, so the manifest's entry goes first.
func (g *guardFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if g.staged(name) {
		return unsynced(g.FS.Create(name, c))
	}
	if strings.HasPrefix(g.PathBase(name), "marker.") {
		dir := g.PathDir(name)
		if err := g.change("sync", dir, true, func() error { return syncDir(g.FS, dir) }); err != nil {
			return nil, err
		}
	}
	if !isTable(name) {
		return g.create("create", name, func() (vfs.File, error) { return g.FS.Create(name, c) })
	}
	if err := g.room.take(tableBytesMin, isCompaction(c)); err != nil {
		return nil, err
	}
	f, err := g.create("create", name, func() (vfs.File, error) { return g.FS.Create(name, c) })
	if table, ok := f.(*guardFile); ok {
		table.compaction = isCompaction(c)
	}
	return f, err
}

func (g *guardFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.create("reuse", name, func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, c) })
}

func (g *guardFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.create("open", name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	if g.staged(name) {
		return unsynced(g.FS.OpenDir(name))
	}
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardFile{File: f, fs: g, name: name}, nil
}

func (g *guardFS) Link(old, name string) error {
	if g.staged(name) {
		return g.FS.Link(old, name)
	}
	return g.change("link", name, false, func() error { return g.FS.Link(old, name) })
}

func (g *guardFS) Remove(name string) error {
	if g.staged(name) {
		return g.FS.Remove(name)
	}
	return g.change("remove", name, false, func() error { return g.FS.Remove(name) })
}

func (g *guardFS) RemoveAll(name string) error {
	if g.staged(name) {
		return g.FS.RemoveAll(name)
	}
	return g.change("remove", name, false, func() error { return g.FS.RemoveAll(name) })
}

func (g *guardFS) Rename(old, name string) error {
	if g.staged(name) {
		return g.FS.Rename(old, name)
	}
	return g.change("rename", name, false, func() error { return g.FS.Rename(old, name) })
}

// guardFile is a file that Pebble may change.
type guardFile struct {
	vfs.File
	fs   *guardFS
	name string
	// compaction tells that it is a table that no log waits for.
	compaction bool
}

func (f *guardFile) write(b []byte, do func() (int, error)) (n int, err error) {
	if isTable(f.name) {
		if err := f.fs.room.take(len(b), f.compaction); err != nil {
			return 0, err
		}
	} else {
		f.fs.room.use(len(b))
	}
	n = len(b)
	err = f.fs.change("write", f.name, f.fs.vital(f.name), func() (err error) { n, err = do(); return err })
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
	return f.fs.change("sync", f.name, true, do)
}

func (f *guardFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *guardFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *guardFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *guardFile) Preallocate(offset, length int64) error {
	// Never fatal: the write that finds no space tells.
	if f.fs.room.left.Load() < length {
		return nil
	}
	return f.fs.change("allocate", f.name, false, func() error { return f.File.Preallocate(offset, length) })
}

func (f *guardFile) Close() error {
	err := f.File.Close()
	if err == nil || !f.fs.vital(f.name) {
		return err
	}
	f.fs.life.kill(fmt.Errorf("close %s: %w", f.name, err))
	return nil
}
