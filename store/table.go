package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// table is one of Pebble's tables: a file, and the keys of it that count. After a part
// of a file was replaced, the rest of it is one table or two.
type table struct {
	file   string
	size   int64 // of the file
	lo, hi []byte
}

// tables lists the tables of all levels.
func (db *DB) tables() ([]table, error) {
	levels, err := db.pebble.SSTables()
	if err != nil {
		return nil, explain(err)
	}
	var out []table
	for _, level := range levels {
		for _, t := range level {
			out = append(out, table{
				file: fmt.Sprintf("%06d.sst", uint64(t.BackingSSTNum)), size: int64(t.Size),
				lo: bytes.Clone(t.Smallest.UserKey), hi: after(bytes.Clone(t.Largest.UserKey)),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b table) int { return strings.Compare(a.file, b.file) })
	return out, nil
}

// paceFunc is told of bytes before they are read; it may wait. An error ends the check.
type paceFunc func(bytes int) error

// check reads every block of the table from disk, and returns what is damaged: whole
// keys, as narrow as the file still tells. A file that is gone is not damaged.
func (db *DB) check(t table, pace paceFunc) (*Damage, error) {
	f, err := db.opts.FS.Open(db.opts.FS.PathJoin(db.opts.Dir, t.file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dropCached(f)
	c := &tableCheck{table: t, opts: db.pebbleOpts, pace: pace}
	err = c.run(f)
	if c.paced != nil {
		return nil, c.paced
	}
	if err == nil || !pebble.IsCorruptionError(err) {
		return nil, err
	}
	return &c.found, nil
}

// tableCheck looks into one table.
type tableCheck struct {
	table
	opts  *pebble.Options
	pace  paceFunc
	paced error // what pace returned
	found Damage
}

// run returns an error of corruption when found is filled in.
func (c *tableCheck) run(f vfs.File) error {
	c.found = Damage{File: c.file, Offset: -1, Lo: c.lo, Hi: c.hi}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if c.paced = c.pace(4096); c.paced != nil {
		return errors.Join(c.paced, f.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, c.opts.MakeReaderOptions())
	if err != nil {
		c.found.Cause = oneLine(err)
		return errors.Join(err, f.Close())
	}
	defer r.Close()
	return c.blocks(r, f)
}

// blocks verifies the checksums of all blocks.
func (c *tableCheck) blocks(r *sstable.Reader, f vfs.File) error {
	layout, err := r.Layout()
	if err != nil {
		// A part of the index: the walk finds which keys it holds.
		c.found.Cause = oneLine(err)
		return c.narrow(r, err)
	}
	// What is not about single keys counts for all of them.
	meta := []block.Handle{layout.RangeDel, layout.RangeKey, layout.Properties, layout.MetaIndex, layout.TopIndex}
	for _, h := range layout.Filter {
		meta = append(meta, h.Handle)
	}
	for _, h := range meta {
		if err := c.block(f, h); err != nil {
			return err
		}
	}
	var bad error
	for _, h := range layout.Data {
		err := c.block(f, h.Handle)
		if err != nil && !pebble.IsCorruptionError(err) {
			return err
		}
		if bad == nil {
			bad = err
		}
	}
	if bad != nil {
		return c.narrow(r, bad)
	}
	return nil
}

// block verifies one block; Pebble's tables are written with CRC-32C.
func (c *tableCheck) block(f vfs.File, h block.Handle) error {
	if h.Length == 0 {
		return nil
	}
	if c.paced = c.pace(int(h.Length)); c.paced != nil {
		return c.paced
	}
	b := make([]byte, h.Length+block.TrailerLen)
	if _, err := f.ReadAt(b, int64(h.Offset)); err != nil {
		return err
	}
	err := block.ValidateChecksum(block.ChecksumTypeCRC32c, b, h)
	if err != nil && c.found.Offset < 0 {
		c.found.Offset, c.found.Cause = int64(h.Offset), oneLine(err)
	}
	return err
}

// narrow walks the keys from both ends up to the first block that cannot be read: what
// lies between is damaged. It returns nil when that part of the file no longer counts.
func (c *tableCheck) narrow(r *sstable.Reader, cause error) error {
	it, err := r.NewPointIter(context.Background(), sstable.IterOptions{Lower: c.lo, Upper: c.hi, Env: sstable.NoReadEnv})
	if err != nil {
		return err
	}
	var last []byte // before the damage
	for kv := it.SeekGE(c.lo, 0); kv != nil; kv = it.Next() {
		last = append(last[:0], kv.K.UserKey...)
	}
	if it.Error() == nil {
		return it.Close()
	}
	_ = it.Close() // it tells the error again
	if it, err = r.NewPointIter(context.Background(), sstable.IterOptions{Lower: c.lo, Upper: c.hi, Env: sstable.NoReadEnv}); err != nil {
		return err
	}
	var next []byte // behind the damage
	for kv := it.SeekLT(c.hi, 0); kv != nil; kv = it.Prev() {
		next = append(next[:0], kv.K.UserKey...)
	}
	_ = it.Close()
	// One key may have versions in both blocks: it counts as damaged.
	if last != nil {
		c.found.Lo = last
	}
	if next != nil {
		c.found.Hi = after(next)
	}
	return cause
}
