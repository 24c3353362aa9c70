package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Apply writes c as one batch. On return it is visible; the Pending tells the rest.
func (db *DB) Apply(c *Commit) (Pending, error) {
	b := db.pebble.NewBatch()
	logged, err := fill(b, c)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	p, err := db.write(b)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	db.tally.add(c.Shard, logged)
	return p, nil
}

// fill puts the commit into b. Invariant: cells, frames and heads share the batch, so
// that no crash can part them.
func fill(b *pebble.Batch, c *Commit) (logged int, err error) {
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
		value := f.Append(make([]byte, 0, f.EncodedSize()))
		logged += len(value)
		if err := b.Set(logKey(c.Shard, f.Origin, f.Last()), value, nil); err != nil {
			return 0, err
		}
	}
	for _, h := range c.Heads {
		if err := b.Set(headKey(c.Shard, h.Origin), h.encode(), nil); err != nil {
			return 0, err
		}
	}
	return logged, nil
}

// write applies b and gives it to whatever makes it durable under the fsync setting.
func (db *DB) write(b *pebble.Batch) (Pending, error) {
	if db.syncer == nil {
		return db.writeSync(b)
	}
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	if err := db.pipeline(func() error { return db.pebble.Apply(b, pebble.NoSync) }); err != nil {
		return nil, err
	}
	return &ackedFirst{db: db, number: db.syncer.applied()}, b.Close()
}

// writeSync applies b and asks for a sync, without waiting for it.
func (db *DB) writeSync(b *pebble.Batch) (*syncWait, error) {
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	if err := db.pipeline(func() error { return db.pebble.ApplyNoSyncWait(b, pebble.Sync) }); err != nil {
		return nil, err
	}
	return &syncWait{db: db, batch: b}, nil
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
	db    *DB
	batch *pebble.Batch // nil once waited for
	err   error
}

// Acked implements Pending.
func (w *syncWait) Acked() error { return w.Durable() }

// Durable implements Pending.
func (w *syncWait) Durable() error {
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

// ackedFirst is a commit that is acknowledged before it is durable.
type ackedFirst struct {
	db     *DB
	number uint64
}

// Acked implements Pending.
func (a *ackedFirst) Acked() error { return a.db.life.err() }

// Durable implements Pending.
func (a *ackedFirst) Durable() error { return a.db.syncer.wait(a.number) }
