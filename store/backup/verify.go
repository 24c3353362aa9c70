package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrIncomplete: there is no manifest, so the backup did not finish.
var ErrIncomplete = errors.New("not a complete backup: there is no " + ManifestName + ", so making it did not finish, or it is another directory")

// DamageError lists what in a backup is not what was written.
type DamageError struct {
	Dir   string
	Found []Damage
}

// Damage is one file, relative to the directory of the backup, and what is wrong with it.
type Damage struct{ File, What string }

// Error names every file.
func (e *DamageError) Error() string {
	texts := make([]string, len(e.Found))
	for i, d := range e.Found {
		texts[i] = d.File + ": " + d.What
	}
	return fmt.Sprintf("backup %s is damaged: %s", e.Dir, strings.Join(texts, "; "))
}

func (e *DamageError) add(file, format string, args ...any) {
	e.Found = append(e.Found, Damage{file, fmt.Sprintf(format, args...)})
}

// Read returns the manifest of a backup and checks nothing else. The error wraps
// ErrIncomplete, is a *DamageError, or comes from the system. A nil FS is the operating
// system's.
func Read(fsys vfs.FS, dir string) (*Manifest, error) {
	if fsys == nil {
		fsys = vfs.Default
	}
	f, err := fsys.Open(fsys.PathJoin(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := fsys.Stat(dir); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", dir, ErrIncomplete)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, manifestBytesMax+1))
	if err != nil {
		return nil, err
	}
	m, err := Decode(b)
	if err != nil {
		return nil, &DamageError{dir, []Damage{{ManifestName, err.Error()}}}
	}
	return m, nil
}

// Verify reads all of a backup: every checksum, then the store itself, whose vectors and
// digests must be those of the manifest. Damage is a *DamageError that names every
// damaged file. Nothing is changed.
func Verify(ctx context.Context, fsys vfs.FS, dir string, digest Digest, progress func(Progress)) (*Manifest, error) {
	if fsys == nil {
		fsys = vfs.Default
	}
	m, err := Read(fsys, dir)
	if err != nil {
		return nil, err
	}
	meter := newMeter(ctx, progress)
	found := &DamageError{Dir: dir}
	if err := meter.compare(fsys, dir, m, found); err != nil {
		return m, fmt.Errorf("verify %s: %w", dir, err)
	}
	if len(found.Found) > 0 {
		return m, found // what is damaged is not opened
	}
	meter.begin(PhaseDigest, 0)
	shards, _, err := inspect(ctx, fsys, fsys.PathJoin(dir, DataName), digest)
	switch {
	case ctx.Err() != nil:
		return m, ctx.Err()
	case err != nil:
		found.add(DataName, "checksums fit, but the store does not open: %v", err)
		return m, found
	case !sameShards(shards, m.Shards):
		found.add(DataName, "checksums fit, but vector or digest are not those of the manifest")
		return m, found
	}
	return m, nil
}

// compare adds every file to found that is missing, damaged or not of the backup.
func (m *meter) compare(fsys vfs.FS, dir string, want *Manifest, found *DamageError) error {
	data := fsys.PathJoin(dir, DataName)
	names, err := list(fsys, data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(want.Files, func(f File) bool { return f.Name == name }) {
			found.add(DataName+"/"+name, "not a file of this backup")
		}
	}
	m.begin(PhaseChecksum, want.Bytes())
	for _, f := range want.Files {
		size, sum, err := m.transfer(fsys, fsys.PathJoin(data, f.Name), nil)
		switch {
		case m.ctx.Err() != nil:
			return m.ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			found.add(DataName+"/"+f.Name, "missing")
		case err != nil:
			found.add(DataName+"/"+f.Name, "cannot be read: %v", err)
		default:
			f.judge(size, sum, found)
		}
	}
	return nil
}

// judge compares what was read of a file with what was written.
func (f File) judge(size int64, sum Sum, found *DamageError) {
	switch {
	case size != f.Size:
		found.add(DataName+"/"+f.Name, "%d bytes, not %d", size, f.Size)
	case sum != f.Sum:
		found.add(DataName+"/"+f.Name, "checksum differs")
	}
}
