package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/store"
)

// ErrNotEmpty: a restore never writes into a directory that holds something.
var ErrNotEmpty = errors.New("the directory is not empty; a restore needs a new or empty one")

// Restore copies a backup into a data directory that is missing or empty, comparing
// checksums as it copies. finish is called with the directory when all is copied, to put
// what belongs to the new owner in order. Until it has returned the directory holds a
// file that keeps a node from starting on it. After an error the directory is as empty
// as before.
func Restore(ctx context.Context, fsys vfs.FS, dir, target string, finish func(dir string) error, progress func(Progress)) (*Manifest, error) {
	if fsys == nil {
		fsys = vfs.Default
	}
	m, err := Read(fsys, dir)
	if err != nil {
		return nil, err
	}
	empty, err := isEmpty(fsys, target)
	switch {
	case err != nil:
		return nil, err
	case !empty:
		return nil, fmt.Errorf("restore to %s: %w", target, ErrNotEmpty)
	}
	if err := restore(newMeter(ctx, progress), fsys, dir, target, m, finish); err != nil {
		return nil, errors.Join(fmt.Errorf("restore to %s: %w", target, err), empties(fsys, target))
	}
	return m, nil
}

func restore(m *meter, fsys vfs.FS, dir, target string, want *Manifest, finish func(string) error) error {
	if err := store.MakeDir(fsys, target); err != nil {
		return err
	}
	if err := writeFile(fsys, target, store.IncompleteName, []byte("a restore from "+dir+" has not finished\n")); err != nil {
		return err
	}
	m.begin(PhaseCopy, want.Bytes())
	for _, f := range want.Files {
		found := &DamageError{Dir: dir}
		size, sum, err := m.copyFile(fsys, fsys.PathJoin(dir, DataName, f.Name), fsys.PathJoin(target, f.Name))
		if err != nil {
			return err
		}
		if f.judge(size, sum, found); len(found.Found) > 0 {
			return found
		}
	}
	if err := syncDir(fsys, target); err != nil {
		return err
	}
	if err := finish(target); err != nil {
		return err
	}
	if err := fsys.Remove(fsys.PathJoin(target, store.IncompleteName)); err != nil {
		return err
	}
	return syncDir(fsys, target)
}

// empties removes what a restore left, and keeps the directory itself: it may be a
// mount.
func empties(fsys vfs.FS, target string) error {
	names, err := list(fsys, target)
	if err != nil {
		return nil // it was never made
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, fsys.RemoveAll(fsys.PathJoin(target, name)))
	}
	return errors.Join(errs...)
}
