package crdt

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/atollkv/atoll/clock"
)

// Groups of readers of a stream are cells of their own kind, each with the content of a field without a counter. A
// group is defined once, for all regions. How far it has been delivered, its consumers and what is pending with them
// are kept by region: all nodes of a region share them.
//
// Invariant: who writes a cell of a group writes the mark of the stream as well, so a group is never without a stream.

// GroupPart says what a cell of a group holds.
type GroupPart byte

// The parts, in the order of their cells. What is pending comes before how far was delivered: a replica that has taken
// over only some of the cells of a key believes too little to be done, never too much.
const (
	GroupPending  GroupPart = 1
	GroupConsumer GroupPart = 2
	GroupCursor   GroupPart = 3 // of a region; without a region it is the definition
)

// GroupName names a cell of a group.
type GroupName struct {
	Part GroupPart
	// Region is empty in the name of the definition.
	Region string
	Group  []byte
	// Of is the name of a consumer, or that of the entry that is pending.
	Of []byte
}

// Append appends the name: the part, then of pending entries and consumers region, group and what it is of, of cursors
// group and region.
func (n GroupName) Append(b []byte) []byte {
	if n.Part == GroupCursor {
		return appendWord(appendWord(append(b, byte(n.Part)), n.Group), []byte(n.Region))
	}
	return append(n.Begin(b), n.Of...)
}

// Begin appends what the names of all cells of one part of a group begin with; of cursors, those of all regions.
func (n GroupName) Begin(b []byte) []byte {
	b = append(b, byte(n.Part))
	if n.Part != GroupCursor {
		b = appendWord(b, []byte(n.Region))
	}
	return appendWord(b, n.Group)
}

// appendWord appends a word so that names sort by it: 00 becomes 00 ff, and 00 01 ends it.
func appendWord(b, word []byte) []byte {
	for _, c := range word {
		if b = append(b, c); c == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

func cutWord(b []byte) (word, rest []byte, ok bool) {
	for i := 0; i+1 < len(b); i++ {
		switch {
		case b[i] != 0:
			word = append(word, b[i])
		case b[i+1] == 1:
			return word, b[i+2:], true
		case b[i+1] == 0xff:
			word = append(word, 0)
			i++
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// SplitGroup is the inverse of Append.
func SplitGroup(name []byte) (n GroupName, ok bool) {
	if len(name) == 0 {
		return n, false
	}
	n.Part = GroupPart(name[0])
	first, rest, ok := cutWord(name[1:])
	if !ok {
		return n, false
	}
	second, rest, ok := cutWord(rest)
	switch {
	case !ok:
		return n, false
	case n.Part == GroupCursor:
		n.Group, n.Region = first, string(second)
		return n, len(rest) == 0
	}
	n.Region, n.Group, n.Of = string(first), second, rest
	_, _, entry := SplitEntry(rest)
	return n, len(first) > 0 && (n.Part == GroupPending && entry || n.Part == GroupConsumer)
}

// Read of a group is how many entries were read before a place, where that is known.
const UnknownRead = -1

// Group is the definition of a group: what it begins behind. It holds what is delivered in a region that has
// delivered nothing yet.
type Group struct {
	Start StreamID
	// Read is how many entries there were before Start, or UnknownRead.
	Read int64
}

// EntryPoint is a place between entries: behind one, named by id and origin.
type EntryPoint struct {
	ID StreamID
	By clock.Origin
}

// Behind returns the place behind all entries with an id.
func Behind(id StreamID) EntryPoint { return EntryPoint{id, ^clock.Origin(0)} }

// Compare orders places as the stream does.
func (p EntryPoint) Compare(q EntryPoint) int {
	if c := p.ID.Compare(q.ID); c != 0 {
		return c
	}
	return cmp.Compare(p.By, q.By)
}

// Cursor is how far a region has delivered a group: of the updates in Seen all entries behind Start and not behind Last.
// Late is a second such place, with what was seen then: the way through entries that came late, if it is not at its end.
type Cursor struct {
	Start    StreamID
	Last     EntryPoint
	Read     int64
	Seen     clock.VersionVector
	Late     EntryPoint
	LateSeen clock.VersionVector
}

// Delivered tells whether the cursor says that an entry was delivered which an update has added.
func (c *Cursor) Delivered(at EntryPoint, added clock.Dot) bool {
	if at.ID.Compare(c.Start) <= 0 {
		return false
	}
	return at.Compare(c.Last) <= 0 && c.Seen.Covers(added) || at.Compare(c.Late) <= 0 && c.LateSeen.Covers(added)
}

// Pending is that a consumer has an entry that is not acknowledged.
type Pending struct {
	Consumer []byte
	// Since is when it was delivered last, in Unix milliseconds; Times how often.
	Since int64
	Times int64
}

func appendRead(b []byte, read int64) []byte { return appendUvarint(b, uint64(read+1)) }

func appendID(b []byte, id StreamID) []byte { return appendUvarint(appendUvarint(b, id.Ms), id.Seq) }

func appendPoint(b []byte, p EntryPoint) []byte {
	return binary.BigEndian.AppendUint64(appendID(b, p.ID), uint64(p.By))
}

// What a cell of a group holds begins with a byte that tells what it is.
const (
	groupDefinition byte = 1
	groupCursor     byte = 2
	groupConsumer   byte = 3
	groupPending    byte = 4
)

// Append appends the canonical encoding.
func (g Group) Append(b []byte) []byte {
	return appendRead(appendID(append(b, groupDefinition), g.Start), g.Read)
}

// Append appends the canonical encoding.
func (c Cursor) Append(b []byte) []byte {
	b = appendPoint(appendID(append(b, groupCursor), c.Start), c.Last)
	b = c.Seen.Append(appendRead(b, c.Read))
	if c.LateSeen.Len() > 0 {
		b = c.LateSeen.Append(appendPoint(b, c.Late))
	}
	return b
}

// ParseCursor reads what Append wrote; ok is false when it cannot have.
func ParseCursor(b []byte) (c Cursor, ok bool) {
	v, kind, ok := parseGroup(b)
	return v.cursor, ok && kind == groupCursor
}

// AppendConsumer appends the cell of a consumer that was seen at a time in Unix milliseconds.
func AppendConsumer(b []byte, seen int64) []byte {
	return appendUvarint(append(b, groupConsumer), uint64(seen))
}

// Append appends the canonical encoding.
func (p Pending) Append(b []byte) []byte {
	b = appendUvarint(appendUvarint(append(b, groupPending), uint64(p.Since)), uint64(p.Times))
	return appendBytes(b, p.Consumer)
}

func (d *decoder) id() StreamID { return StreamID{d.uvarint(), d.uvarint()} }

func (d *decoder) point() EntryPoint { return EntryPoint{d.id(), clock.Origin(d.uint64())} }

func (d *decoder) number() int64 {
	n := d.uvarint()
	if n > math.MaxInt64 {
		d.fail("number of a group")
	}
	return int64(n)
}

// groupValue reads what a cell of a group holds.
type groupValue struct {
	group    Group
	cursor   Cursor
	consumer int64
	pending  Pending
}

func parseGroup(b []byte) (v groupValue, kind byte, ok bool) {
	d := decoder{b: b}
	switch kind = d.byte(); kind {
	case groupDefinition:
		v.group = Group{d.id(), d.number() - 1}
	case groupCursor:
		v.cursor = Cursor{Start: d.id(), Last: d.point(), Read: d.number() - 1, Seen: d.vector()}
		if len(d.b) > 0 {
			v.cursor.Late, v.cursor.LateSeen = d.point(), d.vector()
			d.need(v.cursor.LateSeen.Len() > 0)
		}
	case groupConsumer:
		v.consumer = d.number()
	case groupPending:
		v.pending = Pending{Since: d.number(), Times: d.number(), Consumer: d.bytes()}
	default:
		return v, 0, false
	}
	return v, kind, d.end() == nil
}

// kindOf returns what the cell of a name holds.
func (n GroupName) kind() byte {
	switch {
	case n.Part == GroupPending:
		return groupPending
	case n.Part == GroupConsumer:
		return groupConsumer
	case n.Region == "":
		return groupDefinition
	default:
		return groupCursor
	}
}

// Definitions returns what was written concurrently to the definition of a group, and by which updates.
func (f *Field) Definitions() (list []Group, dots []clock.Dot) {
	for _, s := range f.Register.Siblings {
		if v, kind, ok := parseGroup(s.Value); ok && kind == groupDefinition {
			list, dots = append(list, v.group), append(dots, s.Dot)
		}
	}
	return list, dots
}

// Cursors returns what was written concurrently to a cursor: each says what was delivered.
func (f *Field) Cursors() (list []Cursor) {
	for _, s := range f.Register.Siblings {
		if v, kind, ok := parseGroup(s.Value); ok && kind == groupCursor {
			list = append(list, v.cursor)
		}
	}
	return list
}

// ConsumerSeen returns when a consumer was seen last, in Unix milliseconds.
func (f *Field) ConsumerSeen() (seen int64) {
	for _, s := range f.Register.Siblings {
		v, _, _ := parseGroup(s.Value)
		seen = max(seen, v.consumer)
	}
	return seen
}

// Pending returns what a cell shows of an entry that is pending. Its name shares the cell's bytes.
func (f *Field) Pending() Pending {
	s, _ := f.Register.Shown()
	v, _, _ := parseGroup(s.Value)
	return v.pending
}

// DecodeGroup reads a cell of a group as Append wrote it; the result shares b. Errors match ErrMalformed.
func DecodeGroup(b []byte) (Field, error) {
	f, err := DecodeItem(b)
	for _, s := range f.Register.Siblings {
		if _, _, ok := parseGroup(s.Value); err == nil && !ok {
			err = fmt.Errorf("%w: cell of a group %.8x", ErrMalformed, s.Value)
		}
	}
	return f, err
}

func checkGroupName(name []byte) error {
	if n, ok := SplitGroup(name); !ok || !bytes.Equal(n.Append(nil), name) {
		return fmt.Errorf("%w: cell of a group %.24x", ErrMalformed, name)
	}
	return nil
}

// checkGroup refuses what cannot be done to a cell of a group: it is written as its name says, or deleted.
func (f *FieldChange) checkGroup() error {
	err := checkGroupName(f.Name)
	if err != nil {
		return err
	}
	n, _ := SplitGroup(f.Name)
	ok := f.Increment == nil && len(f.Floors) == 0 && f.Clear != f.Assign
	if f.Assign {
		_, kind, valid := parseGroup(f.Value)
		ok = ok && valid && kind == n.kind()
	}
	if !ok {
		return fmt.Errorf("%w: change of a cell of a group %x", ErrMalformed, f.Name)
	}
	return nil
}
