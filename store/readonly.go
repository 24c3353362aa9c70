package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrReadOnly refuses to change a store that was opened for reading only.
var ErrReadOnly = errors.New("store is open for reading only")

// OpenReadOnly opens a directory that nobody else uses, such as a backup, without
// changing anything in it, not even for a lock. Every write is refused with ErrReadOnly.
func OpenReadOnly(opts Options) (*DB, error) {
	opts.setDefaults()
	if opts.Dir == "" {
		return nil, errors.New("open store: no directory")
	}
	opts.FS = &readOnlyFS{FS: opts.FS}
	db := &DB{opts: opts, life: newLife(opts.Events.Fatal), readOnly: true, damaged: newDamaged(), room: newRoom(), reserve: newReserve(opts.FS, opts.Dir, 0), stopRoom: func() {}}
	if err := db.openReadOnly(); err != nil {
		return nil, fmt.Errorf("open store %q for reading: %w", opts.Dir, err)
	}
	return db, nil
}

func (db *DB) openReadOnly() error {
	fsys, dir := db.opts.FS, db.opts.Dir
	found, err := pebble.Peek(dir, fsys)
	if err != nil {
		return err
	}
	if !found.Exists {
		return fmt.Errorf("%w: there is no store in it", ErrCorrupt)
	}
	if err := checkWAL(fsys, dir); err != nil {
		return err
	}
	cache := pebble.NewCache(db.opts.CacheBytes)
	defer cache.Unref() // Pebble holds its own reference
	lock, err := pebble.LockDirectory(dir, fsys)
	if err != nil {
		return err
	}
	opts := db.pebbleOptions(cache, lock)
	opts.ReadOnly, opts.FormatMajorVersion = true, found.FormatMajorVersion
	if db.pebble, err = pebble.Open(dir, opts); err != nil {
		return errors.Join(explain(err), lock.Close())
	}
	db.lock = lock
	if err := db.tally.load(db); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// Check reads everything that the store holds, so that each block's checksum is
// compared, and returns the number of keys. Errors match ErrCorrupt where bytes are not
// what was written.
func (db *DB) Check() (keys uint64, err error) {
	it, err := db.Iterate(nil, nil)
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		keys++
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return keys, fmt.Errorf("check: %w", explain(err))
	}
	return keys, nil
}

// Format returns the version of Pebble's format that the directory has.
func (db *DB) Format() uint64 { return uint64(db.pebble.FormatMajorVersion()) }

// readOnlyFS refuses every change, and takes no lock, since that makes a file.
type readOnlyFS struct{ vfs.FS }

func (r *readOnlyFS) Unwrap() vfs.FS { return r.FS }

func (*readOnlyFS) Lock(string) (io.Closer, error) { return noLock{}, nil }

type noLock struct{}

func (noLock) Close() error { return nil }

func (*readOnlyFS) Create(string, vfs.DiskWriteCategory) (vfs.File, error) { return nil, ErrReadOnly }
func (*readOnlyFS) ReuseForWrite(_, _ string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, ErrReadOnly
}
func (*readOnlyFS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, ErrReadOnly
}
func (*readOnlyFS) Link(_, _ string) error             { return ErrReadOnly }
func (*readOnlyFS) Remove(string) error                { return ErrReadOnly }
func (*readOnlyFS) RemoveAll(string) error             { return ErrReadOnly }
func (*readOnlyFS) Rename(_, _ string) error           { return ErrReadOnly }
func (*readOnlyFS) MkdirAll(string, fs.FileMode) error { return ErrReadOnly }
