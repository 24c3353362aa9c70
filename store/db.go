package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// FsyncMode says what an acknowledgement promises.
type FsyncMode int

const (
	// FsyncAlways: an acknowledged commit survives the loss of power.
	FsyncAlways FsyncMode = iota
	// FsyncInterval: loss of power may take what was acknowledged in the last
	// FsyncInterval; kill -9 takes nothing.
	FsyncInterval
)

// Events are told what the store meets. Each function may be nil; none may block or
// call the store.
type Events struct {
	// Fatal is called once, when the disk failed and the store died.
	Fatal func(error)
	// Background reports a flush or compaction that failed and is tried again.
	Background func(error)
	// Full tells that a write found no space and the reserve was given back.
	Full func()
	// Slow reports a disk operation that takes long, under FsyncAlways.
	Slow func(path string, took time.Duration)
	// Stall reports that Pebble holds writes back (with its reason), or no longer does.
	Stall func(stalled bool, reason string)
	// Damaged is called once for each range of keys that was found to be damaged. The
	// range is blocked by then.
	Damaged func(Damage)
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
	// MemTables is how many memtables there are before writes are held back; default 4.
	MemTables int
	// OpenTables is how many files of data are kept open; default 1000, at least 74.
	OpenTables int
	// ReserveBytes is the size of the reserve; 0 is none. It is not taken by Open.
	ReserveBytes int64
	// Incomplete opens a directory that a restore has not finished yet: it is the restore
	// that asks.
	Incomplete bool
	Events     Events

	tableBytes int64 // of one table; 0 is Pebble's default
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
	if o.MemTables == 0 {
		o.MemTables = 4
	}
}

// DB is an open store. It is safe for concurrent use; it must not be used after Close.
type DB struct {
	opts   Options
	life   *life
	lock   *pebble.Lock
	pebble *pebble.DB
	syncer *syncer  // nil under FsyncAlways
	late   *lateWAL // nil under FsyncAlways
	tally  logTally

	pebbleOpts *pebble.Options
	damaged    *damaged
	views      views
	vital      vital
	inspector  sync.WaitGroup
	replaceMu  sync.Mutex // held while a range is replaced

	// writeMu serializes writes: after one fails, Pebble's pipeline would block the next.
	writeMu sync.Mutex
	closed  bool // guarded by writeMu
	wedged  bool // guarded by writeMu; Pebble panicked and may hold its locks

	marks    marks
	readOnly bool
	room     *room
	reserve  *Reserve
	stopRoom func()    // ends watchRoom
	stopSlow io.Closer // nil when nobody listens for slow operations
}

// Open opens the store in opts.Dir. It refuses with ErrInUse or ErrCorrupt.
func Open(opts Options) (*DB, error) {
	opts.setDefaults()
	if opts.Dir == "" {
		return nil, errors.New("open store: no directory")
	}
	db := &DB{opts: opts, life: newLife(opts.Events.Fatal), damaged: newDamaged(), room: newRoom(), reserve: newReserve(opts.FS, opts.Dir, opts.ReserveBytes)}
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
	for _, prepare := range []func() error{
		db.refuseIncomplete,
		db.releaseIfFull,
		db.tidy,
		func() error { return removeReplacements(db.opts.FS, db.opts.Dir) },
		func() error { return checkWAL(db.opts.FS, db.opts.Dir) },
		func() error { return checkManifest(db.opts.FS, db.opts.Dir) },
	} {
		if err := prepare(); err != nil {
			return errors.Join(err, lock.Close())
		}
	}
	cache := pebble.NewCache(db.opts.CacheBytes)
	defer cache.Unref() // Pebble holds its own reference
	db.pebbleOpts = db.pebbleOptions(cache, lock)
	db.pebbleOpts.EnsureDefaults() // for the tables that Replace writes
	db.stopRoom = db.watchRoom()   // opening flushes and compacts already
	p, err := db.openPebble(db.pebbleOpts)
	if err != nil {
		db.stopWatches()
		return errors.Join(db.explainOpen(err), lock.Close())
	}
	db.pebble, db.lock = p, lock
	if err = db.life.err(); err == nil {
		err = db.look()
	}
	if err != nil {
		err = errors.Join(err, p.Close(), lock.Close())
		db.stopWatches()
		return err
	}
	db.inspector.Go(db.inspect)
	if db.opts.Fsync == FsyncInterval {
		db.syncer = startSyncer(db, db.opts.FsyncInterval)
	}
	return nil
}

// stopWatches ends what looks at the disk beside Pebble.
func (db *DB) stopWatches() {
	db.stopRoom()
	if db.stopSlow != nil {
		_ = db.stopSlow.Close() // it only ends a goroutine
	}
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

// slowAfter is how long one operation of the disk may take before it is reported, again
// and again while it lasts.
const slowAfter = time.Second

// watchSlow puts a clock on every operation that changes the disk, if somebody listens. It
// allows one operation on a file at a time, so there is none under FsyncInterval, where the
// log is written while it is synced.
func (db *DB) watchSlow(fs vfs.FS) vfs.FS {
	if db.opts.Events.Slow == nil || db.opts.Fsync == FsyncInterval {
		return fs
	}
	fs, db.stopSlow = vfs.WithDiskHealthChecks(fs, slowAfter, nil, func(i vfs.DiskSlowInfo) {
		db.opts.Events.Slow(i.Path, i.Duration)
	})
	return fs
}

// diskFS is the file system below the guard.
func (db *DB) diskFS() vfs.FS {
	fs := db.watchSlow(db.opts.FS)
	if db.reserve.size == 0 {
		return fs
	}
	return vfs.OnDiskFull(fs, db.onDiskFull)
}

// logFS is the file system whose logs are synced as the mode has it.
func (db *DB) logFS() vfs.FS {
	fs := db.diskFS()
	if db.opts.Fsync == FsyncInterval {
		db.late = newLateWAL(fs)
		return db.late
	}
	return fs
}

func (db *DB) pebbleOptions(cache *pebble.Cache, lock *pebble.Lock) *pebble.Options {
	e := db.opts.Events
	opts := &pebble.Options{
		FS:    &guardFS{FS: db.logFS(), life: db.life, staging: db.staging(), room: db.room},
		Lock:  lock,
		Cache: cache,
		// Explicit: the default is the oldest, in which damage inside a write-ahead log looks
		// like its end.
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      logger{db.life},
		MemTableSize:                db.opts.MemTableBytes,
		MemTableStopWritesThreshold: db.opts.MemTables,
		MaxOpenFiles:                db.opts.OpenTables,
		L0CompactionThreshold:       db.opts.compactAt(),
		L0StopWritesThreshold:       12,
		BytesPerSync:                512 << 10,
		WALBytesPerSync:             512 << 10,
		EventListener: &pebble.EventListener{
			DataCorruption: db.damaged.report,
			BackgroundError: func(err error) {
				if e.Background != nil {
					e.Background(err)
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
	// What is replaced must be gone when Replace returns.
	opts.Experimental.DisableIngestAsFlushable = func() bool { return true }
	for i := range opts.TargetFileSizes {
		opts.TargetFileSizes[i] = db.opts.tableBytes
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return opts
}

// compactAt is how many tables a read may meet in level 0, counted as Pebble does, before they are compacted. Later is
// cheaper for writes; a compaction holds a block of each table, so where memory is short it begins early.
func (o *Options) compactAt() int {
	if o.MemTableBytes < 16<<20 {
		return 2
	}
	return 8
}

// Close makes everything durable and gives the directory back. Views and iterators
// must be closed before. It returns ErrDead when the store had died.
func (db *DB) Close() error {
	if db.syncer != nil {
		db.syncer.stop()
	}
	db.damaged.close()
	db.inspector.Wait()
	_ = db.Mark() // an error has killed the store, which is told below
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
	db.stopWatches()
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
