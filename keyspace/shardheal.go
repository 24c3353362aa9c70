package keyspace

import (
	"bytes"
	"context"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// Quarantine is Core.Quarantine; it returns when it is acknowledged, and with it every
// commit before it.
func (s *Shard) Quarantine(ctx context.Context, x Quarantined) (atLeast clock.VersionVector, err error) {
	reply := make(chan outcome, 1)
	err = s.ask(ctx, request{control: func(c *Core) { atLeast = c.Quarantine(x) }, last: true, reply: reply}, reply)
	return atLeast, err
}

// Quarantined returns the ranges that wait to be healed, also those of earlier runs.
func (s *Shard) Quarantined() []Quarantined { return s.Stats().Quarantined }

// CheckHealer is Core.CheckHealer.
func (s *Shard) CheckHealer(ctx context.Context, heads []store.Head) error {
	var refused error
	if err := s.control(ctx, func(c *Core) { refused = c.CheckHealer(heads) }); err != nil {
		return err
	}
	return refused
}

// Healed is Core.Healed.
func (s *Shard) Healed(ctx context.Context, lo, hi []byte, heads []store.Head) error {
	var refused error
	if err := s.control(ctx, func(c *Core) { refused = c.Healed(lo, hi, heads) }); err != nil {
		return err
	}
	return refused
}

// Renew publishes the state anew: what a replaced range held cannot be read through views
// that were opened before.
func (s *Shard) Renew(ctx context.Context) error {
	return s.control(ctx, (*Core).saveQuarantine)
}

// NotesLost is Core.NotesLost.
func (s *Shard) NotesLost(ctx context.Context) error {
	var failed error
	if err := s.control(ctx, func(c *Core) { failed = c.NotesLost() }); err != nil {
		return err
	}
	return failed
}

// Requeue is Core.Requeue for the whole of a range.
func (s *Shard) Requeue(ctx context.Context, lo, hi []byte) error {
	return s.through(ctx, lo, hi, (*Core).Requeue)
}

// Reindex is Core.Reindex for the whole of a range.
func (s *Shard) Reindex(ctx context.Context, lo, hi []byte) error {
	return s.through(ctx, lo, hi, (*Core).Reindex)
}

// through does a step after the other, other requests in between, until a range is done.
func (s *Shard) through(ctx context.Context, lo, hi []byte, step func(c *Core, lo, hi []byte) ([]byte, error)) error {
	for lo != nil {
		var next []byte
		var failed error
		if err := s.control(ctx, func(c *Core) { next, failed = step(c, lo, hi) }); err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
		lo = next
	}
	return nil
}

// HealCells takes live cells of a replica's snapshot, ascending, and gives to put what
// the store is to hold for them. It refuses cells that no correct replica sends.
type HealCells struct {
	// Lo and Hi bound the range that is healed.
	Lo, Hi []byte
	// Put takes the cells.
	Put func(key, value []byte) error

	last    []byte
	counted []byte // the key whose counts were given
}

// Add takes one cell.
func (w *HealCells) Add(cell store.Cell) error {
	if bytes.Compare(cell.Key, w.last) <= 0 || bytes.Compare(cell.Key, w.Lo) < 0 || bytes.Compare(cell.Key, w.Hi) >= 0 {
		return fmt.Errorf("%w: cell %x outside its range", ErrMalformed, cell.Key)
	}
	if err := checkCell(cell); err != nil {
		return fmt.Errorf("%w: cell %x: %w", ErrMalformed, cell.Key, err)
	}
	w.last = cell.Key
	_, key, rest, _ := splitKey(cell.Key) // checked
	if isElement(rest[0]) && (w.counted == nil || !bytes.Equal(w.counted, key)) {
		w.counted = key
		// The sweep counts: see Requeue. Counts come before all elements.
		for _, t := range crdt.Collections {
			if err := w.Put(countKey(key, t), count{unknown: true}.encode()); err != nil {
				return err
			}
		}
	}
	return w.Put(cell.Key, cell.Value)
}
