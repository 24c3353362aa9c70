package keyspace

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
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

func (d *slotDigest) add(key, value []byte) {
	h := sha256.New()
	h.Write(binary.AppendUvarint(nil, uint64(len(key))))
	h.Write(key)
	h.Write(value)
	sum := h.Sum(nil)
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, binary.BigEndian.Uint64(sum[8:]), 0)
	d.hi, _ = bits.Add64(d.hi, binary.BigEndian.Uint64(sum), carry)
	d.cells++
}

// digester keeps the digests of slots and computes anew only those that changed.
type digester struct {
	mu    sync.Mutex // held while computing
	slots [Slots]slotDigest
	// stale slots must be computed again. Slots with floors that are not settled stay
	// stale: their canonical form changes when an origin is seen to know a reset.
	stale [Slots]bool
}

// digestWork is one computation: a copy, so that commits can go on marking slots.
type digestWork struct {
	slots [Slots]slotDigest
	stale [Slots]bool
}

// begin takes the stale slots over. The caller holds the lock that guards them.
func (d *digester) begin() *digestWork {
	w := &digestWork{d.slots, d.stale}
	d.stale = [Slots]bool{}
	return w
}

// end takes the results; what was or became stale stays so, and all is after an error.
func (d *digester) end(w *digestWork, err error) {
	if err == nil {
		d.slots = w.slots
	}
	for i, stale := range w.stale {
		d.stale[i] = d.stale[i] || stale || err != nil
	}
}

func newDigester() *digester {
	d := &digester{}
	for i := range d.stale {
		d.stale[i] = true
	}
	return d
}

// ComputeDigest computes the digest of a whole shard's state from scratch.
func ComputeDigest(src store.Reader, shard store.ShardID, namespace uint32, vector clock.VersionVector, seen func(clock.Origin) crdt.Context) (Digest, error) {
	return newDigester().begin().compute(stored{src, shard, namespaceID(namespace)}, vector, seen)
}

// compute brings stale slots up to date with the state that s shows.
func (d *digestWork) compute(s stored, vector clock.VersionVector, seen func(clock.Origin) crdt.Context) (Digest, error) {
	for slot := 0; slot < Slots; slot++ {
		if !d.stale[slot] {
			continue
		}
		end := slot
		for end+1 < Slots && d.stale[end+1] {
			end++
		}
		if err := d.computeRange(s, uint16(slot), uint16(end), seen); err != nil {
			return Digest{}, err
		}
		slot = end
	}
	return d.total(vector), nil
}

func (d *digestWork) computeRange(s stored, first, last uint16, seen func(clock.Origin) crdt.Context) error {
	for slot := int(first); slot <= int(last); slot++ {
		d.slots[slot], d.stale[slot] = slotDigest{}, false
	}
	lo, _ := slotRange(store.SpaceData, s.ns, first)
	_, hi := slotRange(store.SpaceData, s.ns, last)
	var h crdt.Header   // of the key that the scan is in
	var headerOf []byte // that key
	return scan(s.src, lo, hi, func(cell, value []byte) (bool, error) {
		slot, key, rest, err := splitKey(cell)
		if err != nil || len(rest) == 0 {
			return false, errKey
		}
		switch rest[0] {
		case kindHeader:
			if h, err = decodeHeader(key, value); err != nil {
				return false, err
			}
			headerOf = key
			live := h.Canonical(seen)
			if live.Counter.Unsettled() {
				d.stale[slot] = true
			}
			if !live.Empty() {
				d.slots[slot].add(cell, live.Append(nil))
			}
		case kindMember:
			m, err := decodeMember(key, value)
			if err != nil {
				return false, err
			}
			if bytes.Equal(key, headerOf) {
				m.Hide(h.Hidden)
			}
			if m.Live() {
				d.slots[slot].add(cell, m.Append(nil))
			}
		}
		return true, nil
	})
}

func (d *digestWork) total(vector clock.VersionVector) Digest {
	out := Digest{Vector: vector}
	h := sha256.New()
	for slot := range d.slots {
		x := d.slots[slot]
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
	return out
}

// touch marks the slots of changed cells as stale.
func (d *digester) touch(cells []store.Cell) {
	for _, c := range cells {
		if len(c.Key) > slotPrefixBytes && c.Key[0] == store.SpaceData {
			d.stale[binary.BigEndian.Uint16(c.Key[5:])%Slots] = true
		}
	}
}
