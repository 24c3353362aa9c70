package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/store"
)

// ErrExists: there is something in the directory already; nothing is ever overwritten.
var ErrExists = errors.New("it exists already")

// digestCacheBytes is enough to read everything once.
const digestCacheBytes = 8 << 20

// Source is the store that is backed up; store.DB is one.
type Source interface {
	// Checkpoint makes a directory with durable state only, and the function that removes
	// it again.
	Checkpoint() (dir string, release func() error, err error)
}

// CreateConfig says what to back up and where to.
type CreateConfig struct {
	// FS holds both the source and the backup; nil is the operating system's.
	FS     vfs.FS
	Source Source
	// Dir is made; nothing may be there yet.
	Dir string
	// About is the manifest but for StoreFormat, Shards and Files.
	About  Manifest
	Digest Digest
	// Progress may be nil.
	Progress func(Progress)
}

// Create makes a backup and returns its manifest. It reads everything back: what a
// damaged disk holds does not become a backup. After an error, or when ctx ends, nothing
// is left in the directory; after a crash there may be files, and no manifest.
func Create(ctx context.Context, cfg CreateConfig) (*Manifest, error) {
	if cfg.FS == nil {
		cfg.FS = vfs.Default
	}
	if err := refuseExisting(cfg.FS, cfg.Dir); err != nil {
		return nil, fmt.Errorf("back up to %s: %w", cfg.Dir, err)
	}
	m, err := create(cfg, newMeter(ctx, cfg.Progress))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("back up to %s: %w", cfg.Dir, err), cfg.FS.RemoveAll(cfg.Dir))
	}
	return m, nil
}

func refuseExisting(fsys vfs.FS, dir string) error {
	_, err := fsys.Stat(dir)
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

func create(cfg CreateConfig, m *meter) (out *Manifest, err error) {
	data := cfg.FS.PathJoin(cfg.Dir, DataName)
	if err := store.MakeDir(cfg.FS, data); err != nil {
		return nil, err
	}
	m.begin(PhaseCheckpoint, 0)
	from, release, err := cfg.Source.Checkpoint()
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := release(); err == nil {
			err = e
		}
	}()
	about := cfg.About
	if about.Files, err = m.copyAll(cfg.FS, from, data); err != nil {
		return nil, err
	}
	m.begin(PhaseDigest, 0)
	if about.Shards, about.StoreFormat, err = inspect(m.ctx, cfg.FS, data, cfg.Digest); err != nil {
		return nil, fmt.Errorf("read the copy back: %w", err)
	}
	if err := writeFile(cfg.FS, cfg.Dir, ManifestName, about.Encode()); err != nil {
		return nil, err
	}
	return &about, nil
}

// copyAll copies the files of one directory into another.
func (m *meter) copyAll(fsys vfs.FS, from, to string) ([]File, error) {
	names, err := list(fsys, from)
	if err != nil {
		return nil, err
	}
	var total int64
	for _, name := range names {
		info, err := fsys.Stat(fsys.PathJoin(from, name))
		if err != nil {
			return nil, err
		}
		total += info.Size()
	}
	m.begin(PhaseCopy, total)
	var files []File
	for _, name := range names {
		if !fileName.MatchString(name) {
			return nil, fmt.Errorf("file %.80q has a name that no backup holds", name)
		}
		size, sum, err := m.copyFile(fsys, fsys.PathJoin(from, name), fsys.PathJoin(to, name))
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, size, sum})
	}
	return files, syncDir(fsys, to)
}

// inspect opens a copy and reads everything in it.
func inspect(ctx context.Context, fsys vfs.FS, dir string, digest Digest) (shards []Shard, format uint64, err error) {
	db, err := store.OpenReadOnly(store.Options{Dir: dir, FS: fsys, CacheBytes: digestCacheBytes})
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	if _, err := db.Check(); err != nil {
		return nil, 0, err
	}
	shards, err = digest(ctx, db)
	return shards, db.Format(), err
}
