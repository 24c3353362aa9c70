package store

import (
	"bytes"
	"errors"
	"fmt"
)

// inspect looks into the tables in which Pebble met damage, as they are reported.
func (db *DB) inspect() {
	for {
		select {
		case <-db.damaged.closed:
			return
		case <-db.damaged.wake:
		}
		for file, ok := db.damaged.next(); ok; file, ok = db.damaged.next() {
			if err := db.inspectFile(file); err != nil && db.opts.Events.Background != nil {
				db.opts.Events.Background(fmt.Errorf("look into %s: %w", file, err))
			}
			db.damaged.looked(file)
		}
	}
}

func (db *DB) inspectFile(file string) error {
	tables, err := db.tables()
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range tables {
		if t.file != file {
			continue
		}
		d, err := db.check(t, func(int) error { return nil })
		errs = append(errs, err)
		if d != nil {
			db.tell(*d)
		}
	}
	return errors.Join(errs...)
}

// Inspect looks for damage in every table that holds keys of lo ≤ key < hi, at once.
func (db *DB) Inspect(lo, hi []byte) error {
	tables, err := db.tables()
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range tables {
		if bytes.Compare(t.lo, hi) < 0 && bytes.Compare(lo, t.hi) < 0 {
			d, err := db.check(t, func(int) error { return nil })
			errs = append(errs, err)
			if d != nil {
				db.tell(*d)
			}
		}
	}
	return errors.Join(errs...)
}

// tell blocks what was found and reports it, once.
func (db *DB) tell(d Damage) {
	if known := db.Block(d); !known && db.opts.Events.Damaged != nil {
		db.opts.Events.Damaged(d)
	}
}

// look reads what must be whole when the store opens. Damage of what nobody else knows
// is refused.
func (db *DB) look() error {
	err := db.vital.load(db)
	if err == nil {
		err = db.tally.load(db)
	}
	if errors.Is(err, ErrCorrupt) {
		return &VitalError{Dir: db.opts.Dir, Cause: err}
	}
	return err
}
