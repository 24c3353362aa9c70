package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// stagingName is the directory below the data directory in which a checkpoint is made.
const stagingName = "checkpoint"

// IncompleteName is a file that tells that the directory is still being filled, as by a
// restore: Open refuses it.
const IncompleteName = "INCOMPLETE"

// Checkpoint makes a copy of the store as it is, durable state only, and returns its
// directory, which lies below the data directory and shares the tables with it by hard
// links. The caller gives it back by release; what a crash leaves is removed by Open.
// One checkpoint can exist at a time. Writes wait while it is made; that takes as long
// as writing the unflushed log once more.
func (db *DB) Checkpoint() (dir string, release func() error, err error) {
	dir = db.staging()
	release = func() error { return db.opts.FS.RemoveAll(dir) }
	if db.readOnly {
		return "", nil, fmt.Errorf("checkpoint: %w", ErrReadOnly)
	}
	// Flushed first, so that little log is left to copy while writes wait.
	if err := db.flush(); err != nil {
		return "", nil, fmt.Errorf("checkpoint: %w", err)
	}
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	err = db.pipeline(func() error {
		// No option of Pebble's that syncs the log: with it, commits could come between the
		// sync and the copy, and the copy would hold what a loss of power still takes.
		b := db.pebble.NewBatch()
		if err := b.LogData(nil, nil); err != nil {
			return err
		}
		if err := db.pebble.ApplyNoSyncWait(b, pebble.Sync); err != nil {
			return err
		}
		if err := (&syncWait{db: db, batch: b}).Durable(); err != nil {
			return err
		}
		return db.pebble.Checkpoint(dir)
	})
	if err != nil {
		return "", nil, fmt.Errorf("checkpoint: %w", explain(err))
	}
	return dir, release, nil
}

// flush writes what is in memory to tables.
func (db *DB) flush() error {
	flushed, err := db.startFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-db.life.ended:
		return db.life.err()
	}
}

func (db *DB) startFlush() (flushed <-chan struct{}, err error) {
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	err = db.pipeline(func() (err error) { flushed, err = db.pebble.AsyncFlush(); return err })
	return flushed, err
}

func (db *DB) staging() string { return db.opts.FS.PathJoin(db.opts.Dir, stagingName) }

// tidy removes a checkpoint that a crash left behind.
func (db *DB) tidy() error {
	if _, err := db.opts.FS.Stat(db.staging()); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return db.opts.FS.RemoveAll(db.staging())
}

// refuseIncomplete refuses a directory that somebody did not finish to fill.
func (db *DB) refuseIncomplete() error {
	_, err := db.opts.FS.Stat(db.opts.FS.PathJoin(db.opts.Dir, IncompleteName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && db.opts.Incomplete {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%w: a restore into it did not finish (it holds %s); delete the directory and restore again", ErrCorrupt, IncompleteName)
	}
	return err
}

// staged tells whether a file belongs to a checkpoint: its failures are no failures of
// the store.
func (g *guardFS) staged(name string) bool { return strings.HasPrefix(name, g.staging) }

// unsynced makes a file of a checkpoint. It is only read back, and removed by the next
// Open after a crash: it need not be durable, and Pebble panics when a sync of its marker
// files fails.
func unsynced(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error                { return nil }
func (unsyncedFile) SyncData() error            { return nil }
func (unsyncedFile) SyncTo(int64) (bool, error) { return true, nil }
