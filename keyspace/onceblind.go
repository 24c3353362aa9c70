package keyspace

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/atollkv/atoll/store"
)

// A node is blind for a generation of first attempts of which it has not noted all: there were too many, or a damaged disk
// has lost notes. Whether a retry was carried out then it cannot tell, so it refuses retries until the time for them is
// over, also after a restart. It hands on that it is blind with its notes: who takes over its state cannot tell either.

// blindValue is the value of a blind key: its version.
var blindValue = []byte{1}

// blindKey stands before the notes of a generation: their key without a hash.
func (c *Core) blindKey(generation uint32) []byte {
	return binary.BigEndian.AppendUint32(c.onceClass(onceFirst), generation)
}

func isBlind(note []byte) bool {
	return len(note) == blindNoteBytes && note[0] == store.SpaceOnce && note[5] == onceFirst
}

// beBlind notes that not all first attempts of the present generation are noted, or of those before it.
func (c *Core) beBlind() {
	if x := c.presentGeneration(); !x.blind {
		x.blind = true
		c.batch.set(c.blindKey(x.number), blindValue)
	}
}

// seeAgain ends that the node is blind for generations of which no client sends anything again.
func (c *Core) seeAgain() {
	for _, x := range c.once.first.list {
		if x.blind && c.aged(x.last) {
			x.blind = false
			c.batch.set(c.blindKey(x.number), nil)
		}
	}
}

// NotesLost tells that the store may have lost notes of operations, and holds others again that could not be read before.
func (c *Core) NotesLost() error {
	if c.failed != nil {
		return c.failed
	}
	for _, x := range c.once.first.list {
		x.blind = false // that may be lost as well
	}
	c.beBlind()
	c.once.first.unsettled = true // the youngest may hold what an earlier run has noted
	for _, h := range slices.Collect(maps.Keys(c.once.retries)) {
		n, err := c.note(c.retryKey(h))
		if err != nil {
			return err
		}
		if len(n.Attempts) == 0 {
			delete(c.once.retries, h)
		}
	}
	return c.readNotes(c.batch.raw())
}

// prefetchNote reads what merging a note of a donor will read.
func (c *Core) prefetchNote(x pair) error {
	if !isNote(x.key) || isBlind(x.key) {
		return nil
	}
	_, err := c.attemptsOf(hashOf(x.key), true)
	return err
}
