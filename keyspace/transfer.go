package keyspace

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// Catch-up by state. A donor's snapshot is merged cell by cell with both vectors as
// context: what one side has alone is new if the other side's vector does not cover it,
// and removed there otherwise. The shard's vector moves only at the end, so ranges
// already merged run ahead of it: see extras. A pass may change donors on its way; it
// then ends at what all of them had.

var (
	// ErrTransfer: a step does not follow the step before it.
	ErrTransfer = errors.New("step of a transfer out of order")
	// ErrFuture: a stamp lies too far ahead of this node's clock.
	ErrFuture = errors.New("stamp lies in the future")
)

const (
	// transferCells bounds the cells that one step of a transfer visits.
	transferCells = 2048
	// maxTransferSteps bounds how often a pass is resumed: see extras.
	maxTransferSteps = 256
)

// TransferStep is [TransferBegin], [TransferChunk] or [TransferEnd].
type TransferStep interface{ transferStep() }

// TransferBegin begins a pass over a donor's snapshot, or goes on with one.
type TransferBegin struct {
	// Heads is what the donor holds, ascending by origin.
	Heads []store.Head
	// Declared names the nodes of those origins that the donor knows.
	Declared map[clock.Origin]crdt.Declaration
	// Ends is what the donor knows of origins that have ended, as Snapshot.Ends has it.
	Ends []byte
	// After is TransferState.Position to go on with a pass, nil to begin anew.
	After []byte
}

// TransferChunk merges one chunk. Chunks follow each other without a gap.
type TransferChunk struct{ Chunk }

// TransferEnd ends the pass: the shard has what the donor had.
type TransferEnd struct{}

func (TransferBegin) transferStep() {}
func (TransferChunk) transferStep() {}
func (TransferEnd) transferStep()   {}

// Chunk is a part of a snapshot: all live cells after one and up to another, canonical,
// ascending by key. Nil bounds are the begin and the end of all cells.
type Chunk struct {
	After, UpTo []byte
	// Beyond is what these cells contain beyond the donor's vector.
	Beyond clock.VersionVector
	Cells  []store.Cell
}

// TransferState says how far a transfer has come. It survives a restart.
type TransferState struct {
	// Active: a pass has begun and not ended. With Done 1 only TransferEnd is left.
	Active bool
	// Position is the last cell merged, nil at the begin of a pass.
	Position []byte
	// Done is the part of the keyspace that the pass has merged, 0 to 1.
	Done float64
	// Cells is the number of the donor's cells merged in this pass.
	Cells uint64
	// Target is what the shard will have at the end.
	Target clock.VersionVector
	// Ahead: some ranges of cells run ahead of the shard's vector, so that digests of
	// equal vectors may differ. AheadTo is what they contain at most.
	Ahead   bool
	AheadTo clock.VersionVector
}

// transfer is what a core knows about taking over state.
type transfer struct {
	extras extras
	newest clock.Timestamp // no stamp taken over is greater
	folds  *crdt.Folds     // what the donors have folded
	pass   *pass           // nil when none is on its way
}

type pass struct {
	heads    []store.Head        // the present donor's
	vector   clock.VersionVector // of heads
	floor    []store.Head        // what all donors of the pass had
	position []byte
	end      bool // the last chunk is merged
	cells    uint64
}

// Transfer does one step. done is false when a chunk is merged in part: the same step
// must be given again, in a later batch. Errors that match ErrTransfer, ErrMalformed,
// ErrDiverged or ErrFuture leave everything as it was, one that matches ErrSealed all but
// a pass that has merged nothing.
func (c *Core) Transfer(step TransferStep) (done bool, err error) {
	if c.failed != nil {
		return false, c.failed
	}
	c.batch.forget()
	switch step := step.(type) {
	case TransferBegin:
		return true, c.beginTransfer(step)
	case TransferChunk:
		return c.mergeChunk(step.Chunk)
	case TransferEnd:
		return true, c.endTransfer()
	default:
		return false, fmt.Errorf("%w: %T", ErrTransfer, step)
	}
}

func (c *Core) beginTransfer(b TransferBegin) error {
	theirs, err := c.checkEnds(b)
	if err != nil {
		return err
	}
	if err := c.checkDonor(b.Heads); err != nil {
		return err
	}
	if err := c.checkLimits(vectorOf(b.Heads), b.Declared); err != nil {
		c.dropPass()
		return err
	}
	p := &pass{heads: b.Heads, vector: vectorOf(b.Heads), floor: b.Heads}
	if b.After != nil {
		old := c.transfer.pass
		if old == nil || !bytes.Equal(old.position, b.After) || len(c.transfer.extras.steps) > maxTransferSteps {
			return fmt.Errorf("%w: nothing to go on with after %x", ErrTransfer, b.After)
		}
		p.position, p.cells, p.floor = old.position, old.cells, meetHeads(old.floor, b.Heads)
		if bytes.Compare(p.position, onceBegin) > 0 {
			p.position = onceBegin // each node numbers its notes itself
		}
	}
	for _, h := range b.Heads {
		c.transfer.newest = max(c.transfer.newest, h.Time)
		if who, ok := b.Declared[h.Origin]; ok {
			d := crdt.Update{Declare: &who}
			c.batch.set(originKey(c.cfg.Shard, h.Origin), d.Append(nil))
		}
	}
	c.hlc.Observe(c.transfer.newest)
	c.transfer.pass = p
	c.endAtBegin()
	c.saveTransfer()
	c.noteFolds(theirs)
	c.batch.set(transferKey(c.cfg.Shard, 1), p.encodeHeads())
	c.batch.set(transferKey(c.cfg.Shard, endsPart), b.Ends)
	return nil
}

// dropPass forgets a pass that has merged nothing yet: its donor was removed, and there may be nobody else who could
// end it.
func (c *Core) dropPass() {
	if p := c.transfer.pass; p == nil || p.position != nil || p.end {
		return
	}
	c.closePass()
}

// closePass ends the pass, here and in the store.
func (c *Core) closePass() {
	c.transfer.pass = nil
	c.saveTransfer()
	c.batch.set(transferKey(c.cfg.Shard, 1), nil)
	c.batch.set(transferKey(c.cfg.Shard, endsPart), nil)
}

// checkDonor refuses a donor whose state must not be merged.
func (c *Core) checkDonor(heads []store.Head) error {
	for i, h := range heads {
		if i > 0 && heads[i-1].Origin >= h.Origin || h.Seq == 0 {
			return fmt.Errorf("%w: heads not in order", ErrMalformed)
		}
		if x := c.ends.retired[h.Origin]; x != nil {
			if h.Seq > x.seal || h.Seq == x.seal && h.Hash != x.hash {
				return fmt.Errorf("%w: the donor holds %v:%d, the origin is retired at %d", ErrSealed, h.Origin, h.Seq, x.seal)
			}
			continue
		}
		mine := c.heads[h.Origin]
		if mine.Seq == h.Seq && mine.Hash != h.Hash || h.Origin == c.Origin() && h.Seq > mine.Seq {
			return fmt.Errorf("%w: %v", ErrDiverged, clock.Dot{Origin: h.Origin, Seq: h.Seq})
		}
		if ahead := c.hlc.Ahead(h.Time); ahead > c.cfg.MaxOffset {
			return fmt.Errorf("%w: the donor holds records of %v that are %v ahead", ErrFuture, h.Origin, ahead)
		}
	}
	return nil
}

// mergeChunk merges what follows the position.
func (c *Core) mergeChunk(ch Chunk) (done bool, err error) {
	p := c.transfer.pass
	if p == nil || p.end || bytes.Compare(ch.After, p.position) > 0 {
		return false, fmt.Errorf("%w: chunk after %x", ErrTransfer, ch.After)
	}
	if err := ch.check(); err != nil {
		return false, err
	}
	if err := c.checkLimits(ch.Beyond, nil); err != nil {
		return false, err
	}
	if ch.UpTo != nil && bytes.Compare(ch.UpTo, p.position) <= 0 {
		return true, nil // merged before
	}
	from := p.position
	pairs, upTo, err := c.pairs(from, ch)
	if err != nil {
		return false, err
	}
	if err := c.prefetchPairs(pairs); err != nil {
		return false, err
	}
	theirs := joined(p.vector, ch.Beyond)
	for _, x := range pairs {
		if err := c.mergeCell(x, theirs); err != nil {
			c.failed = fmt.Errorf("take over cell %x: %w", x.key, err)
			return false, c.failed
		}
		if x.theirs != nil {
			p.cells++
		}
	}
	c.noteTaken()
	p.position = upTo
	done = upTo == nil || bytes.Equal(upTo, ch.UpTo)
	p.end = upTo == nil
	if !c.cfg.Mistakes.Has(mistake.NoExtraContext) {
		c.transfer.extras.cover(from, upTo, above(theirs, c.vv))
	}
	c.saveTransfer()
	return done, nil
}

// check refuses a chunk that no correct donor sends.
func (ch *Chunk) check() error {
	last := ch.After
	for _, cell := range ch.Cells {
		if bytes.Compare(cell.Key, last) <= 0 || ch.UpTo != nil && bytes.Compare(cell.Key, ch.UpTo) > 0 {
			return fmt.Errorf("%w: cell %x outside its chunk", ErrMalformed, cell.Key)
		}
		last = cell.Key
		if err := checkCell(cell); err != nil {
			return fmt.Errorf("%w: cell %x: %w", ErrMalformed, cell.Key, err)
		}
	}
	return nil
}

func checkCell(cell store.Cell) error {
	switch {
	case isBlind(cell.Key):
		if !bytes.Equal(cell.Value, blindValue) {
			return errKey
		}
		return nil
	case isNote(cell.Key):
		_, err := crdt.DecodeOnceNote(cell.Value)
		return err
	}
	_, key, rest, err := splitKey(cell.Key)
	if err != nil || len(rest) == 0 || !stands(cell.Key, key) {
		return errKey
	}
	switch {
	case rest[0] == kindHeader && len(rest) == 1:
		_, err = crdt.DecodeHeader(cell.Value)
	case rest[0] == kindMember:
		_, err = crdt.DecodeMember(cell.Value)
	case isField(rest[0]):
		_, err = decodeNamed(key, fieldType(rest[0]), rest[1:], cell.Value)
	default:
		err = errKey
	}
	return err
}

// pair is one cell as both sides have it; nil where a side does not.
type pair struct {
	key          []byte
	ours, theirs []byte
	// open: the open batch has a newer one of ours.
	open bool
}

// pairs returns the cells after one that either side has, at most transferCells of
// them, and where they end.
func (c *Core) pairs(after []byte, ch Chunk) (list []pair, upTo []byte, err error) {
	ours, more, err := c.batch.between(after, ch.UpTo, transferCells)
	if err != nil {
		return nil, nil, err
	}
	i, _ := slices.BinarySearchFunc(ch.Cells, after, func(cell store.Cell, key []byte) int {
		if bytes.Compare(cell.Key, key) <= 0 {
			return -1
		}
		return 1
	})
	theirs := ch.Cells[i:]
	upTo = ch.UpTo
	if more {
		upTo = ours[len(ours)-1].key
	}
	for len(ours)+len(theirs) > 0 {
		if len(list) == transferCells {
			return list, list[len(list)-1].key, nil
		}
		switch {
		case len(theirs) == 0 || len(ours) > 0 && bytes.Compare(ours[0].key, theirs[0].Key) < 0:
			list, ours = append(list, ours[0]), ours[1:]
		case more && bytes.Compare(theirs[0].Key, upTo) > 0:
			return list, upTo, nil
		case len(ours) > 0 && bytes.Equal(ours[0].key, theirs[0].Key):
			x := ours[0]
			x.theirs = theirs[0].Value
			list, ours, theirs = append(list, x), ours[1:], theirs[1:]
		default:
			list, theirs = append(list, pair{key: theirs[0].Key, theirs: theirs[0].Value}), theirs[1:]
		}
	}
	return list, upTo, nil
}

// endTransfer moves the vector to what all donors of the pass had. The op log of what
// was skipped begins anew: a range that nobody here has as records is never relayed.
func (c *Core) endTransfer() error {
	p := c.transfer.pass
	if p == nil || !p.end {
		return fmt.Errorf("%w: end before the last chunk", ErrTransfer)
	}
	if err := c.checkDonor(p.floor); err != nil {
		return err
	}
	known, err := c.knownEnds()
	if err != nil {
		return err
	}
	for _, h := range p.floor {
		if c.ends.retired[h.Origin] == nil && h.Seq > c.heads[h.Origin].Seq {
			c.skipTo(h)
		}
	}
	c.adoptEnds(known, crdt.Context{Seen: vectorOf(p.floor)})
	c.arrivals.forget()
	c.transfer.extras.settle(c.vv)
	c.closePass()
	c.drainAll()
	c.annulAll()
	return nil
}

// skipTo moves to a head whose records were not seen.
func (c *Core) skipTo(h store.Head) {
	c.advance(h)
	if !c.cfg.Mistakes.Has(mistake.SkippedRelayed) {
		c.batch.skip(store.Skip{Origin: h.Origin, To: h.Seq + 1})
	}
}

// TransferState returns how far a transfer has come.
func (c *Core) TransferState() TransferState {
	t := TransferState{Ahead: !c.transfer.extras.empty(), AheadTo: c.transfer.extras.all()}
	if p := c.transfer.pass; p != nil {
		t.Active, t.Position, t.Cells, t.Target = true, p.position, p.cells, joined(c.vv, vectorOf(p.floor))
		t.Done = position(p.position, p.end)
	}
	return t
}

// position returns the part of the slots that lie before a cell. What lies behind the default namespace counts as
// part of the last slot.
func position(cell []byte, end bool) float64 {
	if end {
		return 1
	}
	slot, _, _, err := splitKey(cell)
	switch {
	case isNote(cell), bytes.Equal(cell, onceBegin):
		return (Slots - 1.0) / Slots
	case err != nil:
		return 0
	case slotAt(cell) != slotAtDefault:
		return (Slots - 1.0) / Slots
	default:
		return float64(slot) / Slots
	}
}

// ahead returns what the whole of a key contains beyond the shard's vector. whole is
// false while a transfer has merged some of the key's cells and not the others.
func (c *Core) ahead(key []byte) (v clock.VersionVector, whole bool) {
	if c.transfer.extras.empty() {
		return v, true
	}
	v, whole = c.transfer.extras.within(headerKey(key), keyEnd(key))
	if !whole {
		return clock.VersionVector{}, false
	}
	return above(v, c.vv), true
}

// VectorOf returns what the state of a key contains. whole is false while a transfer
// has merged some of the key's cells and not the others.
func (c *Core) VectorOf(key []byte) (v clock.VersionVector, whole bool) {
	v, whole = c.ahead(key)
	return joined(c.vv, v), whole
}

// lacks returns what the writer of a change had seen of its key and the shard has not; nothing when it
// has all.
func (c *Core) lacks(u *crdt.Update) (missing clock.VersionVector) {
	for i := range u.Changes {
		ch := &u.Changes[i]
		if ch.Beyond.Len() == 0 {
			continue
		}
		if has, _ := c.VectorOf(ch.Key); !ch.Beyond.LessEq(has) {
			missing = joined(missing, above(ch.Beyond, has))
		}
	}
	return missing
}

// meetHeads returns the heads that both lists, ascending by origin, cover.
func meetHeads(a, b []store.Head) (out []store.Head) {
	for _, h := range a {
		for len(b) > 0 && b[0].Origin < h.Origin {
			b = b[1:]
		}
		switch {
		case len(b) == 0 || b[0].Origin != h.Origin:
		case b[0].Seq < h.Seq:
			out = append(out, b[0])
		default:
			out = append(out, h)
		}
	}
	return out
}

func vectorOf(heads []store.Head) clock.VersionVector {
	entries := make([]clock.Entry, len(heads))
	for i, h := range heads {
		entries[i] = clock.Entry{Origin: h.Origin, Seq: h.Seq}
	}
	return clock.VectorOf(entries...)
}
