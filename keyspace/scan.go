package keyspace

import (
	"bytes"
	"encoding/binary"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// scanExamined bounds how many keys one page of a scan looks at.
const scanExamined = 10_000

// Keys lists keys of the namespace that begin with prefix, at most limit of them, in the order of slots
// and then keys. cursor continues after an earlier page; next is empty on the last
// page. A page may be short, even empty, before the last. It works in reads only.
func (tx *Tx) Keys(prefix, cursor []byte, limit int) (keys [][]byte, next []byte, err error) {
	s, ok := tx.cells.(*stored)
	if !ok {
		return nil, nil, ErrReadOnly
	}
	w := keyWalk{tx: tx, src: *s, name: []byte(tx.space), prefix: prefix, limit: limit}
	start := slotPrefix(store.SpaceData, w.name, 0)
	if len(cursor) > 0 {
		if len(cursor) < 2 || SlotOf(cursor[2:]) != binary.BigEndian.Uint16(cursor) {
			return nil, nil, ErrCursor
		}
		start = afterKey(tx.full(cursor[2:]))
	}
	err = w.run(start)
	return w.keys, w.next, err
}

// afterKey is the first possible cell key behind all cells of a user key.
func afterKey(key []byte) []byte {
	b := keyPrefix(store.SpaceData, key)
	b[len(b)-1]++
	return b
}

type keyWalk struct {
	tx     *Tx
	src    stored
	name   []byte // of the namespace
	prefix []byte
	limit  int
	keys   [][]byte
	next   []byte
}

func (w *keyWalk) run(start []byte) (err error) {
	hi := slotPrefix(store.SpaceData, w.name, Slots)
	it, err := w.src.src.Iterate(start, hi)
	if err != nil {
		return err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	examined := 0
	for ok := it.First(); ok; {
		slot, full, _, err := splitKey(it.Key())
		if err != nil {
			return err
		}
		_, key := namespace.Cut(full)
		if to := w.skip(slot, key); to != nil {
			ok = it.SeekGE(to)
			continue
		}
		if len(w.keys) >= w.limit || examined >= scanExamined {
			return nil
		}
		if err := w.visit(slot, key); err != nil {
			return err
		}
		examined++
		ok = it.SeekGE(afterKey(full))
	}
	w.next = nil
	return it.Error()
}

// skip returns where to go on when key does not have the prefix: to the prefix in this
// slot, or in the next.
func (w *keyWalk) skip(slot uint16, key []byte) []byte {
	if bytes.HasPrefix(key, w.prefix) {
		return nil
	}
	if bytes.Compare(key, w.prefix) > 0 {
		if slot++; slot == Slots {
			return slotPrefix(store.SpaceData, w.name, Slots)
		}
	}
	return appendEscaped(slotPrefix(store.SpaceData, w.name, slot), w.prefix)
}

func (w *keyWalk) visit(slot uint16, key []byte) error {
	t, _, err := w.tx.Type(key)
	if err != nil {
		return err
	}
	if t != crdt.TypeNone {
		w.keys = append(w.keys, key)
	}
	w.next = append(binary.BigEndian.AppendUint16(nil, slot), key...)
	return nil
}

// Sample lists keys, at most limit of them, in the order of Keys: those from a slot on, and after the last
// slot those from the first on. It looks at no more than 10,000 keys, and works in reads only.
func (tx *Tx) Sample(slot uint16, limit int) ([][]byte, error) {
	s, ok := tx.cells.(*stored)
	if !ok {
		return nil, ErrReadOnly
	}
	w := keyWalk{tx: tx, src: *s, name: []byte(tx.space), limit: limit}
	err := w.run(slotPrefix(store.SpaceData, w.name, slot%Slots))
	if err == nil && len(w.keys) == 0 {
		err = w.run(slotPrefix(store.SpaceData, w.name, 0))
	}
	return w.keys, err
}
