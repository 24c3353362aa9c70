package keyspace

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// Fields of hashes that end stand in two indexes. One is that of keys that end, see expiry.go: it says when this node is to
// look. The other lies with the cells of the hash, by when the fields end: it says which fields have ended and are not
// deleted yet, so that nobody walks through all fields to count. Both are local, and hints: the field's cell decides.
//
// Invariant: both follow from the cell as it is stored. Who writes the cell moves its entries in the same batch: see
// batch.putField. Where no claim of crdt.TypeDeadlines is, there are no entries that count.

// fieldEnd is where a field stands in the indexes: when it ends, and when this node is to look, in Unix milliseconds; zero
// if it does not end.
type fieldEnd struct{ at, due int64 }

// endOf returns where a field stands.
func (c *Core) endOf(f *crdt.Field) fieldEnd {
	d, ok := f.Due()
	if !ok {
		return fieldEnd{}
	}
	return fieldEnd{d.At, c.lookAt(d)}
}

// maxMillis is later than any time.
const maxMillis = math.MaxInt64

// fieldEndBytes is how many bytes a time takes.
const fieldEndBytes = 8

// fieldEndBegin begins the keys of the fields of a hash that end at a time or later.
func fieldEndBegin(key []byte, at uint64) (begin []byte, prefix int) {
	b := append(keyPrefix(store.SpaceData, key), kindFieldEnd)
	return binary.BigEndian.AppendUint64(b, at), len(b)
}

// fieldExpiryKey is where the index of what ends has a field: behind that of keys, by the hash's full key and the field.
func fieldExpiryKey(due int64, key, name []byte) []byte {
	b := expiryBegin(expiryOfFields, due)
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	return append(b, name...)
}

// splitFieldExpiry reads what follows the time in fieldExpiryKey.
func splitFieldExpiry(b []byte) (key, name []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	key, name = b[used:used+int(n)], b[used+int(n):]
	return key, name, namespace.Check(key)
}

// noteEnd remembers where a field stands that was read from below. It takes a copy, so that a field without deadlines stays on
// the stack.
func (b *batch) noteEnd(at []byte, f crdt.Field) {
	if b.fieldEnds == nil {
		b.fieldEnds = map[string]fieldEnd{}
	}
	b.fieldEnds[string(at)] = b.endOf(&f)
	b.ending = true
}

// standsAt returns where the field of a cell stands now.
func (b *batch) standsAt(at []byte) fieldEnd {
	if !b.ending {
		return fieldEnd{}
	}
	if c := b.cells[string(at)]; c != nil {
		return b.endOf(c.field)
	}
	return b.fieldEnds[string(at)]
}

// moveEnd moves the entries of a field, before its cell is put.
func (b *batch) moveEnd(key, name, at []byte, f *crdt.Field) {
	if len(f.Expiry) == 0 && !b.ending {
		return
	}
	old, now := b.standsAt(at), b.endOf(f)
	b.ending = b.ending || now != fieldEnd{}
	if old.at != now.at {
		b.endsMoved = true
		b.putEnd(key, name, old.at, absentCell)
		b.putEnd(key, name, now.at, presentCell)
	}
	if old.due != now.due {
		b.setDue(key, name, old.due, nil)
		b.setDue(key, name, now.due, []byte{})
	}
}

func (b *batch) putEnd(key, name []byte, at int64, c *cell) {
	if at == 0 {
		return
	}
	k, prefix := fieldEndBegin(key, uint64(at))
	k = append(k, name...)
	b.noteItem(k, prefix)
	b.put(k, c)
	if c.index.present {
		b.lowerEndsFrom(key, at)
	}
}

func (b *batch) setDue(key, name []byte, due int64, value []byte) {
	if due != 0 && (value == nil || !b.endsForgotten) {
		b.set(fieldExpiryKey(due, key, name), value)
	}
}

// indexField enters a field into both indexes.
func (c *Core) indexField(key, name []byte, f *crdt.Field) {
	if end := c.endOf(f); end.due != 0 {
		c.batch.putEnd(key, name, end.at, presentCell)
		c.batch.setDue(key, name, end.due, []byte{})
	}
}

func (s stored) ends(key []byte, upTo int64, fn func(at int64, name []byte) bool) error {
	from, err := endsFrom(s.src, key)
	if err != nil || from > upTo {
		return err
	}
	lo, prefix := fieldEndBegin(key, uint64(from))
	hi, _ := fieldEndBegin(key, uint64(upTo)+1)
	return scan(s.src, lo, hi, func(k, _ []byte) (bool, error) { return visitEnd(k[prefix:], fn), nil })
}

func visitEnd(b []byte, fn func(at int64, name []byte) bool) bool {
	if len(b) < fieldEndBytes {
		return true // an entry is a hint; this one hints at nothing
	}
	return fn(int64(binary.BigEndian.Uint64(b)), b[fieldEndBytes:])
}

// ends merges the store's entries with the batch's.
func (b *batch) ends(key []byte, upTo int64, fn func(at int64, name []byte) bool) error {
	from, err := endsFrom(b, key)
	if err != nil || from > upTo {
		return err
	}
	lo, prefix := fieldEndBegin(key, uint64(from))
	hi, _ := fieldEndBegin(key, uint64(upTo)+1)
	list := b.lists[string(lo[:prefix])]
	i, _ := slices.BinarySearch(list, string(lo))
	j, _ := slices.BinarySearch(list, string(hi))
	mine, more := list[i:j], true
	until := func(limit string) {
		for more && len(mine) > 0 && (limit == "" || mine[0] < limit) {
			if b.cells[mine[0]].index.present {
				more = visitEnd([]byte(mine[0][prefix:]), fn)
			}
			mine = mine[1:]
		}
	}
	err = scan(b.below.src, lo, hi, func(k, _ []byte) (bool, error) {
		until(string(k))
		if more && (len(mine) == 0 || mine[0] != string(k)) {
			more = visitEnd(k[prefix:], fn)
		}
		return more, nil
	})
	if err == nil {
		until("")
	}
	return err
}

// fieldEnded tells whether a field has ended.
func (tx *Tx) fieldEnded(f *crdt.Field) bool { return len(f.Expiry) > 0 && f.Gone(tx.Now()) }

// fieldsMayEnd tells whether a hash may have fields with deadlines.
func fieldsMayEnd(t crdt.Type, h *crdt.Header) bool {
	if t != crdt.TypeHash {
		return false
	}
	_, some := h.Claimed(crdt.TypeDeadlines)
	return some
}

// eachEnd calls fn for the fields of a hash that stand in the index up to a time, and that this transaction has not changed,
// as they are stored, until it returns false. The name is valid during the call only.
func (tx *Tx) eachEnd(key []byte, h *crdt.Header, upTo int64, fn func(name []byte, f *crdt.Field) bool) error {
	var mine map[string]*txField
	if k := tx.touched(key); k != nil {
		mine = k.fields.byName
	}
	full, failed := tx.full(key), error(nil)
	err := tx.cells.ends(full, upTo, func(at int64, name []byte) bool {
		if mine[string(name)] != nil {
			return true
		}
		f, err := tx.cells.field(full, crdt.TypeHash, name, h.Hidden)
		if failed = err; err != nil {
			return false
		}
		d, ends := f.Due()
		return !ends || d.At != at || fn(name, &f) // where it stood before it is not counted
	})
	if err == nil {
		err = failed
	}
	return err
}

// endedFields counts the fields of a hash that have ended and are not deleted yet.
func (tx *Tx) endedFields(key []byte, h *crdt.Header) (n int64, err error) {
	if tx.hlc == nil || tx.countEnded {
		return 0, nil // nothing has, for who counts keys
	}
	err = tx.eachEnd(key, h, tx.Now(), func(_ []byte, f *crdt.Field) bool {
		if f.Live() {
			n++
		}
		return true
	})
	return n, err
}

// stores reports whether a collection has an element that is stored, though it may have ended.
func (tx *Tx) stores(key []byte, t crdt.Type, h *crdt.Header) (bool, error) {
	if !fieldsMayEnd(t, h) {
		return tx.holds(key, t, h)
	}
	n, known, err := tx.counted(key, t)
	if err != nil || known {
		return n > 0, err
	}
	found := false
	err = tx.walkFields(key, t, nil, h, func(_ []byte, f *crdt.Field) bool { found = f.Live(); return !found })
	return found, err
}

// dropLeftovers takes what is left over of deadlines in an empty hash: its claims go, and with them what tells that
// something is there.
func (tx *Tx) dropLeftovers(key []byte, k *txKey) error {
	if !fieldsMayEnd(crdt.TypeHash, &k.after) {
		return nil
	}
	var left []*txField
	var names [][]byte
	err := tx.eachEnd(key, &k.after, maxMillis, func(name []byte, f *crdt.Field) bool {
		if !f.Live() {
			names, left = append(names, bytes.Clone(name)), append(left, &txField{before: *f, edit: f.Deletion()})
		}
		return true
	})
	for i, f := range left {
		tx.applyField(k, f)
		k.fields.put(names[i], f)
	}
	return err
}

// restartField begins the change of a field that has ended with its deletion.
func (tx *Tx) restartField(key []byte, k *txKey, t crdt.Type, f *txField) {
	if tx.write.keepEnded {
		return
	}
	if tx.noting && !k.fieldEnded {
		k.fieldEnded = true
		tx.note(ClassHash, "hexpired", key)
	}
	was := f.after.Live()
	f.edit = f.before.Deletion()
	tx.applyField(k, f)
	k.counts.of(t).change(was, f.after.Live())
}

// FieldUntil returns whether the hash at key has a field, and when that ends in Unix milliseconds, or crdt.Never.
func (tx *Tx) FieldUntil(key, name []byte) (found bool, at int64, err error) {
	f, err := tx.Field(key, name)
	return f.Live(), f.Until(), err
}

// ExpireField lets a field that exists end at a time in Unix milliseconds; with crdt.Never it does not end. A time that has
// come deletes it.
func (tx *Tx) ExpireField(key, name []byte, at int64) error {
	if at != crdt.Never && at <= tx.Now() {
		return tx.DeleteField(key, name)
	}
	return tx.changeField(key, crdt.TypeHash, name, func(f *txField) { f.edit.Expiry = f.after.Expire(at) })
}

// RewriteField replaces what a field holds by a value that ends when that would have ended.
func (tx *Tx) RewriteField(key, name, value []byte) error {
	_, at, err := tx.FieldUntil(key, name)
	if err != nil {
		return err
	}
	if err := tx.AssignField(key, name, value); err != nil || at == crdt.Never {
		return err
	}
	return tx.ExpireField(key, name, at)
}

// ReapFields deletes those of some fields of a hash that have ended, and returns how many had. What is of a key whose time has
// come goes with that. While other fields are stored that have ended, the key keeps its deadlines: where clocks are behind it is there
// still.
func (tx *Tx) ReapFields(key []byte, names [][]byte) (n int64, err error) {
	h, gone, err := tx.open(key)
	if err != nil {
		return 0, err
	}
	if gone {
		if up, err := tx.timeUp(key, &h); up || err != nil {
			return 0, err
		}
		k, _, err := tx.touchAsStored(key)
		if err != nil {
			return 0, err
		}
		k.asStored = true
	}
	for _, name := range names {
		f, err := tx.fieldAsStored(key, crdt.TypeHash, name)
		if err != nil {
			return n, err
		}
		if !tx.fieldEnded(&f) {
			continue
		}
		n++
		if err := tx.DeleteField(key, name); err != nil {
			return n, err
		}
	}
	return n, tx.notifyReaped(key)
}

// notifyReaped notes that a hash is gone of which all fields had ended.
func (tx *Tx) notifyReaped(key []byte) error {
	k := tx.touched(key)
	if !tx.noting || k == nil || !k.fieldEnded || k.existed {
		return nil
	}
	some, err := tx.stores(key, crdt.TypeHash, &k.after)
	if err == nil && !some {
		tx.note(ClassGeneric, "del", key)
	}
	return err
}

// followEnds lets the batch keep the indexes.
func (c *Core) followEnds() {
	c.batch.endOf, c.batch.endsForgotten = c.endOf, c.cfg.Mistakes.Has(mistake.EndsForgotten)
}
