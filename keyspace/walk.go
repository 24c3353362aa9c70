package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// liveCell is one cell in canonical form. Its slices are valid during the call only.
type liveCell struct {
	slot uint16
	key  []byte
	// value is canonical; nil when the cell cannot be read.
	value []byte
	// unsettled: the canonical form changes when an origin is seen to know a reset.
	unsettled bool
	// err tells why the cell cannot be read.
	err error
}

// walk calls fn for the live cells of some slots of a namespace, in key order. A cell that
// cannot be decoded is given with its error; the walk goes on after it.
func (s stored) walk(name []byte, which SlotSet, k crdt.Knowledge, fn func(*liveCell) error) error {
	w := walker{s: s, k: k}
	err := s.scanSlots(name, which, func(cell, raw []byte) error {
		if bad := w.index.leave(cell); bad != nil {
			if err := fn(bad); err != nil {
				return err
			}
		}
		if !w.visit(cell, raw) {
			return nil
		}
		return fn(&w.cell)
	})
	if bad := w.index.leave(nil); err == nil && bad != nil {
		err = fn(bad)
	}
	return err
}

// scanSlots calls fn for the cells of some slots of a namespace, in key order. It steps over the others from where cells are:
// of a namespace with few keys it looks at few places, however many slots there are.
func (s stored) scanSlots(name []byte, which SlotSet, fn func(cell, raw []byte) error) (err error) {
	first, last, some := which.Bounds()
	if !some {
		return nil
	}
	lo, hi := slotRange(store.SpaceData, name, uint16(first), uint16(last))
	it, err := s.src.Iterate(lo, hi)
	if err != nil {
		return err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	for ok := it.First(); ok; {
		if slot, known := slotOfCell(it.Key()); known && !which.Has(int(slot)) {
			next := int(slot) + 1
			for !which.Has(next) { // the set has last
				next++
			}
			ok = it.SeekGE(slotPrefix(store.SpaceData, name, uint16(next)))
			continue
		}
		if err := fn(it.Key(), it.Value()); err != nil {
			return err
		}
		ok = it.Next()
	}
	return it.Error()
}

// walker is where a walk is.
type walker struct {
	s        stored
	k        crdt.Knowledge
	header   crdt.Header // of the key that the walk is in
	headerOf []byte
	index    indexCheck
	cell     liveCell
	value    []byte // of cell; its memory is used again
}

// visit reads a cell, and tells whether it is live, or cannot be read.
func (w *walker) visit(cell, raw []byte) bool {
	slot, _ := slotOfCell(cell)
	w.cell, w.value = liveCell{slot: slot, key: cell}, w.value[:0]
	at, err := kindAt(cell)
	if err != nil {
		w.cell.err = err
		return true
	}
	live := w.decode(cell, raw, at)
	if live && w.cell.err == nil {
		w.cell.value = w.value
	}
	return live || w.cell.err != nil
}

// decode reads a cell whose kind is at a place, and tells whether it is live; cells that are
// only local are not.
func (w *walker) decode(cell, raw []byte, at int) (live bool) {
	switch cell[at] {
	case kindHeader:
		return w.decodeHeader(cell, raw, at)
	case kindMember:
		return w.decodeMember(cell, raw, at)
	case kindField, kindScore, kindItem, kindEntry, kindBounded, kindSketch, kindGroup:
		return w.decodeNamed(cell, raw, at)
	case kindScoreCount:
		w.index.count(cell[:at], raw)
	case kindCount, kindFieldCount, kindItemCount, kindEntryCount, kindBoundedCount, kindSketchCount, kindGroupCount, kindLate, kindFieldEnd, kindFieldEndFrom:
	case kindIndex:
		w.cell.err = w.index.entry(cell, at, raw)
	default:
		w.cell.err = errKey
	}
	return false
}

func (w *walker) decodeHeader(cell, raw []byte, at int) bool {
	w.headerOf = append(w.headerOf[:0], cell[:at]...)
	if w.header, w.cell.err = decodeHeader(cell[userAt(cell):at], raw); w.cell.err != nil {
		return false
	}
	w.header.Hidden = w.header.Hidden.Carry(w.s.retired)
	live := w.header.Canonical(w.k)
	w.cell.unsettled = live.Counter.Unsettled()
	if live.Empty() {
		return false
	}
	w.value = live.Append(w.value)
	return true
}

func (w *walker) decodeMember(cell, raw []byte, at int) bool {
	m, err := decodeMember(cell[userAt(cell):at], raw)
	if w.cell.err = err; err != nil {
		return false
	}
	if w.hides(cell[:at]) {
		m.Hide(w.header.Hidden)
	}
	if !m.Live() {
		return false
	}
	w.value = m.Append(w.value)
	return true
}

// decodeNamed reads a field, a score or an element of a list.
func (w *walker) decodeNamed(cell, raw []byte, at int) bool {
	f, err := decodeNamed(cell[userAt(cell):at], fieldType(cell[at]), cell[at+1:], raw)
	if w.cell.err = err; err != nil {
		return false
	}
	if cell[at] == kindScore {
		w.index.member(cell, at, &f)
	}
	if w.hides(cell[:at]) {
		f.Hide(w.header.Hidden)
	}
	f = f.Canonical(w.k)
	w.cell.unsettled = f.Counter.Unsettled()
	if f.Empty() {
		return false
	}
	w.value = f.Append(w.value)
	return true
}

// hides tells whether the header at hand is that of the key which a cell's key begins with.
func (w *walker) hides(prefix []byte) bool { return bytes.Equal(prefix, w.headerOf) }

// kindAt returns where the kind of a cell's key is: behind the escaped user key.
func kindAt(cell []byte) (int, error) {
	i := userAt(cell)
	if i == 0 {
		return 0, errKey
	}
	for ; i+2 < len(cell); i++ {
		if cell[i] != 0 {
			continue
		}
		switch i++; cell[i] {
		case 0x01:
			return i + 1, nil
		case 0xff:
		default:
			return 0, errKey
		}
	}
	return 0, errKey
}
