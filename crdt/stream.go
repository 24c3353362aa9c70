package crdt

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/atollkv/atoll/clock"
)

// A stream is a collection of entries in the order of their ids. Each entry is a cell of its own with the content of a
// field without a counter, named by its id and by the origin that added it: entries of one id from two origins are two.
// A deletion of an entry, or of the stream, takes what its writer had seen.
//
// One more cell, the mark, says that there is a stream, though perhaps an empty one, and what its last id is. Every
// update that adds or deletes entries writes it.
//
// Invariant: an entry that is visible implies a mark that is, with no lesser id: who deletes a mark has seen the
// updates that it had seen.

// StreamID is the id of an entry: Unix milliseconds, and a number among those of the same time.
type StreamID struct{ Ms, Seq uint64 }

// MaxStreamID is the greatest id.
var MaxStreamID = StreamID{math.MaxUint64, math.MaxUint64}

// String prints the id as clients see it.
func (x StreamID) String() string {
	return strconv.FormatUint(x.Ms, 10) + "-" + strconv.FormatUint(x.Seq, 10)
}

// Compare orders ids.
func (x StreamID) Compare(y StreamID) int {
	if c := cmp.Compare(x.Ms, y.Ms); c != 0 {
		return c
	}
	return cmp.Compare(x.Seq, y.Seq)
}

// Next returns the id after x; ok is false when x is the greatest.
func (x StreamID) Next() (y StreamID, ok bool) {
	if x.Seq < math.MaxUint64 {
		return StreamID{x.Ms, x.Seq + 1}, true
	}
	return StreamID{x.Ms + 1, 0}, x.Ms < math.MaxUint64
}

// Prev returns the id before x; ok is false when x is 0-0.
func (x StreamID) Prev() (y StreamID, ok bool) {
	if x.Seq > 0 {
		return StreamID{x.Ms, x.Seq - 1}, true
	}
	return StreamID{x.Ms - 1, math.MaxUint64}, x.Ms > 0
}

// After returns the id that an origin gives to an entry at a time, behind last. Ids that two origins give at one time
// are different: the number is a count, and then the low 48 bits of the origin. ok is false when there is none
// behind last.
func (x StreamID) After(last StreamID, by clock.Origin) (id StreamID, ok bool) {
	const originBits = 48
	own := uint64(by) & (1<<originBits - 1)
	switch id = (StreamID{x.Ms, own}); {
	case id.Compare(last) > 0:
		return id, true
	case last.Seq>>originBits < math.MaxUint16:
		return StreamID{last.Ms, (last.Seq>>originBits+1)<<originBits | own}, true
	default:
		return StreamID{last.Ms + 1, own}, last.Ms < math.MaxUint64
	}
}

// append appends the id so that encodings sort as ids do.
func (x StreamID) append(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, x.Ms), x.Seq)
}

// Begin returns what the names of the entries with the id begin with.
func (x StreamID) Begin() []byte { return x.append(make([]byte, 0, entryNameBytes)) }

const entryNameBytes = 24

// EntryName returns the name of an entry.
func EntryName(id StreamID, by clock.Origin) []byte {
	return binary.BigEndian.AppendUint64(id.Begin(), uint64(by))
}

// SplitEntry is the inverse of EntryName; ok is false for the mark, and what is no name.
func SplitEntry(name []byte) (id StreamID, by clock.Origin, ok bool) {
	if len(name) != entryNameBytes {
		return id, 0, false
	}
	id = StreamID{binary.BigEndian.Uint64(name), binary.BigEndian.Uint64(name[8:])}
	by = clock.Origin(binary.BigEndian.Uint64(name[16:]))
	return id, by, id != StreamID{} && by != 0
}

// StreamMark names the mark. It sorts before all entries.
func StreamMark() []byte { return []byte{0} }

// AppendEntry appends the fields of an entry and their values, in turn.
func AppendEntry(b []byte, fields [][]byte) []byte {
	for _, f := range fields {
		b = appendBytes(b, f)
	}
	return b
}

// ParseEntry reads what AppendEntry wrote; the result shares b. ok is false when it cannot have.
func ParseEntry(b []byte) (fields [][]byte, ok bool) {
	d := decoder{b: b}
	for len(d.b) > 0 {
		fields = append(fields, d.bytes())
	}
	return fields, d.err == nil && len(fields) > 0 && len(fields)%2 == 0
}

// StreamState is what a stream has beside its entries, as its mark holds it.
type StreamState struct {
	// Last is the greatest id that an entry had, or that XSETID gave.
	Last StreamID
	// Deleted is the greatest id of an entry that was deleted by itself.
	Deleted StreamID
	// Removed is how many entries there were that are no more.
	Removed int64
}

// Append appends the canonical encoding.
func (s StreamState) Append(b []byte) []byte {
	for _, v := range [...]uint64{s.Last.Ms, s.Last.Seq, s.Deleted.Ms, s.Deleted.Seq, uint64(s.Removed)} {
		b = appendUvarint(b, v)
	}
	return b
}

// ParseStreamState reads what Append wrote; ok is false when it cannot have.
func ParseStreamState(b []byte) (s StreamState, ok bool) {
	d := decoder{b: b}
	s.Last = StreamID{d.uvarint(), d.uvarint()}
	s.Deleted = StreamID{d.uvarint(), d.uvarint()}
	removed := d.uvarint()
	s.Removed = int64(removed)
	return s, d.end() == nil && removed <= math.MaxInt64
}

// join raises s to what o has more. Of entries that were removed in two places the greater number counts.
func (s StreamState) join(o StreamState) StreamState {
	if o.Last.Compare(s.Last) > 0 {
		s.Last = o.Last
	}
	if o.Deleted.Compare(s.Deleted) > 0 {
		s.Deleted = o.Deleted
	}
	s.Removed = max(s.Removed, o.Removed)
	return s
}

// StreamState returns what a mark shows: of its siblings the greatest of each. ok is false when there is no stream.
func (f *Field) StreamState() (s StreamState, ok bool) {
	for _, x := range f.Register.Siblings {
		if o, valid := ParseStreamState(x.Value); valid {
			s, ok = s.join(o), true
		}
	}
	return s, ok
}

// Entry returns the fields of an entry and their values, in turn; they share its bytes.
func (f *Field) Entry() [][]byte {
	s, _ := f.Register.Shown()
	fields, _ := ParseEntry(s.Value)
	return fields
}

// DecodeEntry reads a cell of a stream as Append wrote it; the result shares b. Errors match ErrMalformed.
func DecodeEntry(b []byte) (Field, error) {
	f, err := DecodeItem(b)
	for _, s := range f.Register.Siblings {
		if err == nil && !isEntry(s.Value) && !isState(s.Value) {
			err = fmt.Errorf("%w: entry %.8x", ErrMalformed, s.Value)
		}
	}
	return f, err
}

func isEntry(b []byte) bool {
	_, ok := ParseEntry(b)
	return ok
}

func isState(b []byte) bool {
	_, ok := ParseStreamState(b)
	return ok
}

func checkEntryName(name []byte) error {
	if _, _, ok := SplitEntry(name); !ok && string(name) != string(StreamMark()) {
		return fmt.Errorf("%w: entry of a stream %.24x", ErrMalformed, name)
	}
	return nil
}

// checkEntry refuses what cannot be done to a cell of a stream: an entry is added or deleted, and the mark written.
func (f *FieldChange) checkEntry() error {
	if err := checkEntryName(f.Name); err != nil {
		return err
	}
	_, _, entry := SplitEntry(f.Name)
	ok := f.Increment == nil && len(f.Floors) == 0 && f.Clear != f.Assign
	switch {
	case f.Assign && entry:
		ok = ok && isEntry(f.Value)
	case f.Assign:
		ok = ok && isState(f.Value)
	default:
		ok = ok && entry
	}
	if !ok {
		return fmt.Errorf("%w: change of entry %x", ErrMalformed, f.Name)
	}
	return nil
}
