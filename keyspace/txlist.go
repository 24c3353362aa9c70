package keyspace

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// txItems are the net changes of the elements of a list.
type txItems struct {
	txFields
	inserted uint64 // how many elements this update has inserted, those taken out again included
	ends     [2]txEnd
}

// txEnd is the outermost position at an end of a list, as far as known. What stands there
// need not be visible: there is room behind it all the same, and what a deletion has hidden
// need not be walked over.
type txEnd struct {
	known bool
	at    crdt.Position // nil if there is none
}

// End names an end of a list.
type End int

// The ends of a list: what a walk from there begins with.
const (
	Front End = 0
	Back  End = 1
)

// Items calls fn for the visible elements of the list at key from one end to the other, until
// it returns false. Slices are valid during the call only.
func (tx *Tx) Items(key []byte, from End, fn func(at crdt.Position, value []byte) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachItem(key, itemWalk{of: crdt.TypeList, back: from == Back, hidden: h.Hidden}, func(at []byte, f *crdt.Field) bool {
		s, _ := f.Register.Shown()
		return fn(at, s.Value)
	})
}

// ItemsFrom is Items from a position on towards an end; the position need not be taken.
func (tx *Tx) ItemsFrom(key []byte, at crdt.Position, to End, fn func(at crdt.Position, value []byte) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachItem(key, itemWalk{of: crdt.TypeList, from: at, back: to == Front, hidden: h.Hidden}, func(at []byte, f *crdt.Field) bool {
		s, _ := f.Register.Shown()
		return fn(at, s.Value)
	})
}

// eachItem merges the cells with what this transaction changed.
func (tx *Tx) eachItem(key []byte, w itemWalk, fn func([]byte, *crdt.Field) bool) error {
	var mine map[string]*txField
	if k := tx.touched(key); k != nil {
		mine = k.fieldsOf(w.of).byName
	}
	own, more := ownItems(mine, w), true
	take := func() {
		f := mine[own.first()]
		at := []byte(own.first())
		own.drop()
		more = !w.all && !f.after.Live() || fn(at, &f.after)
	}
	err := tx.cells.items(tx.full(key), w, func(at []byte, f crdt.Field) bool {
		for more && own.passes(string(at)) {
			take()
		}
		switch {
		case !more:
		case own.first() == string(at):
			take()
		case w.all || f.Live():
			more = fn(at, &f)
		}
		return more
	})
	for err == nil && more && own.first() != "" {
		take()
	}
	return err
}

// ownItems returns the positions of a transaction's own elements along a walk.
func ownItems(mine map[string]*txField, w itemWalk) *openWalk {
	o := &openWalk{back: w.back}
	if len(mine) > 0 {
		o.list = sortedKeys(mine)
	}
	if w.from == nil {
		return o
	}
	at, found := slices.BinarySearch(o.list, string(w.from))
	switch {
	case !w.back:
		o.list = o.list[at:]
	case found:
		o.list = o.list[:at+1]
	default:
		o.list = o.list[:at]
	}
	return o
}

// Push adds elements to an end of the list at key, one after the other, whatever the key
// shows.
func (tx *Tx) Push(key []byte, to End, values [][]byte) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	for _, v := range values {
		at, err := tx.endOf(key, k, to)
		if err != nil {
			return err
		}
		if to == Front {
			at, err = tx.insertion(k).Front(at)
		} else {
			at, err = tx.insertion(k).Back(at)
		}
		if err != nil {
			return err
		}
		tx.putItem(k, at, v)
	}
	return tx.claimFields(key, crdt.TypeList, k)
}

// Insert adds an element between two that follow each other, and returns its position; nil
// stands for an end of the list. The error matches crdt.ErrTooDeep if there is no room.
func (tx *Tx) Insert(key []byte, left, right crdt.Position, value []byte) (crdt.Position, error) {
	k, err := tx.touch(key)
	if err != nil {
		return nil, err
	}
	at, err := tx.insertion(k).Between(left, right)
	if err != nil {
		return nil, err
	}
	tx.putItem(k, at, value)
	return at, tx.claimFields(key, crdt.TypeList, k)
}

func (tx *Tx) insertion(k *txKey) crdt.Insertion {
	return crdt.Insertion{Tag: tx.write.tag, Index: k.items.inserted}
}

// putItem puts a new element; the caller claims the type.
func (tx *Tx) putItem(k *txKey, at crdt.Position, value []byte) {
	f := &txField{edit: crdt.ItemEdit(&crdt.Field{}, value)}
	k.items.put(at, f)
	k.items.weigh(f, 1)
	tx.applyField(k, f)
	k.items.inserted++
	k.items.widen(at)
	k.counts.list.change(false, true)
}

// endOf returns the outermost position at an end of the list, nil if there is none.
func (tx *Tx) endOf(key []byte, k *txKey, which End) (crdt.Position, error) {
	end := &k.items.ends[which]
	if end.known {
		return end.at, nil
	}
	end.at = nil
	err := tx.eachItem(key, itemWalk{of: crdt.TypeList, back: which == Back, all: true}, func(at []byte, _ *crdt.Field) bool {
		end.at = bytes.Clone(at)
		return false
	})
	end.known = err == nil
	return end.at, err
}

// widen notes a new element.
func (l *txItems) widen(at crdt.Position) {
	for which := range l.ends {
		end := &l.ends[which]
		if beyond := bytes.Compare(at, end.at); end.at == nil || which == int(Front) && beyond < 0 || which == int(Back) && beyond > 0 {
			end.at = at
		}
	}
}

// SetItem replaces the value of an element of the list.
func (tx *Tx) SetItem(key []byte, at crdt.Position, value []byte) error {
	return tx.changeField(key, crdt.TypeList, at, func(f *txField) { f.edit = crdt.ItemEdit(&f.before, value) })
}

// RemoveItem takes an element out of the list.
func (tx *Tx) RemoveItem(key []byte, at crdt.Position) error {
	return tx.takeOut(key, crdt.TypeList, at)
}
