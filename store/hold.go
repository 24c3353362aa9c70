package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Hold keeps every node off an existing data directory until Close, whatever state its
// files are in. It refuses with ErrInUse, and with fs.ErrNotExist what is none.
func Hold(dir string) (io.Closer, error) {
	names, err := vfs.Default.List(dir)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(names, isStoreFile) {
		return nil, fmt.Errorf("%s: %w: it holds no file of a node's store", dir, fs.ErrNotExist)
	}
	lock, err := pebble.LockDirectory(dir, vfs.Default)
	if err == nil {
		return lock, nil
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, err
	}
	return nil, &InUseError{PID: readPID(vfs.Default, dir)}
}

func isStoreFile(name string) bool {
	return strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "OPTIONS-") || strings.HasPrefix(name, "marker.") ||
		strings.HasSuffix(name, ".sst") || isWAL(name)
}

// Exchange gives dir the content of fresh and the other way round, in one step where the
// system can, and makes it survive a crash.
func Exchange(dir, fresh string) error {
	if err := exchange(dir, fresh); err != nil {
		return err
	}
	return syncDir(vfs.Default, filepath.Dir(dir))
}
