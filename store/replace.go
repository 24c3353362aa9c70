package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Fill gives the cells of a range to put, ascending by key, each key once.
type Fill func(put func(key, value []byte) error) error

// Replace puts something new in the place of everything in lo ≤ key < hi, at once and
// durably: no block of a table that holds nothing else is ever read again. What was
// acknowledged before is durable then, whatever the fsync setting. The range
// must be blocked, and nobody may write to the part of it that holds cells.
//
//   - Cells, and what else lies from SpaceData on, become what fill gives; nil gives nothing.
//   - Frames of the op log are forgotten, with those before them: the log of each origin
//     concerned begins behind the range. Peers are told so and take the state instead.
//   - Metadata, heads and the other small spaces are written anew from memory.
//
// Views opened before refuse the range from now on. The block is the caller's to lift.
func (db *DB) Replace(ctx context.Context, lo, hi []byte, fill Fill) error {
	if err := db.life.err(); err != nil {
		return err
	}
	db.replaceMu.Lock()
	defer db.replaceMu.Unlock()
	r := &replaceWork{db: db, d: Damage{Lo: lo, Hi: hi}}
	err := r.cells(fill)
	if err == nil {
		err = db.syncLog() // under FsyncInterval what was acknowledged before may not be durable
	}
	if err == nil {
		err = r.run(ctx)
	}
	if err = errors.Join(explain(err), r.tidy()); err != nil {
		return fmt.Errorf("replace %x to %x: %w", lo, hi, err)
	}
	if _, ok := r.d.Within([]byte{spaceLog}, []byte{spaceLog + 1}); ok {
		return db.recount()
	}
	return nil
}

// replacement names the files that Replace makes; what a crash left is removed by Open.
const replacement = "replacement-"

type replaceWork struct {
	db    *DB
	d     Damage
	files []string
}

// cells writes what fill gives to a table.
func (r *replaceWork) cells(fill Fill) error {
	if fill == nil {
		return nil
	}
	return r.write(fill)
}

// run takes the new tables in. Spaces that commits write to all the time need commits
// to wait.
func (r *replaceWork) run(ctx context.Context) error {
	db := r.db
	if _, ok := r.d.Within(nil, []byte{SpaceData}); ok {
		db.writeMu.Lock()
		defer db.writeMu.Unlock()
		if err := db.raiseStarts(r.d); err != nil {
			return err
		}
		if small := db.vital.within(r.d.Lo, r.d.Hi); len(small) > 0 {
			if err := r.write(func(put func(k, v []byte) error) error { return putAll(small, put) }); err != nil {
				return err
			}
		}
	}
	db.views.replace(r.d.Lo, r.d.Hi)
	span := pebble.KeyRange{Start: r.d.Lo, End: r.d.Hi}
	var err error
	if len(r.files) == 0 {
		err = db.pebble.Excise(ctx, span)
	} else {
		_, err = db.pebble.IngestAndExcise(ctx, r.files, nil, nil, span)
	}
	if dead := db.life.err(); dead != nil {
		return dead
	}
	return err
}

func putAll(cells []Cell, put func(k, v []byte) error) error {
	for _, c := range cells {
		if err := put(c.Key, c.Value); err != nil {
			return err
		}
	}
	return nil
}

// write writes a table with what fill gives, unless that is nothing.
func (r *replaceWork) write(fill Fill) error {
	opts := r.db.pebbleOpts
	path := opts.FS.PathJoin(r.db.opts.Dir, fmt.Sprintf("%s%d.sst", replacement, len(r.files)))
	f, err := opts.FS.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	n := 0
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), opts.MakeWriterOptions(0, r.db.pebble.TableFormat()))
	err = fill(func(key, value []byte) error { n++; return w.Set(key, value) })
	r.files = append(r.files, path)
	if err = errors.Join(err, w.Close()); err == nil && n == 0 {
		r.files = slices.Delete(r.files, len(r.files)-1, len(r.files))
		return opts.FS.Remove(path)
	}
	return err
}

// tidy removes the tables that Pebble did not take.
func (r *replaceWork) tidy() error {
	var errs []error
	for _, path := range r.files {
		if _, err := r.db.opts.FS.Stat(path); err == nil {
			errs = append(errs, r.db.pebbleOpts.FS.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// removeReplacements removes what a crash left of Replace.
func removeReplacements(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, replacement) {
			if err := fs.Remove(fs.PathJoin(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
