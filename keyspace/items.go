package keyspace

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// A list is read from its ends: its cells, one an element, sort by position. So do those of a stream, by id.

// itemWalk is a walk along a list or a stream.
type itemWalk struct {
	// of is the type.
	of crdt.Type
	// from is the first position, nil the end of the list that the walk begins at.
	from []byte
	// back walks from the last element to the first.
	back bool
	// hidden is what the key's header hides.
	hidden clock.VersionVector
	// all shows elements that are not visible, too.
	all bool
}

// bounds returns the cells of the walk, and how much of a cell's key precedes a position.
func (w itemWalk) bounds(key []byte) (lo, hi []byte, prefix int) {
	lo = append(keyPrefix(store.SpaceData, key), fieldKind(w.of))
	hi = append(keyPrefix(store.SpaceData, key), fieldKind(w.of)+1)
	prefix = len(lo)
	switch {
	case w.from == nil:
	case w.back:
		hi = append(append(bytes.Clone(lo), w.from...), 0)
	default:
		lo = append(lo, w.from...)
	}
	return lo, hi, prefix
}

func (s stored) items(key []byte, w itemWalk, fn func([]byte, crdt.Field) bool) error {
	lo, hi, prefix := w.bounds(key)
	return scanWay(s.src, lo, hi, w.back, func(at, value []byte) (bool, error) {
		f, err := decodeField(key, w.of, value)
		if err != nil {
			return false, err
		}
		f.Hide(w.hidden)
		return fn(at[prefix:], f), nil
	})
}

// noteItem keeps the batch's cells of a list or a stream in order; a cell's key begins with prefix bytes
// that all of them have.
func (b *batch) noteItem(cell []byte, prefix int) {
	list := b.lists[string(cell[:prefix])]
	at, found := slices.BinarySearch(list, string(cell))
	if !found {
		b.lists[string(cell[:prefix])] = slices.Insert(list, at, string(cell))
	}
}

// openItems returns the batch's own cells of a list or a stream between two bounds, in the order of the
// walk.
func (b *batch) openItems(w itemWalk, lo, hi []byte, prefix int) *openWalk {
	list := b.lists[string(lo[:prefix])]
	from, _ := slices.BinarySearch(list, string(lo))
	to, _ := slices.BinarySearch(list, string(hi))
	return &openWalk{list: list[from:to], back: w.back}
}

// openWalk goes through cell keys from one end.
type openWalk struct {
	list []string
	back bool
}

// first returns the next key, empty at the end.
func (o *openWalk) first() string {
	switch n := len(o.list); {
	case n == 0:
		return ""
	case o.back:
		return o.list[n-1]
	default:
		return o.list[0]
	}
}

func (o *openWalk) drop() {
	if o.back {
		o.list = o.list[:len(o.list)-1]
	} else {
		o.list = o.list[1:]
	}
}

// passes tells whether the next key comes before another.
func (o *openWalk) passes(key string) bool {
	mine := o.first()
	return mine != "" && (o.back && mine > key || !o.back && mine < key)
}

// items merges the store's elements with the batch's.
func (b *batch) items(key []byte, w itemWalk, fn func([]byte, crdt.Field) bool) error {
	lo, hi, prefix := w.bounds(key)
	if w.isFromBegin() {
		begin, visit, first := lo[:prefix:prefix], fn, true
		w = b.fronts.from(w, begin)
		lo, hi, prefix = w.bounds(key)
		fn = func(name []byte, f crdt.Field) bool {
			if first {
				b.fronts.found(begin, name)
				first = false
			}
			return visit(name, f)
		}
	}
	mine, more := b.openItems(w, lo, hi, prefix), true
	take := func() {
		at := mine.first()
		mine.drop()
		more = fn([]byte(at[prefix:]), b.below.open(*b.cells[at].field, w.hidden))
	}
	err := b.below.items(key, w, func(p []byte, f crdt.Field) bool {
		at := string(lo[:prefix]) + string(p)
		for more && mine.passes(at) {
			take()
		}
		switch {
		case !more:
		case mine.first() == at: // the batch has a newer one
			take()
		default:
			more = fn(p, f)
		}
		return more
	})
	for err == nil && more && mine.first() != "" {
		take()
	}
	return err
}
