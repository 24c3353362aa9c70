package sim

import (
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// reader reads a stream from a cursor, and remembers what it got, by name.
type reader struct {
	cursor string
	got    map[string]bool
	turns  int
}

// follow lets a reader read all that is left, a few entries at a time.
type follow struct {
	key    string
	reader *reader
	// shown receives the entries that the node shows and whose updates its vector covers.
	shown *[]string
	holds clock.VersionVector
}

func (follow) Name() string     { return "FOLLOW" }
func (c follow) Keys() [][]byte { return [][]byte{[]byte(c.key)} }
func (follow) Writes() bool     { return false }

// Run implements keyspace.Command.
func (c follow) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	k := []byte(c.key)
	if _, found, err := tx.Expect(k, crdt.TypeStream); err != nil || !found {
		return r, err
	}
	at, err := tx.StreamCursor(k, []byte(c.reader.cursor))
	for more := true; err == nil && more; {
		c.reader.turns++
		room := c.reader.turns%5/2 + 1
		at, more, err = tx.ReadCursor(k, at, func(name []byte, _ *crdt.Field) bool {
			c.reader.got[string(name)] = true
			room--
			return room > 0
		})
		if c.reader.turns%2 == 0 {
			break // the rest is read next time, perhaps by another node
		}
	}
	if err != nil {
		return r, err
	}
	c.reader.cursor = string(tx.CursorText(k, at))
	if at.LateSeen.Len() > 0 || !c.holds.LessEq(at.Seen) {
		return r, nil // there is more
	}
	if !at.Seen.LessEq(c.holds) {
		return r, nil // the reader was where more is known: what is here may have been deleted there
	}
	return r, tx.Entries(k, crdt.StreamID{}, crdt.MaxStreamID, keyspace.Front, func(name []byte, f *crdt.Field) bool {
		if s, _ := f.Register.Shown(); c.holds.Covers(s.Dot) {
			*c.shown = append(*c.shown, string(name))
		}
		return true
	})
}

// checkCursors checks that readers who go on from a cursor miss no entry: one who stays at the node, and one who goes to
// all.
func (w *world) checkCursors(n *node, key string) {
	if n.stale() || n.out(true) || w.scenario.has(doFlip) {
		return
	}
	for _, who := range []string{key, key + " " + n.id} {
		if w.readers[who] == nil {
			w.readers[who] = &reader{cursor: keyspace.FromBegin, got: map[string]bool{}}
		}
		var shown []string
		if _, err := n.read(follow{key, w.readers[who], &shown, n.core.Vector()}); err != nil {
			w.fail("I-55", "node %v: read %s from a cursor: %v", n, key, err)
			return
		}
		for _, name := range shown {
			if !w.readers[who].got[name] {
				id, _, _ := crdt.SplitEntry([]byte(name))
				w.fail("I-55", "node %v: the reader %q never got %v", n, who, id)
				return
			}
		}
		if len(shown) > 0 {
			sometimes.hit("cursor compared")
		}
	}
}
