package keyspace

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// An increment with an id counts once, however often and wherever it is sent. Its record carries the id, so each node
// notes it when it applies the record. A node that knows an id changes nothing any more. Two regions that do not hear of
// each other both carry it out; whoever then applies the second record knows the first, and makes the later attempt void:
// see crdt.Void. All that know both decide alike, by stamps, so nobody need be elected.
//
// Invariant: of two attempts one at least is a retry, since the client says so. A retry stays noted wherever it was
// applied until every member is known, by its own records, to have applied it: what they wrote before that is here then,
// and from then on they know the id themselves. So somebody knows both, whatever is cut and for how long. So does a first
// attempt: a retry that a member made before comes by its record or, by state, with its note; and where the first attempt
// comes by state, so does its note. Both are noted for a window at least, in which a retry may come.
//
// No clock is asked, since clocks leap: how old a note is goes by how long the node runs, see oncegeneration.go, and who
// has applied what by contexts.
//
// Notes are local; a transfer hands them on. What is to be void is noted as a duty, in the commit that shows it, and stays
// until an update has done it.

// onceWindow is how long an id is known at least, unless configured.
const onceWindow = 5 * time.Minute

// onceBounds bound what is noted.
type onceBounds struct {
	// first bounds the first attempts of one generation. Beyond it they are not noted, and retries in that time are
	// refused.
	first int
	// kept bounds the first attempts that are noted longer than they would be if all members were in reach.
	kept int
	// retries bounds the retries that a node has noted; beyond it more are refused.
	retries int
}

var onceMost = onceBounds{first: 4 << 20, kept: 16 << 20, retries: 1 << 20}

const (
	// voidsMax bounds the voids of one counter; beyond it retries are refused.
	voidsMax = 1024
	// onceSweep is how many retries one step of the sweep looks at, onceRest how many steps lie between two walks.
	onceSweep = 512
	onceRest  = 20
	// onceReplyMax bounds an answer that is kept, in bytes.
	onceReplyMax = 64
)

// Classes of keys in store.SpaceOnce: SpaceOnce ‖ shard u32 ‖ class ‖ …
const (
	onceFirst = 0 // generation u32 ‖ hash: first attempts
	onceRetry = 1 // hash: retries, with the counter that they are of
	onceDuty  = 2 // hash ‖ dot: an update that is to be made

	onceHashBytes  = 16
	retryNoteBytes = 1 + 4 + 1 + onceHashBytes
	firstNoteBytes = retryNoteBytes + 4
	blindNoteBytes = firstNoteBytes - onceHashBytes
)

// onceBegin lies behind all cells and before all notes.
var onceBegin = []byte{store.SpaceOnce}

type onceHash [onceHashBytes]byte

// hashOnce names an operation: an id counts for one counter.
func hashOnce(of crdt.Counted, id []byte) (h onceHash) {
	b := appendBytes([]byte{byte(of.Type)}, of.Key)
	b = append(appendBytes(b, of.Name), id...)
	sum := sha256.Sum256(b)
	copy(h[:], sum[:])
	return h
}

// once is what a core knows of operations with ids.
type once struct {
	most    onceBounds
	first   onceGenerations
	retries map[onceHash]time.Duration // when each was noted last, or found
	duties  map[string]crdt.Update
	// heard is the newest retry of each origin: others may wait for a record that covers it.
	heard clock.VersionVector
	reply Reply // of the transaction at hand
	// annulled counts increments that were made void.
	annulled uint64

	walked []byte // the last retry that the sweep looked at
	rest   int
}

func (c *Core) onceClass(class byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{store.SpaceOnce}, uint32(c.cfg.Shard)), class)
}

func (c *Core) firstKey(generation uint32, h onceHash) []byte {
	return append(binary.BigEndian.AppendUint32(c.onceClass(onceFirst), generation), h[:]...)
}

func (c *Core) retryKey(h onceHash) []byte { return append(c.onceClass(onceRetry), h[:]...) }

func (c *Core) notedRetry(h onceHash) bool {
	_, ok := c.once.retries[h]
	return ok
}

func hashOf(note []byte) onceHash { return onceHash(note[len(note)-onceHashBytes:]) }

// isNote tells whether a key is that of a note which a transfer hands on.
func isNote(key []byte) bool {
	if len(key) < blindNoteBytes || key[0] != store.SpaceOnce {
		return false
	}
	return isBlind(key) || key[5] == onceFirst && len(key) == firstNoteBytes || key[5] == onceRetry && len(key) == retryNoteBytes
}

// openOnce takes over what is noted.
func (c *Core) openOnce(src store.Reader) error {
	if c.cfg.OnceWindow == 0 {
		c.cfg.OnceWindow = onceWindow
	}
	c.once = once{most: onceMost, first: onceGenerations{next: 1}, retries: map[onceHash]time.Duration{}, duties: map[string]crdt.Update{}}
	err := c.readNotes(src)
	if IsDamage(err) {
		c.beBlind()
		return nil
	}
	return err
}

// readNotes adds what is noted to what is known of it: all that can be read.
func (c *Core) readNotes(src store.Reader) error {
	found, err := c.findGenerations(src)
	c.foundGenerations(found)
	if err := errors.Join(err, c.readRetries(src), c.readDuties(src)); err != nil {
		return fmt.Errorf("read notes of operations: %w", err)
	}
	return nil
}

func (c *Core) readRetries(src store.Reader) error {
	return scan(src, c.onceClass(onceRetry), c.onceClass(onceDuty), func(k, v []byte) (bool, error) {
		if _, changed := c.batch.extra[string(k)]; changed {
			return true, nil
		}
		note, err := crdt.DecodeOnceNote(v)
		if err == nil && isNote(k) {
			if h := hashOf(k); !c.notedRetry(h) {
				c.once.retries[h] = c.hlc.Elapsed()
			}
			c.hear(note.Attempts)
		}
		return err == nil, err
	})
}

func (c *Core) readDuties(src store.Reader) error {
	return scan(src, c.onceClass(onceDuty), c.onceClass(onceDuty+1), func(k, v []byte) (bool, error) {
		u, err := crdt.DecodeUpdate(bytes.Clone(v))
		if err == nil {
			c.once.duties[string(k)] = u
		}
		return err == nil, err
	})
}

func (c *Core) hear(list []crdt.Attempt) {
	for _, a := range list {
		c.once.heard.Advance(a.Dot.Origin, a.Dot.Seq)
	}
}

// attemptsOf returns what is known of an operation, and of a first attempt if it is a retry.
func (c *Core) attemptsOf(h onceHash, retry bool) (all crdt.OnceNote, err error) {
	keys := c.firstKeys(h, retry)
	if c.notedRetry(h) {
		keys = append(keys, c.retryKey(h))
	}
	for _, key := range keys {
		n, err := c.note(key)
		if err != nil {
			return all, err
		}
		if all.Join(n.Attempts); len(n.Of.Key) > 0 {
			all.Of = n.Of
		}
	}
	return all, nil
}

// note reads a note; none is one without attempts.
func (c *Core) note(key []byte) (n crdt.OnceNote, err error) {
	b, err := c.batch.Get(key)
	if err != nil || b == nil {
		return n, err
	}
	return crdt.DecodeOnceNote(b)
}

// attempted implements origins.
func (c *Core) attempted(of crdt.Counted, once *crdt.Once) (crdt.OnceNote, error) {
	return c.attemptsOf(hashOnce(of, once.ID), once.Retry)
}

// crowded implements origins.
func (c *Core) crowded() bool {
	blind := func(x *onceGeneration) bool { return x.blind && !c.aged(x.last) }
	return len(c.once.retries) >= c.once.most.retries || slices.ContainsFunc(c.once.first.list, blind)
}

// name names the operation that an update of this node carries out. What is no increment of a counter, as one by
// infinity, may be done again without harm.
func (c *Core) name(u *crdt.Update, once *crdt.Once, reply Reply) {
	if once == nil {
		return
	}
	if _, ok := u.Counted(); ok {
		u.Once, c.once.reply = once, reply
	}
}

// operation is one that an update carries out, and what is known of it.
type operation struct {
	hash  onceHash
	of    crdt.Counted
	known crdt.OnceNote
}

// operationOf reads what noteOnce goes by, so that nothing is half applied where it cannot be read; nil for an update
// without an id.
func (c *Core) operationOf(u *crdt.Update, tag crdt.Tag) (*operation, error) {
	if u.Once == nil {
		return nil, nil
	}
	of, ok := u.Counted()
	if !ok {
		return nil, fmt.Errorf("%w: %v has an id and is not one increment", ErrMalformed, tag.Dot)
	}
	op := &operation{hash: hashOnce(of, u.Once.ID), of: of}
	var err error
	op.known, err = c.attemptsOf(op.hash, u.Once.Retry)
	return op, err
}

// noteOnce notes an update that carries out an operation. When others have, too, the later ones are to be void.
func (c *Core) noteOnce(op *operation, retry bool, tag crdt.Tag) error {
	a := crdt.Attempt{Tag: tag, Delta: op.of.Delta}
	if tag.Dot.Origin == c.Origin() {
		a.Reply = encodeReply(&c.once.reply)
	}
	if err := c.putAttempt(op.hash, a, retry, op.of); err != nil {
		return err
	}
	op.known.Join([]crdt.Attempt{a})
	op.known.Of = op.of
	c.toAnnul(op.hash, &op.known)
	return nil
}

// putAttempt adds an attempt to its note. It reads nothing that attemptsOf has not read.
func (c *Core) putAttempt(h onceHash, a crdt.Attempt, retry bool, of crdt.Counted) error {
	if !retry {
		return c.putFirst(h, a)
	}
	var n crdt.OnceNote
	if c.notedRetry(h) {
		var err error
		if n, err = c.note(c.retryKey(h)); err != nil {
			return err
		}
	}
	c.once.retries[h] = c.hlc.Elapsed()
	c.hear([]crdt.Attempt{a})
	n.Of = of
	n.Join([]crdt.Attempt{a})
	c.batch.set(c.retryKey(h), n.Append(nil))
	return nil
}

// putFirst adds a first attempt to the youngest generation.
func (c *Core) putFirst(h onceHash, a crdt.Attempt) error {
	x := c.presentGeneration()
	x.upTo.Advance(a.Dot.Origin, a.Dot.Seq)
	key := c.firstKey(x.number, h)
	var n crdt.OnceNote
	if x.noted > 0 {
		var err error
		if n, err = c.note(key); err != nil {
			return err
		}
	}
	if len(n.Attempts) == 0 {
		if x.noted >= c.once.most.first {
			c.beBlind()
			return nil
		}
		x.noted++
		c.once.first.noted++
	}
	n.Join([]crdt.Attempt{a})
	c.batch.set(key, n.Append(nil))
	return nil
}

// toAnnul notes that all attempts but the first are to be void.
func (c *Core) toAnnul(h onceHash, n *crdt.OnceNote) {
	if len(n.Attempts) < 2 || len(n.Of.Key) == 0 || c.cfg.Mistakes.Has(mistake.RetryCounted) {
		return
	}
	for _, a := range n.Attempts[1:] {
		of := n.Of
		of.Delta = a.Delta
		u := of.Annulment(a.Dot)
		key := append(c.onceClass(onceDuty), h[:]...)
		key = appendUvarint(binary.BigEndian.AppendUint64(key, uint64(a.Dot.Origin)), uint64(a.Dot.Seq))
		c.batch.set(key, u.Append(nil))
		c.once.duties[string(key)] = u
	}
}

// annulAll does the duties, in the open batch: nobody sees an operation count twice that was seen here.
func (c *Core) annulAll() {
	if len(c.once.duties) == 0 || c.failed != nil || c.cfg.Ends.Stale != nil && c.cfg.Ends.Stale() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(c.once.duties)) {
		u := c.once.duties[key]
		if !c.endedDuty(&u) {
			saw := c.vv
			_, written, err := c.execute([]Command{annul{&u.Changes[0]}}, clock.Dot{})
			if err != nil {
				continue // it stays, and is tried again
			}
			if written {
				c.annulled(voidsOf(&u.Changes[0])[0].Dot, saw)
			}
		}
		c.batch.set([]byte(key), nil)
		delete(c.once.duties, key)
	}
}

func (c *Core) annulled(increment clock.Dot, saw clock.VersionVector) {
	c.once.annulled++
	if c.cfg.Annulled != nil {
		c.cfg.Annulled(increment, saw)
	}
}

// endedDuty tells that a duty is of an origin that is retired. Everybody who could was to make it void before that, and
// its counter may be folded.
func (c *Core) endedDuty(u *crdt.Update) bool {
	return slices.ContainsFunc(voidsOf(&u.Changes[0]), func(v crdt.Void) bool { return c.ends.retired[v.Dot.Origin] != nil })
}

func voidsOf(ch *crdt.Change) []crdt.Void {
	switch {
	case len(ch.Fields) > 0:
		return ch.Fields[0].Voids
	case len(ch.Scores) > 0:
		return ch.Scores[0].Voids
	default:
		return ch.Voids
	}
}

// mergeNote takes over a note of a donor. First attempts that were noted in many generations come into one after the other.
func (c *Core) mergeNote(x pair) error {
	if isBlind(x.key) {
		c.beBlind()
		return nil
	}
	theirs, err := crdt.DecodeOnceNote(bytes.Clone(x.theirs))
	class := x.key[5]
	if err != nil || !bytes.Equal(x.key[:6], c.onceClass(class)) {
		return err
	}
	h := hashOf(x.key)
	known, err := c.attemptsOf(h, true)
	if err != nil {
		return err
	}
	if len(theirs.Of.Key) > 0 {
		known.Of = theirs.Of
	}
	for _, a := range theirs.Attempts {
		if class == onceFirst {
			if known.Has(a) {
				continue
			}
			c.makeRoom()
		}
		if err := c.putAttempt(h, a, class == onceRetry, theirs.Of); err != nil {
			return err
		}
	}
	known.Join(theirs.Attempts)
	c.toAnnul(h, &known)
	return nil
}

// makeRoom begins a generation where the youngest one is full: a donor may have as many in each of its own.
func (c *Core) makeRoom() {
	if x := c.presentGeneration(); x.noted >= c.once.most.first {
		c.nextGeneration(c.hlc.Elapsed())
	}
}

// behindCells returns where the chunks of cells end: nil if no notes follow.
func (s *Snapshot) behindCells() (upTo []byte, err error) {
	err = scan(s.cells.src, onceBegin, []byte{store.SpaceOnce + 1}, func(k, _ []byte) (bool, error) {
		if isNote(k) {
			upTo = onceBegin
		}
		return upTo == nil, nil
	})
	return upTo, err
}

// nextNotes returns a chunk of notes.
func (s *Snapshot) nextNotes(ch Chunk, size int) (Chunk, error) {
	taken := 0
	lo := append(bytes.Clone(ch.After), 0)
	err := scan(s.cells.src, lo, []byte{store.SpaceOnce + 1}, func(k, v []byte) (bool, error) {
		if taken >= size {
			ch.UpTo = ch.Cells[len(ch.Cells)-1].Key
			return false, nil
		}
		if isNote(k) {
			ch.Cells = append(ch.Cells, store.Cell{Key: bytes.Clone(k), Value: bytes.Clone(v)})
			taken += len(k) + len(v)
		}
		return true, nil
	})
	return ch, err
}
