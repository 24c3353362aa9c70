package store

import (
	"context"
	"fmt"
	"time"
)

// ScrubProgress says how far a scrub has come, in bytes of tables.
type ScrubProgress struct {
	Done, Total int64
	// Damaged is the number of damaged ranges found so far.
	Damaged int
}

// Scrub reads every block of every table from disk, past all caches, at most rate bytes
// a second (0: no limit), and reports what is damaged by Events.Damaged. progress may be
// nil; it is called for each table and must not block.
func (db *DB) Scrub(ctx context.Context, rate int64, progress func(ScrubProgress)) (p ScrubProgress, err error) {
	tables, err := db.tables()
	if err != nil {
		return p, fmt.Errorf("scrub: %w", err)
	}
	for _, t := range tables {
		p.Total += t.size
	}
	pace := paced(ctx, rate)
	for _, t := range tables {
		d, err := db.check(t, pace)
		if err != nil {
			return p, fmt.Errorf("scrub %s: %w", t.file, err)
		}
		if d != nil {
			p.Damaged++
			db.tell(*d)
		}
		p.Done += t.size
		if progress != nil {
			progress(p)
		}
	}
	return p, nil
}

// paced waits so that no more than rate bytes a second are read. Bytes are read on
// credit, which is paid back in pieces of a tenth of a second.
func paced(ctx context.Context, rate int64) paceFunc {
	var owed int64
	return func(n int) error {
		if rate <= 0 {
			return ctx.Err()
		}
		if owed += int64(n); owed < rate/10 {
			return ctx.Err()
		}
		wait := time.Duration(float64(owed) / float64(rate) * float64(time.Second))
		owed = 0
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			return nil
		}
	}
}
