package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
)

// Conn is a conversation with one peer. Call returns an error that matches ErrRefused
// when the peer does not want to talk.
type Conn interface {
	Call(context.Context, Request) (Response, error)
	// Bytes returns how many bytes of messages went each way.
	Bytes() (sent, received uint64)
	Close()
}

// asker is the asking side of one comparison.
type asker struct {
	conn    Conn
	salt    uint64
	state   State
	peer    clock.VersionVector
	common  slotset.Set // what was compared
	damaged slotset.Set // slots with cells that the peer cannot read
	current *groupRef   // the group that the peer holds
}

// groupRef names a group of cells.
type groupRef struct {
	slots       slotset.Set
	part, parts uint64
}

// difference is one cell that both sides have in different versions.
type difference struct {
	hash   uint64
	slot   int
	key    []byte
	mine   version
	theirs version
	broken bool // this node cannot read its cell
	group  *groupRef
}

func call[T Response](ctx context.Context, c Conn, r Request) (out T, err error) {
	got, err := c.Call(ctx, r)
	if err != nil {
		return out, err
	}
	out, ok := got.(T)
	if !ok {
		return out, fmt.Errorf("%w: %T answers %T", ErrUnexpected, got, r)
	}
	return out, nil
}

// compare finds the cells that differ in the slots given, as far as they are comparable.
// slotOf tells the slot of a cell's key.
func (a *asker) compare(ctx context.Context, pending slotset.Set, slotOf func([]byte) int) ([]difference, error) {
	mine := a.state.Comparable(a.peer).And(pending)
	totals, err := call[*Totals](ctx, a.conn, &Root{mine})
	if err != nil {
		return nil, err
	}
	a.common, a.damaged = mine.And(totals.Slots), totals.Damaged
	differ := a.state.Damaged().And(a.common)
	if cells, hi, lo := a.state.Total(a.common); cells != totals.Cells || hi != totals.High || lo != totals.Low {
		found, err := a.differingSlots(ctx)
		if err != nil {
			return nil, err
		}
		differ = differ.Or(found)
	}
	var out []difference
	for groups := a.groups(differ); len(groups) > 0; {
		g := groups[0]
		groups = groups[1:]
		list, err := a.compareGroup(ctx, g)
		if errors.Is(err, ErrTooMany) && g.parts < maxParts {
			groups = append(g.split(), groups...)
			continue
		}
		if err == nil {
			list, err = a.name(ctx, list, slotOf)
		}
		if err != nil {
			return out, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (a *asker) differingSlots(ctx context.Context) (out slotset.Set, err error) {
	mine := newEncoder(slotEntries(a.state, a.common), a.salt)
	d := &decoder{salt: a.salt, plausible: func(k uint64) bool { return k <= slotset.Slots && a.common.Has(int(k-1)) }}
	for !d.done() {
		n := min(max(16, mine.made/5), maxSymbols, maxSlotSymbols-mine.made)
		if n <= 0 {
			return out, ErrTooMany
		}
		theirs, err := call[*Symbols](ctx, a.conn, &SlotSketch{n})
		if err != nil {
			return out, err
		}
		symbols, err := decodeSymbols(theirs.Bytes, n, false)
		if err != nil {
			return out, err
		}
		d.take(mine.more(n), symbols)
	}
	for _, e := range d.found {
		out.Add(int(e.key - 1))
	}
	return out, nil
}

// groups splits slots into groups of about groupCells cells.
func (a *asker) groups(slots slotset.Set) (out []*groupRef) {
	g, size := &groupRef{parts: 1}, uint64(0)
	for slot := range slots.All() {
		cells, _, _ := a.state.Slot(slot)
		if size > 0 && size+cells > groupCells {
			out = append(out, g)
			g, size = &groupRef{parts: 1}, 0
		}
		g.slots.Add(slot)
		size += cells
	}
	if !g.slots.Empty() {
		out = append(out, g)
	}
	return out
}

// split halves a group that is too large, by one more bit of the keys' hashes.
func (g *groupRef) split() []*groupRef {
	return []*groupRef{{g.slots, g.part, 2 * g.parts}, {g.slots, g.part + g.parts, 2 * g.parts}}
}

// compareGroup finds the differing cells of one group; their keys are not known yet.
func (a *asker) compareGroup(ctx context.Context, ref *groupRef) ([]difference, error) {
	g := &group{slots: ref.slots, part: ref.part, parts: ref.parts}
	n, err := g.load(a.state, a.salt, maxGroupCells)
	if err == nil && n > maxGroupCells {
		err = fmt.Errorf("%w: %d cells in %d slots", ErrTooMany, n, g.slots.Len())
	}
	if err != nil {
		return nil, err
	}
	mine := newEncoder(g.entries, a.salt)
	d := &decoder{salt: a.salt, tagged: true}
	request := &CellSketch{New: true, Slots: ref.slots, Part: ref.part, Parts: ref.parts}
	n = min(max(8, ref.slots.Len()*3/2), maxSymbols)
	for !d.done() {
		if n = min(n, maxCellSymbols-mine.made); n <= 0 {
			return nil, ErrTooMany
		}
		request.Count = n
		theirs, err := call[*Symbols](ctx, a.conn, request)
		if err != nil {
			return nil, err
		}
		if theirs.TooMany > 0 {
			return nil, fmt.Errorf("%w: the peer holds %d cells where this node holds %d", ErrTooMany, theirs.TooMany, len(g.entries))
		}
		symbols, err := decodeSymbols(theirs.Bytes, n, true)
		if err != nil {
			return nil, err
		}
		d.take(mine.more(n), symbols)
		request, n = &CellSketch{}, min(max(8, mine.made/5), maxSymbols)
	}
	a.current = ref
	return a.differences(g, d.differences(), ref), nil
}

// differences joins what the sketch found with what this node holds.
func (a *asker) differences(g *group, found map[uint64]uint64, ref *groupRef) (out []difference) {
	for _, b := range g.broken {
		out = append(out, difference{hash: b.hash, slot: b.slot, key: b.key, theirs: version(sub(0, found[b.hash])), broken: true, group: ref})
		delete(found, b.hash)
	}
	for i, e := range g.entries {
		if x, ok := found[e.key]; ok {
			theirs := version(sub(e.value, x))
			out = append(out, difference{hash: e.key, slot: int(g.slotOf[i]), mine: version(e.value), theirs: theirs, group: ref})
			delete(found, e.key)
		}
	}
	left := make([]difference, 0, len(found)) // cells that this node does not have
	for k, x := range found {
		left = append(left, difference{hash: k, slot: -1, theirs: version(sub(0, x)), group: ref})
	}
	sortDifferences(left)
	return append(out, left...)
}

// name finds the keys: those of own cells here, of others at the peer.
func (a *asker) name(ctx context.Context, list []difference, slotOf func([]byte) int) ([]difference, error) {
	at := make(map[uint64]int, len(list))
	var slots slotset.Set
	var unknown []uint64
	for i, d := range list {
		switch at[d.hash] = i; {
		case d.slot < 0:
			unknown = append(unknown, d.hash)
		case d.key == nil:
			slots.Add(d.slot)
		}
	}
	err := a.state.Cells(slots, func(slot int, key, _ []byte, _ error) error {
		if i, ok := at[hashKey(key, a.salt)]; ok && list[i].slot == slot && list[i].key == nil {
			list[i].key = append([]byte(nil), key...)
		}
		return nil
	})
	if err != nil || len(unknown) == 0 {
		return list, err
	}
	err = a.fetch(ctx, list[0].group, nil, unknown, false, func(h uint64, c Cell) {
		if i, ok := at[h]; ok && list[i].key == nil && a.common.Has(slotOf(c.Key)) && hashKey(c.Key, a.salt) == h {
			list[i].key, list[i].slot = c.Key, slotOf(c.Key)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.key == nil {
			return nil, fmt.Errorf("%w: a differing cell that neither side has", ErrMalformed)
		}
	}
	return list, nil
}

// fetch calls fn for cells of a group at the peer.
func (a *asker) fetch(ctx context.Context, ref *groupRef, hashes, named []uint64, values bool, fn func(hash uint64, c Cell)) error {
	if a.current != ref {
		if _, err := call[*Symbols](ctx, a.conn, &CellSketch{New: true, Slots: ref.slots, Part: ref.part, Parts: ref.parts, Count: 1}); err != nil {
			return err
		}
		a.current = ref
	}
	for len(hashes)+len(named) > 0 {
		n := min(len(hashes), maxFetch)
		m := min(len(named), maxFetch-n)
		got, err := call[*Cells](ctx, a.conn, &Fetch{Hashes: hashes[:n], Named: named[:m], Values: values})
		if err != nil {
			return err
		}
		if !got.Done && len(got.Cells) == 0 {
			return fmt.Errorf("%w: an empty part of cells", ErrMalformed)
		}
		asked := slices.Concat(hashes[:n], named[:m])
		have := make(map[uint64]bool, len(got.Cells))
		for _, c := range got.Cells {
			if c.Index < 0 || c.Index >= len(asked) {
				return fmt.Errorf("%w: cell %d of %d", ErrMalformed, c.Index, len(asked))
			}
			have[asked[c.Index]] = true
			fn(asked[c.Index], c)
		}
		if got.Done {
			hashes, named = hashes[n:], named[m:]
			continue
		}
		before := len(hashes) + len(named)
		if hashes, named = without(hashes, have), without(named, have); len(hashes)+len(named) == before {
			return fmt.Errorf("%w: cells that were not asked for", ErrMalformed)
		}
	}
	return nil
}

func without(list []uint64, have map[uint64]bool) (out []uint64) {
	for _, h := range list {
		if !have[h] {
			out = append(out, h)
		}
	}
	return out
}
