package keyspace

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// ErrMoved reports that a slot changed after it was compared: the cell is to be compared
// anew.
var ErrMoved = errors.New("the slot has changed meanwhile")

// ErrHidden reports a member or field that this shard's header hides: a repair of it
// alone would not show.
var ErrHidden = errors.New("the key's header hides the element")

// maxFixes bounds one repair.
const maxFixes = 4096

// Fix replaces one cell by what a peer has that has seen the same updates of the slot.
type Fix struct {
	// Key is the cell's key.
	Key []byte
	// Value is the peer's cell in canonical form; nil when it has none.
	Value []byte
}

// Repair applies fixes that were found at the state after the commit of that number. The
// open batch may hold nothing else of their slots.
func (c *Core) Repair(commit uint64, fixes []Fix) []error {
	out := make([]error, len(fixes))
	ahead := c.aheadOrActive()
	open := SlotSet{}
	for _, key := range slices.Sorted(maps.Keys(c.batch.cells)) {
		if slot, ok := slotOfCell([]byte(key)); ok {
			open.Add(int(slot))
		}
	}
	for i, f := range fixes {
		slot, _ := slotOfCell(f.Key)
		switch {
		case c.failed != nil:
			out[i] = c.failed
		case ahead || c.changed[slot] > commit || open.Has(int(slot)):
			out[i] = ErrMoved
		default:
			out[i] = c.fix(f)
		}
	}
	return out
}

// aheadOrActive reports whether some cells may contain more than the vector says.
func (c *Core) aheadOrActive() bool { return c.transfer.pass != nil || !c.transfer.extras.empty() }

func (c *Core) fix(f Fix) error {
	_, key, rest, err := splitKey(f.Key)
	if err != nil || len(rest) == 0 || !stands(f.Key, key) {
		return fmt.Errorf("%w: no cell has this key", ErrMalformed)
	}
	if x := c.quarantine.holds(f.Key); x != nil {
		return x.refusal()
	}
	switch {
	case rest[0] == kindHeader && len(rest) == 1:
		return c.fixHeader(key, f.Value)
	case rest[0] == kindMember:
		return c.fixMember(key, rest[1:], f.Value)
	case isField(rest[0]):
		return c.fixField(key, fieldType(rest[0]), rest[1:], f.Value)
	case rest[0] == kindIndex && f.Value == nil:
		return c.fixIndex(f.Key, key)
	default:
		return fmt.Errorf("%w: no cell has this key", ErrMalformed)
	}
}

// fixHeader keeps what is local. When the old header cannot be read, what it hid shows
// again as members that the peer does not have; they are fixed like any other.
func (c *Core) fixHeader(key, value []byte) (err error) {
	var h crdt.Header
	if value != nil {
		if h, err = crdt.DecodeHeader(value); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	if h.Hidden.Len() > 0 {
		return fmt.Errorf("%w: not canonical", ErrMalformed)
	}
	if err := c.checkSeen(h.Dots()); err != nil {
		return err
	}
	old, err := c.batch.header(key)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	h.Hidden = old.Hidden
	c.putHeader(key, c.dueAt(&old), h)
	if err != nil || len(h.Claims)+len(old.Claims)+h.Hidden.Len() > 0 || h.Counter.Unsettled() {
		c.recount(key, crdt.Collections[:]...)
	}
	return nil
}

func (c *Core) fixMember(key, name, value []byte) (err error) {
	var m crdt.Member
	if value != nil {
		if m, err = crdt.DecodeMember(value); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	if err := c.checkShows(key, m.Dots, m.Dots); err != nil {
		return err
	}
	c.batch.putMember(key, name, m)
	c.recount(key, crdt.TypeSet)
	return nil
}

func (c *Core) fixField(key []byte, t crdt.Type, name, value []byte) (err error) {
	var f crdt.Field
	if value != nil {
		if f, err = decodeNamed(key, t, name, value); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	if err := c.checkShows(key, f.Dots(), f.LiveDots()); err != nil {
		return err
	}
	if t == crdt.TypeHash { // tells where it stands in the indexes of what ends; what cannot be read stands nowhere that is known
		_, _ = c.batch.field(key, t, name, clock.VersionVector{})
	}
	c.putField(key, t, name, f)
	c.recount(key, t)
	return nil
}

// fixIndex lets the sweep make the index of a sorted set anew. No peer has one to give: the
// cell is what a walk found wrong.
func (c *Core) fixIndex(cell, key []byte) error {
	c.batch.put(cell, absentCell)
	c.recount(key, crdt.TypeZSet)
	return nil
}

// checkShows refuses an element with updates that this shard does not know, or of which
// its header hides what is live.
func (c *Core) checkShows(key []byte, dots, live []clock.Dot) error {
	if err := c.checkSeen(dots); err != nil {
		return err
	}
	h, err := c.batch.header(key)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	if slices.ContainsFunc(live, h.Hidden.Covers) {
		return ErrHidden
	}
	return nil
}

// recount lets the sweep count the elements of collections of a key anew: damage may have
// changed what is there without changing the count.
func (c *Core) recount(key []byte, types ...crdt.Type) {
	for _, t := range types {
		c.batch.putCount(key, t, count{unknown: true})
	}
	c.batch.set(sweepKey(key), []byte{})
	c.sweep.restart(key)
}

// checkSeen refuses a cell with an update that this shard has not applied: the peer did
// not have the same knowledge.
func (c *Core) checkSeen(dots []clock.Dot) error {
	for _, d := range dots {
		if !c.vv.Covers(d) {
			return fmt.Errorf("%w: %v is not known here", ErrMalformed, d)
		}
	}
	return nil
}
