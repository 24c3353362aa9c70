package verify

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
)

// Replica is this node's data.
type Replica interface {
	// Pin takes hold of the last acknowledged state.
	Pin() (State, error)
	// Repair replaces cells of this node only, as long as their slots have not changed after
	// the state was pinned; it returns an error for each fix, nil for those that were made.
	// All fixes of a slot belong into one call.
	Repair(ctx context.Context, at State, fixes []Fix) ([]error, error)
	// SlotOf returns the slot of a cell's key.
	SlotOf(cell []byte) int
	// Name returns how people call the cell: never its value.
	Name(cell []byte) string
}

// State is what a replica held at one moment. Methods but Vector, Ahead and Close count
// after Summarize.
type State interface {
	Vector() clock.VersionVector
	// Ahead: some of the state runs ahead of the vector; it must not be compared.
	Ahead() bool
	// Summarize computes the digests of the slots: with all, from what the disk holds now.
	// pace, unless nil, is called with the number of cells read since the last call.
	Summarize(ctx context.Context, all bool, pace func(cells int) error) error
	// Total returns the sums of Slot over some slots, each modulo 2^64.
	Total(which slotset.Set) (cells, hi, lo uint64)
	// Slot returns the digest of a slot: how many cells, and 128 bits.
	Slot(slot int) (cells, hi, lo uint64)
	// Damaged slots have cells that cannot be decoded, which their digest leaves out;
	// Unreadable ones could not be read.
	Damaged() slotset.Set
	Unreadable() slotset.Set
	// Comparable returns the slots of which this state holds nothing that a peer at the
	// given vector lacks. Where both sides say so, their digests must be equal.
	Comparable(peer clock.VersionVector) slotset.Set
	// Cells calls fn for the cells of some slots, with the reason where one cannot be
	// decoded. Slices are valid during the call only.
	Cells(which slotset.Set, fn func(slot int, key, value []byte, problem error) error) error
	Close() error
}

// Fix replaces one cell by Value; nil takes it away.
type Fix struct{ Key, Value []byte }

// hashKey names a cell for one verification, by an element of the field. Two keys may
// share one: then both are looked at.
func hashKey(key []byte, salt uint64) uint64 {
	h := 14695981039346656037 ^ salt // FNV-1a
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return element(mix(h))
}

// version is a digest of a cell: 0 is none.
type version uint64

// versionOf returns the digest of a live cell.
func versionOf(key, value []byte) version {
	h := sha256.New()
	h.Write(binary.AppendUvarint(nil, uint64(len(key))))
	h.Write(key)
	h.Write(value)
	return version(element(binary.BigEndian.Uint64(h.Sum(nil))))
}

// slotEntries is the map of slots to their digests.
func slotEntries(s State, which slotset.Set) []entry {
	out := make([]entry, 0, which.Len())
	for slot := range which.All() {
		cells, hi, lo := s.Slot(slot)
		out = append(out, entry{uint64(slot) + 1, element(mix(lo ^ mix(hi^mix(cells))))})
	}
	return out
}

// group is some cells of the slots that differ: those in part part of parts, by the hash
// of their key.
type group struct {
	slots       slotset.Set
	part, parts uint64
	entries     []entry
	slotOf      []uint16 // of entries
	broken      []broken // cells that cannot be decoded
}

// broken is a cell that cannot be decoded.
type broken struct {
	hash uint64
	slot int
	key  []byte
}

// maxBroken bounds how many broken cells of a group are remembered.
const maxBroken = 4096

// load reads the cells of the group. It returns how many there are; entries are left
// empty when they are more than limit.
func (g *group) load(s State, salt uint64, limit int) (count int, err error) {
	err = s.Cells(g.slots, func(slot int, key, value []byte, problem error) error {
		k := hashKey(key, salt)
		if k%g.parts != g.part {
			return nil
		}
		if problem != nil {
			if len(g.broken) < maxBroken {
				g.broken = append(g.broken, broken{k, slot, append([]byte(nil), key...)})
			}
			return nil
		}
		if count++; count <= limit {
			g.entries = append(g.entries, entry{k, uint64(versionOf(key, value))})
			g.slotOf = append(g.slotOf, uint16(slot))
		}
		return nil
	})
	if count > limit {
		g.entries, g.slotOf = nil, nil
	}
	return count, err
}

// slotsOf returns the slots of the cells with the given hashes.
func (g *group) slotsOf(hashes map[uint64]int) (out slotset.Set) {
	for i, e := range g.entries {
		if _, ok := hashes[e.key]; ok {
			out.Add(int(g.slotOf[i]))
		}
	}
	return out
}
