package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pidName is the file that tells who holds the lock. It counts only while the lock is
// held, so a stale one does no harm.
const pidName = "PID"

// lockDir makes dir if needed and takes it for this process.
func lockDir(fsys vfs.FS, dir string) (*pebble.Lock, error) {
	if err := MakeDir(fsys, dir); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, fsys)
	if err != nil {
		// A path error comes from making the lock file; anything else is the lock itself.
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			return nil, err
		}
		return nil, &InUseError{PID: readPID(fsys, dir)}
	}
	// On a full disk the number of the process is left out: it is for a message only.
	if err := writePID(fsys, dir); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// MakeDir creates dir, readable by its owner only, so that it survives a crash: every
// parent that got a new entry is synced.
func MakeDir(fsys vfs.FS, dir string) error {
	var changed []string
	for at := dir; ; {
		_, err := fsys.Stat(at)
		if err == nil {
			break
		}
		parent := fsys.PathDir(at)
		if !errors.Is(err, fs.ErrNotExist) || parent == at {
			return err
		}
		changed = append(changed, parent)
		at = parent
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, parent := range changed {
		if err := syncDir(fsys, parent); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func writePID(fsys vfs.FS, dir string) error {
	f, err := fsys.Create(fsys.PathJoin(dir, pidName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, os.Getpid())
	return errors.Join(err, f.Close())
}

func readPID(fsys vfs.FS, dir string) int {
	f, err := fsys.Open(fsys.PathJoin(dir, pidName))
	if err != nil {
		return 0
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}
