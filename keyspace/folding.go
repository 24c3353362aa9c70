package keyspace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// When origins are folded, counters keep what is left of them in pools. Whoever reads a
// header or a field to write sees it folded; folding rewrites those that nobody writes, a little at
// a time. It changes no visible state.
type folding struct {
	pending bool   // some stored counters may not be folded
	after   []byte // the last cell looked at
}

// foldingKey remembers, over restarts, that folding is to be done: no origin is 0.
func foldingKey(s store.ShardID) []byte { return endKey(s, 0) }

func (c *Core) foldingPending(src store.Reader) bool {
	b, err := src.Get(foldingKey(c.cfg.Shard))
	return err == nil && b != nil
}

// Knowledge returns what the canonical form of the shard's state depends on.
func (c *Core) Knowledge() crdt.Knowledge { return crdt.Knowledge{Seen: c.Seen, Folded: c.folded()} }

// folded tells which origins are folded by what the shard has applied.
func (c *Core) folded() crdt.Folded {
	folds := c.ends.folds
	if folds.Len() == 0 {
		return nil
	}
	return folds.Get
}

// knownFolds returns the origins that are folded here, or in ranges that run ahead.
func (c *Core) knownFolds() *crdt.Folds {
	if c.transfer.folds.Len() == 0 {
		return c.ends.folds
	}
	return c.ends.folds.With(c.transfer.folds.All()...)
}

// foldCounters begins to fold all counters anew.
func (c *Core) foldCounters() {
	c.ends.folds = (*crdt.Folds)(nil)
	if list := c.ends.foldings(); len(list) > 0 {
		c.ends.folds = c.ends.folds.With(list...)
	}
	c.batch.below.folded = c.folded()
	c.batch.fold()
	c.folding = folding{pending: true}
	c.batch.set(foldingKey(c.cfg.Shard), []byte{1})
}

// fold folds the counters that the open batch holds.
func (b *batch) fold() {
	b.forget()
	for _, k := range slices.Sorted(maps.Keys(b.cells)) {
		switch x := b.cells[k]; {
		case x.header != nil:
			x.header.Counter.Fold(b.below.folded)
		case x.field != nil:
			b.foldField(k, *x.field)
		}
	}
}

// foldField folds an element that the open batch holds.
func (b *batch) foldField(cell string, f crdt.Field) {
	_, key, rest, err := splitKey([]byte(cell))
	if err == nil && len(rest) > 0 {
		b.putField(key, fieldType(rest[0]), rest[1:], b.below.open(f, b.hiddenOver(cell)))
	}
}

// hiddenOver returns what the header of a field's cell hides, if that has changed in this
// batch: what it hid before was dropped when the field was read.
func (b *batch) hiddenOver(cell string) (hidden clock.VersionVector) {
	at, err := kindAt([]byte(cell))
	if err != nil {
		return hidden
	}
	if x := b.cells[cell[:at]+string([]byte{kindHeader})]; x != nil {
		hidden = x.header.Hidden
	}
	return hidden
}

// step folds the counters among the next cells.
func (f *folding) step(c *Core) error {
	if !f.pending {
		return nil
	}
	lo, hi := dataRange(f.after, nil)
	seen := 0
	err := scan(c.batch.raw(), lo, hi, func(cell, raw []byte) (bool, error) {
		f.after = bytes.Clone(cell)
		seen++
		return seen < c.cfg.SweepCells, f.foldCell(c, f.after, raw)
	})
	switch {
	case IsDamage(err):
		f.after = append(f.after, 0xff) // what is damaged is healed in the peer's form
		return nil
	case err == nil && seen < c.cfg.SweepCells:
		f.pending = false
		c.batch.set(foldingKey(c.cfg.Shard), nil)
	}
	return err
}

// foldCell rewrites a header or a field that names folded origins.
func (f *folding) foldCell(c *Core, cell, raw []byte) error {
	_, key, rest, err := splitKey(cell)
	switch {
	case err != nil || len(rest) == 0:
		return nil
	case isField(rest[0]):
		return f.foldField(c, key, fieldType(rest[0]), rest[1:], raw)
	case rest[0] != kindHeader:
		return nil
	}
	h, err := decodeHeader(key, raw)
	if err != nil || !h.Counter.Names(c.batch.below.folded) {
		return nil
	}
	if h, err = c.batch.header(key); err == nil {
		c.batch.putHeader(key, h)
	}
	return err
}

func (f *folding) foldField(c *Core, key []byte, t crdt.Type, name, raw []byte) error {
	x, err := decodeField(key, t, raw)
	if err != nil || !x.Counter.Names(c.batch.below.folded) {
		return err
	}
	h, err := c.batch.header(key)
	if err != nil {
		return err
	}
	if x, err = c.batch.field(key, t, name, h.Hidden); err == nil {
		c.batch.putField(key, t, name, x)
	}
	return err
}

// mergeDots returns the dots of both lists, ascending.
func mergeDots(a []clock.Dot, b ...clock.Dot) []clock.Dot {
	out := slices.Concat(a, b)
	slices.SortFunc(out, clock.Dot.Compare)
	return slices.Compact(out)
}

// appendFoldings appends uvarint foldings, each origin u64, pool u64, uvarint dots, dots.
func appendFoldings(b []byte, list []crdt.Folding) []byte {
	b = appendUvarint(b, uint64(len(list)))
	for _, x := range list {
		b = binary.BigEndian.AppendUint64(b, uint64(x.Origin))
		b = appendDots(binary.BigEndian.AppendUint64(b, uint64(x.Pool)), x.By)
	}
	return b
}

// takeFoldings reads what appendFoldings wrote from the front of b.
func takeFoldings(b []byte) (list []crdt.Folding, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > maxEnds {
		return nil, nil, fmt.Errorf("%w: %d folded origins", ErrMalformed, n)
	}
	for range n {
		if len(b) < 16 {
			return nil, nil, fmt.Errorf("%w: folded origins are cut short", ErrMalformed)
		}
		x := crdt.Folding{Origin: clock.Origin(binary.BigEndian.Uint64(b)), Pool: crdt.PoolID(binary.BigEndian.Uint64(b[8:]))}
		if x.By, b, err = takeDots(b[16:]); err != nil {
			return nil, nil, err
		}
		list = append(list, x)
	}
	return list, b, nil
}
