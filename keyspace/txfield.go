package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
)

// txField is the net change of one field of a hash, one member of a sorted set, or one element of
// a list.
type txField struct {
	before, after crdt.Field
	edit          crdt.Edit
}

// txFields are the net changes of the elements of a hash, a sorted set or a list.
type txFields struct {
	byName   map[string]*txField
	setting  int32 // how many of them are written
	counting int32 // how many of them are added to
	ending   int32 // of how many of them deadlines are set
}

func (k *txKey) fieldsOf(t crdt.Type) *txFields {
	switch t {
	case crdt.TypeZSet:
		return &k.scores
	case crdt.TypeList:
		return &k.items.txFields
	case crdt.TypeStream:
		return &k.entries
	case crdt.TypeBounded:
		return &k.accounts
	case crdt.TypeSketch:
		return &k.ranks
	case crdt.TypeGroups:
		return &k.groups
	default:
		return &k.fields
	}
}

// Field returns a field of the hash at key, in any type shown.
func (tx *Tx) Field(key, name []byte) (crdt.Field, error) { return tx.field(key, crdt.TypeHash, name) }

// field returns an element; that of a field that has ended is empty.
func (tx *Tx) field(key []byte, t crdt.Type, name []byte) (crdt.Field, error) {
	f, err := tx.fieldAsStored(key, t, name)
	if tx.fieldEnded(&f) {
		return crdt.Field{}, err
	}
	return f, err
}

func (tx *Tx) fieldAsStored(key []byte, t crdt.Type, name []byte) (crdt.Field, error) {
	if k := tx.touched(key); k != nil {
		if f := k.fieldsOf(t).byName[string(name)]; f != nil {
			return f.after, nil
		}
	}
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return crdt.Field{}, err
	}
	return tx.cells.field(tx.full(key), t, name, h.Hidden)
}

// Fields calls fn for the visible fields of the hash at key from the given one on, in byte
// order, until it returns false. The slices are fn's to keep.
func (tx *Tx) Fields(key, from []byte, fn func(name, value []byte) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachField(key, crdt.TypeHash, from, &h, func(name []byte, f *crdt.Field) bool {
		value, _ := f.Value()
		return fn(bytes.Clone(name), bytes.Clone(value))
	})
}

// EachField is Fields, of a hash or a sorted set, for who looks at the whole of a field; its
// slices are valid during the call only.
func (tx *Tx) EachField(key []byte, t crdt.Type, fn func(name []byte, f *crdt.Field) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachField(key, t, nil, &h, fn)
}

// eachField calls fn for the visible elements.
func (tx *Tx) eachField(key []byte, t crdt.Type, from []byte, h *crdt.Header, fn func([]byte, *crdt.Field) bool) error {
	return tx.walkFields(key, t, from, h, func(name []byte, f *crdt.Field) bool { return tx.fieldEnded(f) || fn(name, f) })
}

// walkFields merges the cells of elements that are stored with what this transaction changed.
func (tx *Tx) walkFields(key []byte, t crdt.Type, from []byte, h *crdt.Header, fn func([]byte, *crdt.Field) bool) error {
	var mine map[string]*txField
	if k := tx.touched(key); k != nil {
		mine = k.fieldsOf(t).byName
	}
	o := newOverlay(mine, from, func(name []byte, f *txField) bool { return !f.after.Live() || fn(name, &f.after) })
	err := tx.cells.fields(tx.full(key), t, from, h.Hidden, func(name []byte, f crdt.Field) bool {
		if o.passes(name) && f.Live() {
			o.more = fn(name, &f)
		}
		return o.more
	})
	return o.end(err)
}

// AssignField replaces everything that the field holds by a value, whatever the key shows.
func (tx *Tx) AssignField(key, name, value []byte) error {
	return tx.changeField(key, crdt.TypeHash, name, func(f *txField) { f.edit = f.before.Assignment(value) })
}

// DeleteField removes everything that the field holds.
func (tx *Tx) DeleteField(key, name []byte) error {
	return tx.changeField(key, crdt.TypeHash, name, func(f *txField) { f.edit = f.before.Deletion() })
}

// IncrementField adds delta to the counter of the field.
func (tx *Tx) IncrementField(key, name []byte, delta crdt.Total) error {
	return tx.changeField(key, crdt.TypeHash, name, func(f *txField) { f.edit.Add(&f.after.Counter, delta, tx.write.tag) })
}

func (tx *Tx) changeField(key []byte, t crdt.Type, name []byte, change func(*txField)) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	list := k.fieldsOf(t)
	f := list.byName[string(name)]
	if f == nil {
		before, err := tx.fieldAsStored(key, t, name)
		if err != nil {
			return err
		}
		f = &txField{before: before, after: before}
		list.put(name, f)
		if tx.fieldEnded(&before) {
			tx.restartField(key, k, t, f)
		}
	}
	was := f.after.Live()
	list.weigh(f, -1)
	change(f)
	list.weigh(f, 1)
	tx.applyField(k, f)
	k.counts.of(t).change(was, f.after.Live())
	return tx.claimFields(key, t, k)
}

func (tx *Tx) applyField(k *txKey, f *txField) {
	f.after = f.before
	f.after.Apply(&f.edit, tx.write.tag, k.ctx)
}

func (l *txFields) put(name []byte, f *txField) {
	if l.byName == nil {
		l.byName = map[string]*txField{}
	}
	l.byName[string(name)] = f
}

// weigh counts a field by what its edit claims.
func (l *txFields) weigh(f *txField, by int32) {
	if f.edit.Assign || f.edit.Increment != nil {
		l.setting += by
	}
	if f.edit.Increment != nil {
		l.counting += by
	}
	if f.edit.Expiry != nil {
		l.ending += by
	}
}

var (
	someField   = []crdt.FieldChange{{Edit: crdt.Edit{Assign: true}}}
	someCounter = []crdt.FieldChange{{Edit: crdt.Edit{Increment: &crdt.Increment{}}}}
	someEnd     = []crdt.FieldChange{{Edit: crdt.Edit{Expiry: &crdt.Expiry{}}}}
	// The same, and some end.
	someFieldEnd   = append(someField[:1:1], someEnd...)
	someCounterEnd = append(someCounter[:1:1], someEnd...)
)

// some returns changes that claim what the fields do: the header asks only whether there is
// one.
func (l *txFields) some() []crdt.FieldChange {
	switch {
	case l.ending > 0:
		return l.someEnding()
	case l.counting > 0:
		return someCounter
	case l.setting > 0:
		return someField
	default:
		return nil
	}
}

func (l *txFields) someEnding() []crdt.FieldChange {
	switch {
	case l.counting > 0:
		return someCounterEnd
	case l.setting > 0:
		return someFieldEnd
	default:
		return someEnd
	}
}

// claimFields decides what the change of elements means for the key's type.
func (tx *Tx) claimFields(key []byte, t crdt.Type, k *txKey) error {
	empty := false
	if k.fieldsOf(t).setting == 0 {
		some, err := tx.stores(key, t, &k.after)
		if err != nil {
			return err
		}
		empty = !some
	}
	switch t {
	case crdt.TypeZSet:
		k.change.UnclaimZSet = empty
	case crdt.TypeList:
		k.change.UnclaimList = empty
	case crdt.TypeStream, crdt.TypeBounded, crdt.TypeSketch, crdt.TypeGroups: // never emptied but by a deletion
	default:
		if k.change.UnclaimHash = empty; empty {
			if err := tx.dropLeftovers(key, k); err != nil {
				return err
			}
		}
	}
	tx.apply(k)
	return tx.emptied(key, k)
}

// takeOut deletes an element that is visible.
func (tx *Tx) takeOut(key []byte, t crdt.Type, name []byte) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	list := k.fieldsOf(t)
	f := list.byName[string(name)]
	if f == nil || f.before.Live() {
		return tx.changeField(key, t, name, func(f *txField) { f.edit = f.before.Deletion() })
	}
	// Others never see what this update inserted itself.
	list.weigh(f, -1)
	delete(list.byName, string(name))
	k.counts.of(t).change(true, false)
	return tx.claimFields(key, t, k)
}

// clearFields begins anew with what a deletion of the whole key does to elements: it names
// the counters among them. Where no counters are claimed there are none, and however many
// elements there are, none is read.
func (tx *Tx) clearFields(key []byte, k *txKey, t crdt.Type) error {
	list := k.fieldsOf(t)
	*list = txFields{}
	if _, counts := k.before.Claimed(t.Counters()); !counts {
		return nil
	}
	return tx.cells.fields(tx.full(key), t, nil, k.before.Hidden, func(name []byte, f crdt.Field) bool {
		if edit := f.Deletion(); len(edit.Floors) > 0 {
			f.Register = crdt.Register{} // shares what is valid during the call only; the deletion covers it
			cleared := &txField{before: f, edit: edit}
			tx.applyField(k, cleared)
			list.put(name, cleared)
		}
		return true
	})
}

// changes returns the net changes, ascending.
func (l *txFields) changes() (list []crdt.FieldChange) {
	for _, name := range sortedKeys(l.byName) {
		list = append(list, crdt.FieldChange{Name: []byte(name), Edit: l.byName[name].edit})
	}
	return list
}
