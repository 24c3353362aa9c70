package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	detail "github.com/cockroachdb/errors"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// FsyncMode says what an acknowledgement promises.
type FsyncMode int

const (
	// FsyncAlways: an acknowledged commit survives the loss of power.
	FsyncAlways FsyncMode = iota
	// FsyncInterval: loss of power, and kill -9 as well, may take what was acknowledged
	// in the last FsyncInterval: Pebble keeps unsynced log records in the process.
	FsyncInterval
)

// Events are told what the store meets. Each function may be nil; none may block or
// call the store.
type Events struct {
	// Fatal is called once, when the disk failed and the store died.
	Fatal func(error)
	// Background reports a flush or compaction that failed and is tried again.
	Background func(error)
	// Slow reports a disk operation that takes long.
	Slow func(path string, took time.Duration)
	// Stall reports that Pebble holds writes back (with its reason), or no longer does.
	Stall func(stalled bool, reason string)
}

// Options say where and how to keep the data.
type Options struct {
	// Dir is the data directory; it is created if needed. Required.
	Dir string
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// Fsync defaults to FsyncAlways.
	Fsync FsyncMode
	// FsyncInterval is the time between syncs under FsyncInterval; default 10 ms.
	FsyncInterval time.Duration
	// CacheBytes is the size of the block cache; default 256 MiB.
	CacheBytes int64
	// MemTableBytes is the size of one memtable; default 64 MiB.
	MemTableBytes uint64
	Events        Events
}

func (o *Options) setDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.FsyncInterval <= 0 {
		o.FsyncInterval = 10 * time.Millisecond
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 256 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 64 << 20
	}
}

// DB is an open store. It is safe for concurrent use; it must not be used after Close.
type DB struct {
	opts   Options
	life   *life
	lock   *pebble.Lock
	pebble *pebble.DB
	syncer *syncer // nil under FsyncAlways
	tally  logTally

	// writeMu serializes writes: after one fails, Pebble's pipeline would block the next.
	writeMu sync.Mutex
	closed  bool // guarded by writeMu
	wedged  bool // guarded by writeMu; Pebble panicked and may hold its locks
}

// Open opens the store in opts.Dir. It refuses with ErrInUse or ErrCorrupt.
func Open(opts Options) (*DB, error) {
	opts.setDefaults()
	if opts.Dir == "" {
		return nil, errors.New("open store: no directory")
	}
	db := &DB{opts: opts, life: newLife(opts.Events.Fatal)}
	if err := db.open(); err != nil {
		return nil, fmt.Errorf("open store %q: %w", opts.Dir, err)
	}
	return db, nil
}

func (db *DB) open() error {
	lock, err := lockDir(db.opts.FS, db.opts.Dir)
	if err != nil {
		return err
	}
	if err := checkWAL(db.opts.FS, db.opts.Dir); err != nil {
		return errors.Join(err, lock.Close())
	}
	cache := pebble.NewCache(db.opts.CacheBytes)
	defer cache.Unref() // Pebble holds its own reference
	p, err := db.openPebble(db.pebbleOptions(cache, lock))
	if err != nil {
		return errors.Join(explain(err), lock.Close())
	}
	db.pebble, db.lock = p, lock
	if err = db.life.err(); err == nil {
		err = db.tally.load(db)
	}
	if err != nil {
		return errors.Join(err, p.Close(), lock.Close())
	}
	if db.opts.Fsync == FsyncInterval {
		db.syncer = startSyncer(db, db.opts.FsyncInterval)
	}
	return nil
}

// openPebble opens Pebble so that its first write-ahead log already has the newest
// format. Pebble raises the format of a new directory only after it has made that log,
// and damage inside a log of the old format cannot be told from its end: so such a
// directory is opened twice.
func (db *DB) openPebble(opts *pebble.Options) (*pebble.DB, error) {
	found, err := pebble.Peek(db.opts.Dir, db.opts.FS)
	if err != nil {
		return nil, err
	}
	if !found.Exists || found.FormatMajorVersion < opts.FormatMajorVersion {
		p, err := pebble.Open(db.opts.Dir, opts.Clone())
		if err == nil {
			err = p.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	return pebble.Open(db.opts.Dir, opts)
}

func (db *DB) pebbleOptions(cache *pebble.Cache, lock *pebble.Lock) *pebble.Options {
	e := db.opts.Events
	opts := &pebble.Options{
		FS:    &guardFS{FS: db.opts.FS, life: db.life},
		Lock:  lock,
		Cache: cache,
		// Explicit: the default is the oldest, in which damage inside a write-ahead log looks
		// like its end.
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      logger{db.life},
		MemTableSize:                db.opts.MemTableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       12,
		BytesPerSync:                512 << 10,
		WALBytesPerSync:             512 << 10,
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				if e.Background != nil {
					e.Background(err)
				}
			},
			DiskSlow: func(i pebble.DiskSlowInfo) {
				if e.Slow != nil {
					e.Slow(i.Path, i.Duration)
				}
			},
			WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
				if e.Stall != nil {
					e.Stall(true, i.Reason)
				}
			},
			WriteStallEnd: func() {
				if e.Stall != nil {
					e.Stall(false, "")
				}
			},
		},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return opts
}

// explain adds what Pebble keeps out of its message: the file and the offset.
func explain(err error) error {
	if !pebble.IsCorruptionError(err) {
		return err
	}
	if where := strings.Join(detail.GetAllDetails(err), "; "); where != "" {
		err = fmt.Errorf("%w (%s)", err, where)
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// Close makes everything durable and gives the directory back. Views and iterators
// must be closed before. It returns ErrDead when the store had died.
func (db *DB) Close() error {
	if db.syncer != nil {
		db.syncer.stop()
	}
	db.writeMu.Lock()
	if db.closed {
		db.writeMu.Unlock()
		return ErrClosed
	}
	db.closed = true
	wedged := db.wedged
	db.writeMu.Unlock()
	var err error
	if !wedged {
		err = db.pebble.Close()
	}
	err = errors.Join(err, db.lock.Close())
	if dead := db.life.err(); dead != nil {
		return dead // what follows from it adds nothing
	}
	if err != nil {
		return fmt.Errorf("close store %q: %w", db.opts.Dir, err)
	}
	return nil
}

// Alive returns nil, or ErrDead with its cause.
func (db *DB) Alive() error { return db.life.err() }
