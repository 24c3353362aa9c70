package keyspace

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// Digest summarises the canonical live state of a shard at one version vector. Equal
// vectors imply equal digests; anything else is damage.
type Digest struct {
	Vector clock.VersionVector
	// Cells is the number of live cells.
	Cells uint64
	Sum   [sha256.Size]byte
}

// slotDigest is the number of live cells of a slot, and the sum modulo 2^128 of their
// hashes: the first half of SHA-256 over key and canonical value. A sum does not
// depend on order and can be kept by slot.
type slotDigest struct {
	cells  uint64
	hi, lo uint64
}

func (d *slotDigest) add(x slotDigest) {
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, x.lo, 0)
	d.hi, _ = bits.Add64(d.hi, x.hi, carry)
	d.cells += x.cells
}

// cellHash returns the digest of one cell. It uses and returns scratch.
func cellHash(scratch, key, value []byte) (slotDigest, []byte) {
	b := binary.AppendUvarint(scratch[:0], uint64(len(key)))
	b = append(append(b, key...), value...)
	sum := sha256.Sum256(b)
	return slotDigest{1, binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}, b
}

// slotTable is the digests of all slots of one state. A table that is handed out is
// never changed.
type slotTable struct {
	slots [Slots]slotDigest
	// unsettled slots have a canonical form that depends on the whole vector.
	unsettled SlotSet
	// damaged slots have cells that cannot be decoded: those are left out of the digest.
	damaged SlotSet
	// unreadable slots could not be read to their end: their digest says nothing.
	unreadable SlotSet
	// total is the sum over all slots, each number modulo 2^64.
	total slotDigest
	// problem is the first thing that could not be read or decoded.
	problem error
}

// digester keeps the digests of slots and computes anew only those that changed.
type digester struct {
	touches touches // guarded by Shard.mu

	mu     sync.Mutex // guards the rest; held while computing
	table  *slotTable
	commit [Slots]uint64       // which touch of the slot the table shows
	known  SlotSet             // slots that were computed at all
	vector clock.VersionVector // at which unsettled slots were computed
	number uint64              // of the commit that the table shows, unless known is empty
}

func newDigester(vector clock.VersionVector) *digester {
	return &digester{touches: newTouches(vector), table: new(slotTable)}
}

// ComputeDigest computes the digest of a whole shard's state from scratch.
func ComputeDigest(src store.Reader, shard store.ShardID, vector clock.VersionVector, k crdt.Knowledge) (Digest, error) {
	e, err := loadEnds(src, shard)
	if err != nil {
		return Digest{}, err
	}
	t := new(slotTable)
	if err := t.compute(stored{src: src, shard: shard, retired: e.table, named: true}, k, allSlots(), nil); err != nil {
		return Digest{}, err
	}
	return t.digest(vector)
}

// digest returns the digest over all slots.
func (t *slotTable) digest(vector clock.VersionVector) (Digest, error) {
	if t.problem != nil {
		return Digest{}, t.problem
	}
	out := Digest{Vector: vector}
	h := sha256.New()
	for slot, x := range t.slots {
		if x.cells == 0 {
			continue
		}
		out.Cells += x.cells
		b := binary.BigEndian.AppendUint16(nil, uint16(slot))
		b = binary.BigEndian.AppendUint64(b, x.cells)
		b = binary.BigEndian.AppendUint64(b, x.hi)
		h.Write(binary.BigEndian.AppendUint64(b, x.lo))
	}
	h.Sum(out.Sum[:0])
	return out, nil
}

// paceCells is after how many cells a walk may be held up.
const paceCells = 1024

// compute digests the given slots. pace, if not nil, is called with the number of cells
// read since the last call; its error ends the computation, and nothing else does.
func (t *slotTable) compute(s stored, k crdt.Knowledge, which SlotSet, pace func(cells int) error) error {
	names, err := s.spaces()
	if err != nil {
		for slot := range which.All() {
			t.slots[slot] = slotDigest{}
			t.unreadable.Add(slot)
		}
		t.note(err)
		return nil
	}
	if err := t.computeIn(s, k, names, which, pace); !errors.Is(err, errUnreadable) {
		return err
	}
	// Something there cannot be read: find the slots one by one.
	for slot := range which.All() {
		var one SlotSet
		one.Add(slot)
		err := t.computeIn(s, k, names, one, pace)
		if errors.Is(err, errUnreadable) {
			t.unreadable.Add(slot)
			t.note(err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// errUnreadable: some cells could not be read.
var errUnreadable = errors.New("unreadable")

// computeIn digests slots as they are in the namespaces of these names. One after the other, each in one go: there may be
// many, with few keys each.
func (t *slotTable) computeIn(s stored, k crdt.Knowledge, names [][]byte, which SlotSet, pace func(int) error) error {
	for slot := range which.All() {
		t.slots[slot] = slotDigest{}
		t.unsettled.Remove(slot)
		t.damaged.Remove(slot)
		t.unreadable.Remove(slot)
	}
	var scratch []byte
	var paced error
	cells := 0
	visit := func(c *liveCell) error {
		t.add(c, &scratch)
		if cells++; pace != nil && cells%paceCells == 0 {
			paced = pace(paceCells)
		}
		return paced
	}
	for _, name := range names {
		if err := s.walk(name, which, k, visit); paced != nil {
			return paced
		} else if err != nil {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
	}
	if pace != nil {
		return pace(cells % paceCells)
	}
	return nil
}

func (t *slotTable) add(c *liveCell, scratch *[]byte) {
	slot := int(c.slot) % Slots
	if c.unsettled {
		t.unsettled.Add(slot)
	}
	if c.err != nil {
		t.damaged.Add(slot)
		t.note(c.err)
		return
	}
	var x slotDigest
	x, *scratch = cellHash(*scratch, c.key, c.value)
	t.slots[slot].add(x)
}

func (t *slotTable) note(err error) {
	if t.problem == nil {
		t.problem = err
	}
}

// update brings the kept table to the pinned state and returns it. With all, every slot
// is read again: memory does not vouch for the disk.
func (d *digester) update(p *Pinned, all bool, pace func(int) error) (*slotTable, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stale := d.stale(p)
	if all {
		stale = allSlots()
	}
	if stale.Empty() {
		return d.table, nil
	}
	next := *d.table
	next.problem = nil // a slot that has one is always stale
	if err := next.compute(p.stored(), p.state.knowledge(), stale, pace); err != nil {
		return nil, err
	}
	next.total = next.sum(allSlots())
	d.table, d.known, d.vector, d.number = &next, allSlots(), p.Vector(), p.state.number
	for slot := range d.commit {
		d.commit[slot] = p.touched[slot].commit
	}
	return d.table, nil
}

// sum returns the sums over some slots.
func (t *slotTable) sum(which SlotSet) (out slotDigest) {
	for slot := range which.All() {
		x := t.slots[slot]
		out.cells, out.hi, out.lo = out.cells+x.cells, out.hi+x.hi, out.lo+x.lo
	}
	return out
}

// stale returns the slots whose digest is not that of the pinned state.
func (d *digester) stale(p *Pinned) (out SlotSet) {
	if d.known.Full() && d.number == p.state.number {
		return d.table.damaged.Or(d.table.unreadable)
	}
	moved := !d.vector.Equal(p.Vector())
	for slot := range d.commit {
		if !d.known.Has(slot) || d.commit[slot] != p.touched[slot].commit ||
			moved && d.table.unsettled.Has(slot) || d.table.damaged.Has(slot) || d.table.unreadable.Has(slot) {
			out.Add(slot)
		}
	}
	return out
}
