package keyspace

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// A stream can be read from a cursor, which goes on in the order in which a node applies entries, not in that of their
// ids. It is the cursor of a group (crdt.Cursor) that a client keeps instead of a region: Seen is what it has been
// given, whatever the ids; Late and LateSeen are a round through the stream that is not at its end, which gives what
// LateSeen covers and Seen does not. Cursors hold no place of a node, so they go on at any node.
//
// Invariant: an entry that [crdt.Cursor.Delivered] tells of was given, or was not there any more.

const (
	cursorVersion = 1
	cursorCheck   = 8
	// CursorBytesMax bounds the text of a cursor.
	CursorBytesMax = 64 << 10
	// roundInLoop is how many entries a round looks at within the commit loop, which it holds up.
	roundInLoop = 2000
)

// FromNow is the cursor that gives what is applied from now on, FromBegin the one that gives everything.
const (
	FromBegin = "0"
	FromNow   = "$"
)

// wholeCursor is the cursor that has been given everything that a vector covers.
func wholeCursor(seen clock.VersionVector) crdt.Cursor {
	return crdt.Cursor{Last: crdt.Behind(crdt.MaxStreamID), Read: crdt.UnknownRead, Seen: seen}
}

// StreamCursor reads the text of a cursor of the stream at key. Error: ErrCursor.
func (tx *Tx) StreamCursor(key, text []byte) (c crdt.Cursor, err error) {
	switch {
	case string(text) == FromBegin:
		return wholeCursor(clock.VersionVector{}), nil
	case string(text) == FromNow:
		return wholeCursor(tx.applied), nil
	case len(text) > CursorBytesMax:
		return c, ErrCursor
	}
	b, err := base64.RawURLEncoding.AppendDecode(nil, text)
	if err != nil || len(b) < 1+cursorCheck || b[0] != cursorVersion {
		return c, ErrCursor
	}
	b, check := b[:len(b)-cursorCheck], b[len(b)-cursorCheck:]
	c, ok := crdt.ParseCursor(b[1:])
	if whole := wholeCursor(c.Seen); !ok || !bytes.Equal(check, checkCursor(tx.full(key), b)) || c.Start != whole.Start || c.Last != whole.Last {
		return c, ErrCursor
	}
	c.Seen, c.LateSeen = c.Seen.Carry(tx.cells.endings()), c.LateSeen.Carry(tx.cells.endings())
	return c, nil
}

// CursorText writes a cursor of the stream at key: version, the cursor as groups have it, and the first eight bytes of
// the SHA-256 of the full key, a zero byte and all before, as base64url. That tells a damaged cursor, and one of another
// stream, and is no secret: who makes one up only misses entries, or gets them again.
func (tx *Tx) CursorText(key []byte, c crdt.Cursor) []byte {
	c.Seen = c.Seen.Under(tx.cells.endings())
	b := c.Append([]byte{cursorVersion})
	return base64.RawURLEncoding.AppendEncode(nil, append(b, checkCursor(tx.full(key), b)...))
}

func checkCursor(full, b []byte) []byte {
	h := sha256.New()
	h.Write(full)
	h.Write([]byte{0})
	h.Write(b)
	return h.Sum(nil)[:cursorCheck]
}

// cursorRead is a read from a cursor on its way.
type cursorRead struct {
	tx  *Tx
	key []byte
	at  crdt.Cursor
	// take gets each entry and tells whether there is room for more.
	take  func(name []byte, f *crdt.Field) bool
	full  bool
	looks int // how many entries may still be looked at, negative for any number
	// again: what comes next was not asked for yet.
	again bool
}

// ReadCursor gives entries of the stream at key that a cursor has not been given, and returns where it stands then.
// More tells that there may be some left. What this node remembers comes in the order in which it was applied, all else
// before it in the order of ids: what was applied before the stream was read here, or before a restart or a transfer, or
// what a reader that comes from another node lacks. Slices are valid during the call of take only.
func (tx *Tx) ReadCursor(key []byte, at crdt.Cursor, take func(name []byte, f *crdt.Field) bool) (next crdt.Cursor, more bool, err error) {
	x := &cursorRead{tx: tx, key: key, at: at, take: take, looks: -1}
	if tx.watches != nil {
		x.looks = roundInLoop
	}
	_, gone, err := tx.open(key)
	if err != nil || gone {
		return at, false, err // what it held may show again
	}
	for {
		done, err := x.step()
		if err != nil || done {
			return x.at, x.again, err
		}
	}
}

// step goes to the end of a round, or through what is remembered.
func (x *cursorRead) step() (done bool, err error) {
	now := x.tx.applied
	if x.at.LateSeen.Len() == 0 {
		list, ok := x.tx.arrivals.since(x.tx.full(x.key), x.at.Seen, now)
		switch {
		case now.LessEq(x.at.Seen):
			return true, nil
		case x.full:
			x.again = true
			return true, nil
		case ok:
			return true, x.recent(list)
		}
		x.at.Late, x.at.LateSeen = crdt.EntryPoint{}, now
	}
	if !x.at.LateSeen.LessEq(now) && !x.tx.roundsTrusted { // begun at a node that had more
		if x.at.LateSeen = x.at.LateSeen.Meet(now); x.at.LateSeen.Len() == 0 {
			x.at.Late = crdt.EntryPoint{}
			return false, nil
		}
	}
	return x.round()
}

// round goes on with the round. At its end all that it was to give has been given.
func (x *cursorRead) round() (done bool, err error) {
	h, err := x.tx.Header(x.key)
	if err != nil {
		return true, err
	}
	w := itemWalk{of: crdt.TypeStream, from: crdt.StreamID{}.Begin(), hidden: h.Hidden}
	if x.at.Late != (crdt.EntryPoint{}) {
		w.from = crdt.EntryName(x.at.Late.ID, x.at.Late.By)
	}
	err = x.tx.eachItem(x.key, w, func(name []byte, f *crdt.Field) bool {
		at, added := pointOf(name, f)
		if at.ID == (crdt.StreamID{}) || at.Compare(x.at.Late) <= 0 {
			return true // the mark, or the place itself
		}
		if x.again = x.full || x.looks == 0; x.again {
			return false
		}
		x.looks--
		if x.at.LateSeen.Covers(added) && !x.at.Delivered(at, added) {
			x.full = !x.take(name, f)
		}
		x.at.Late = at
		return true
	})
	if err != nil || x.again {
		return true, err
	}
	x.at.Seen.Join(x.at.LateSeen)
	x.at.Late, x.at.LateSeen = crdt.EntryPoint{}, clock.VersionVector{}
	return false, nil
}

// recent gives what is remembered. It ends within an update only where there is no room for all of it: then a round has
// the rest.
func (x *cursorRead) recent(list []arrival) error {
	var last arrival // that was given
	for _, a := range list {
		f, err := x.tx.field(x.key, crdt.TypeStream, []byte(a.name))
		if err != nil {
			return err
		}
		if _, added := pointOf([]byte(a.name), &f); !f.Live() || added != a.added {
			continue
		}
		if x.again = x.full; x.again {
			x.stopBefore(a, last, list)
			return nil
		}
		last, x.full = a, !x.take([]byte(a.name), &f)
	}
	x.at.Seen.Join(x.tx.applied)
	return nil
}

// stopBefore lets the cursor stand before one of the entries that are remembered; last was given before it.
func (x *cursorRead) stopBefore(next, last arrival, list []arrival) {
	for _, a := range list {
		if a == next {
			break
		}
		if a.added != next.added {
			x.at.Seen.Advance(a.added.Origin, a.added.Seq)
		}
	}
	if last.added != next.added {
		return
	}
	x.at.Late.ID, x.at.Late.By, _ = crdt.SplitEntry([]byte(last.name))
	x.at.LateSeen = x.at.Seen
	x.at.LateSeen.Advance(next.added.Origin, next.added.Seq)
}
