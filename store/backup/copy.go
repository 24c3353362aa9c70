package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/store"
)

// Phase names what is being done, for people.
type Phase string

// The phases of the work.
const (
	PhaseCheckpoint Phase = "checkpoint"
	PhaseCopy       Phase = "copy"
	PhaseChecksum   Phase = "checksums"
	PhaseDigest     Phase = "digest"
)

// Progress is how far a phase has come. Total is 0 when it is not known.
type Progress struct {
	Phase       Phase
	Done, Total int64 // bytes
}

// Digest computes the shards of a store that is open for reading only.
type Digest func(context.Context, *store.DB) ([]Shard, error)

// meter reports progress and ends the work when ctx does.
type meter struct {
	ctx    context.Context
	report func(Progress)
	at     Progress
}

func newMeter(ctx context.Context, report func(Progress)) *meter {
	if report == nil {
		report = func(Progress) {}
	}
	return &meter{ctx: ctx, report: report}
}

func (m *meter) begin(p Phase, total int64) {
	m.at = Progress{Phase: p, Total: total}
	m.report(m.at)
}

func (m *meter) add(n int) error {
	m.at.Done += int64(n)
	m.report(m.at)
	return m.ctx.Err()
}

// copyChunk is how much is read at a time.
const copyChunk = 1 << 20

// transfer reads a file to its end, into to unless that is nil, and returns its sum.
func (m *meter) transfer(fsys vfs.FS, from string, to io.Writer) (size int64, sum Sum, err error) {
	f, err := fsys.Open(from, vfs.SequentialReadsOption)
	if err != nil {
		return 0, sum, err
	}
	defer f.Close()
	h := sha256.New()
	out := io.Writer(h)
	if to != nil {
		out = io.MultiWriter(h, to)
	}
	buffer := make([]byte, copyChunk)
	for {
		n, err := f.Read(buffer)
		size += int64(n)
		if n > 0 {
			if _, err := out.Write(buffer[:n]); err != nil {
				return size, sum, err
			}
			if err := m.add(n); err != nil {
				return size, sum, err
			}
		}
		if errors.Is(err, io.EOF) {
			h.Sum(sum[:0])
			return size, sum, nil
		}
		if err != nil {
			return size, sum, err
		}
	}
}

// copyFile copies a file so that it survives a loss of power.
func (m *meter) copyFile(fsys vfs.FS, from, to string) (size int64, sum Sum, err error) {
	f, err := fsys.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, sum, err
	}
	size, sum, err = m.transfer(fsys, from, f)
	if err == nil {
		err = f.Sync()
	}
	return size, sum, errors.Join(err, f.Close())
}

// writeFile writes a small file so that it survives a loss of power, or leaves none.
func writeFile(fsys vfs.FS, dir, name string, content []byte) error {
	temporary := fsys.PathJoin(dir, name+".tmp")
	f, err := fsys.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(temporary, fsys.PathJoin(dir, name)); err != nil {
		return err
	}
	return syncDir(fsys, dir)
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// isEmpty tells whether dir is missing or holds nothing.
func isEmpty(fsys vfs.FS, dir string) (bool, error) {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return len(names) == 0, err
}

// list returns the names in dir, ascending.
func list(fsys vfs.FS, dir string) ([]string, error) {
	names, err := fsys.List(dir)
	slices.Sort(names)
	return names, err
}
