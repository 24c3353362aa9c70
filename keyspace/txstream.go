package keyspace

import (
	"bytes"
	"math"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Entry is an entry of a stream.
type Entry struct {
	ID crdt.StreamID
	// Fields holds names and values, in turn.
	Fields [][]byte
}

// Stream is what a stream has beside its entries.
type Stream struct {
	crdt.StreamState
	// Length is how many entries it has.
	Length int64
}

// Added returns how many entries were ever added, as far as it can be told.
func (s Stream) Added() int64 { return s.Length + min(s.Removed, math.MaxInt64-s.Length) }

// StreamState returns the state of the stream at key, in any type shown; found is false when there is none. It reads one
// cell, where Stream may have to count.
func (tx *Tx) StreamState(key []byte) (s crdt.StreamState, found bool, err error) {
	mark, err := tx.field(key, crdt.TypeStream, crdt.StreamMark())
	if err != nil {
		return s, false, err
	}
	s, found = mark.StreamState()
	return s, found, nil
}

// Stream returns the state of the stream at key, and its length.
func (tx *Tx) Stream(key []byte) (s Stream, err error) {
	found := false
	if s.StreamState, found, err = tx.StreamState(key); err != nil || !found {
		return s, err
	}
	s.Length, err = tx.Count(key, crdt.TypeStream)
	s.Length-- // the mark is a cell too
	return s, err
}

// HasEntry tells whether the stream at key has an entry of a name, in any type shown.
func (tx *Tx) HasEntry(key, name []byte) (bool, error) {
	f, err := tx.field(key, crdt.TypeStream, name)
	return f.Live(), err
}

// StreamEntry returns the entry of a name of the stream at key, in any type shown.
func (tx *Tx) StreamEntry(key, name []byte) (f crdt.Field, found bool, err error) {
	f, err = tx.field(key, crdt.TypeStream, name)
	return f, f.Live(), err
}

// Entries calls fn for the visible entries of the stream at key whose ids lie between two, both included, from
// the least on, or from the greatest back, until it returns false. Slices are valid during the call only.
func (tx *Tx) Entries(key []byte, first, last crdt.StreamID, from End, fn func(name []byte, f *crdt.Field) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone || first.Compare(last) > 0 {
		return err
	}
	w := itemWalk{of: crdt.TypeStream, hidden: h.Hidden, from: first.Begin()}
	if from == Back {
		w.back, w.from = true, crdt.EntryName(last, ^clock.Origin(0))
	}
	return tx.eachItem(key, w, func(name []byte, f *crdt.Field) bool {
		id, _, ok := crdt.SplitEntry(name)
		if !ok || id.Compare(first) < 0 || id.Compare(last) > 0 {
			return false
		}
		return fn(name, f)
	})
}

// NextID returns the id for a new entry at a time, behind the last one of a stream; ok is false when there is none.
// Without a time it is that of the transaction.
func (tx *Tx) NextID(ms *uint64, last crdt.StreamID) (id crdt.StreamID, ok bool) {
	at := crdt.StreamID{Ms: uint64(tx.write.tag.Time.WallMillis())}
	if ms != nil {
		at.Ms = *ms
	}
	if tx.write.anyID {
		last = crdt.StreamID{}
	}
	return at.After(last, tx.write.tag.Dot.Origin)
}

// AddEntry adds an entry to the stream at key, whatever the key shows. The caller sees to it that ids ascend.
func (tx *Tx) AddEntry(key []byte, e Entry) error {
	if tx.write == nil {
		return ErrReadOnly
	}
	return tx.PutEntry(key, crdt.EntryName(e.ID, tx.write.tag.Dot.Origin), crdt.AppendEntry(nil, e.Fields))
}

// PutEntry adds an entry that has a name, and raises the last id to that of the entry.
func (tx *Tx) PutEntry(key, name, value []byte) error {
	s, _, err := tx.StreamState(key)
	if err != nil {
		return err
	}
	if id, _, _ := crdt.SplitEntry(name); id.Compare(s.Last) > 0 {
		s.Last = id
	}
	if err := tx.SetStream(key, s); err != nil {
		return err
	}
	return tx.changeField(key, crdt.TypeStream, name, func(f *txField) { f.edit = crdt.Edit{Assign: true, Value: bytes.Clone(value)} })
}

// DeleteEntries deletes entries of the stream at key that are there, by their names. By itself tells whether the
// entries were named, not trimmed.
func (tx *Tx) DeleteEntries(key []byte, names [][]byte, byItself bool) error {
	if len(names) == 0 {
		return nil
	}
	s, _, err := tx.StreamState(key)
	if err != nil {
		return err
	}
	for _, name := range names {
		if id, _, _ := crdt.SplitEntry(name); byItself && id.Compare(s.Deleted) > 0 {
			s.Deleted = id
		}
	}
	s.Removed += min(int64(len(names)), math.MaxInt64-s.Removed)
	if err := tx.SetStream(key, s); err != nil {
		return err
	}
	for _, name := range names {
		if err := tx.takeOut(key, crdt.TypeStream, name); err != nil {
			return err
		}
	}
	return nil
}

// SetStream makes the key a stream with a state, though perhaps an empty one, whatever the key shows.
func (tx *Tx) SetStream(key []byte, s crdt.StreamState) error {
	return tx.changeField(key, crdt.TypeStream, crdt.StreamMark(), func(f *txField) {
		f.edit = crdt.Edit{Assign: true, Value: s.Append(nil)}
	})
}
