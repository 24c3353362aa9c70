package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Apply writes c as one batch. On return it is visible; the Pending tells the rest.
func (db *DB) Apply(c *Commit) (Pending, error) {
	b := db.pebble.NewBatchWithSize(c.size())
	forgotten, err := db.skip(b, c)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	logged, err := fill(b, c)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	p, err := db.write(b, c.Shard, logged-forgotten)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	return p, nil
}

// entryBytes is more than what a batch adds to a key and a value, or a head takes.
const entryBytes = 64

// size is about what the commit takes in a batch: one that grows copies itself, and a
// large one is several times its size in garbage.
func (c *Commit) size() int {
	n := entryBytes * (1 + len(c.Cells) + 2*len(c.Frames) + 4*len(c.Heads) + len(c.Retired) + len(c.Drops))
	for _, cell := range c.Cells {
		n += len(cell.Key) + len(cell.Value)
	}
	for _, f := range c.Frames {
		n += f.EncodedSize()
	}
	return n
}

// skip puts the skips of the commit into b and returns the bytes of log they forget. It
// must come before the commit's frames.
func (db *DB) skip(b *pebble.Batch, c *Commit) (forgotten int, err error) {
	l := db.Log(c.Shard)
	for _, s := range c.Skips {
		n, err := l.skip(b, s)
		if err != nil {
			return 0, err
		}
		forgotten += n
	}
	return forgotten, nil
}

// fill puts the commit into b. Invariant: cells, frames and heads share the batch, so
// that no crash can part them.
func fill(b *pebble.Batch, c *Commit) (logged int, err error) {
	for _, r := range c.Drops {
		if err := b.DeleteRange(r.Lo, r.Hi, nil); err != nil {
			return 0, err
		}
	}
	for _, cell := range c.Cells {
		if cell.Value == nil {
			err = b.Delete(cell.Key, nil)
		} else {
			err = b.Set(cell.Key, cell.Value, nil)
		}
		if err != nil {
			return 0, err
		}
	}
	for _, f := range c.Frames {
		key, size := logKey(c.Shard, f.Origin, f.Last()), f.EncodedSize()
		op := b.SetDeferred(len(key), size)
		copy(op.Key, key)
		f.Append(op.Value[:0])
		logged += size
		if err := op.Finish(); err != nil {
			return 0, err
		}
	}
	for _, h := range c.Heads {
		if err := b.Set(headKey(c.Shard, h.Origin), h.encode(), nil); err != nil {
			return 0, err
		}
	}
	for _, o := range c.Retired {
		if err := b.Delete(headKey(c.Shard, o), nil); err != nil {
			return 0, err
		}
	}
	return logged, nil
}

// write applies b, which makes the op log of a shard grow by some bytes, and gives it to
// whatever makes it durable under the fsync setting.
func (db *DB) write(b *pebble.Batch, s ShardID, grown int) (Pending, error) {
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	if err := db.tally.note(b, s, grown); err != nil {
		return nil, err
	}
	p, err := db.hand(b)
	if err == nil {
		db.tally.add(s, grown)
	}
	return p, err
}

// hand applies b; the caller holds writeMu.
func (db *DB) hand(b *pebble.Batch) (Pending, error) {
	if db.syncer == nil {
		return db.handSync(b)
	}
	w, err := db.handSync(b)
	if err != nil {
		return nil, err
	}
	return &ackedFirst{written: w, number: db.syncer.applied()}, nil
}

// writeSync applies b and asks for a sync, without waiting for it.
func (db *DB) writeSync(b *pebble.Batch) (*syncWait, error) {
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	return db.handSync(b)
}

func (db *DB) handSync(b *pebble.Batch) (*syncWait, error) {
	if err := db.marks.add(b); err != nil {
		return nil, err
	}
	return db.handMarked(b)
}

// handMarked applies a batch that ends with its mark; the caller holds writeMu.
func (db *DB) handMarked(b *pebble.Batch) (*syncWait, error) {
	if err := db.pipeline(func() error { return db.pebble.ApplyNoSyncWait(b, pebble.Sync) }); err != nil {
		return nil, err
	}
	db.vital.note(b)
	return &syncWait{db: db, batch: b, number: db.marks.last}, nil
}

// pipeline runs one write of Pebble; the caller holds writeMu. Pebble panics when its
// log fails: that, too, ends the store and not the process.
func (db *DB) pipeline(do func() error) (err error) {
	if err := db.life.err(); err != nil {
		return err
	}
	if db.closed {
		return ErrClosed
	}
	if db.readOnly {
		return ErrReadOnly
	}
	defer func() {
		if p := recover(); p != nil {
			db.wedged = true
			db.life.kill(fmt.Errorf("pebble: %v", p))
		}
		if dead := db.life.err(); dead != nil {
			err = dead
		}
	}()
	return do()
}

// syncWait is a commit whose sync was asked for.
type syncWait struct {
	db     *DB
	batch  *pebble.Batch // nil once waited for
	number uint64
	err    error
}

// Acked implements Pending.
func (w *syncWait) Acked() error { return w.Durable() }

// Durable implements Pending.
func (w *syncWait) Durable() error {
	if err := w.written(); err != nil {
		return err
	}
	if err := w.db.syncLog(); err != nil {
		return err
	}
	w.db.marks.reached(w.number)
	return nil
}

// syncLog makes durable what is written to the log, where Pebble leaves that to the store.
func (db *DB) syncLog() error {
	if err := db.late.sync(); err != nil {
		db.life.kill(fmt.Errorf("sync the log: %w", err))
	}
	return db.life.err()
}

// written waits until the batch is in the log: on disk, or, under FsyncInterval, with the
// operating system.
func (w *syncWait) written() error {
	if w.batch == nil {
		return w.err
	}
	err := w.batch.SyncWait()
	if err != nil {
		w.db.life.kill(err)
	}
	// A dead store confirms nothing, not even what reached the disk just before.
	if w.err = w.db.life.err(); w.err == nil {
		w.err = w.batch.Close()
	}
	w.batch = nil
	return w.err
}

// ackedFirst is a commit that is acknowledged when it is with the operating system, before
// it is durable.
type ackedFirst struct {
	written *syncWait
	number  uint64
}

// Acked implements Pending.
func (a *ackedFirst) Acked() error {
	if err := a.written.written(); err != nil {
		return err
	}
	return a.written.db.life.err()
}

// Durable implements Pending.
func (a *ackedFirst) Durable() error {
	if err := a.Acked(); err != nil {
		return err
	}
	return a.written.db.syncer.wait(a.number)
}
