package keyspace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// A sorted set is read by scores through its index: a cell for each member, whose key is
// the score that the member's cell shows, and the member. It is local: digests, transfers
// and repairs leave it out.
//
// Invariant: where the number of members is known, each member cell has the one place in
// the index that the cell as it is stored shows, and there are no others. Every writer of
// a member's cell moves its place in the same batch: see batch.putField. A deletion of the
// whole sorted set hides cells that keep their places until they are swept; so while a
// header hides something, a place counts only if its member shows that score. A deletion
// that has not seen all may change what members show without touching their cells; then,
// and after a repair, the number is unknown, reads go to the members, and the sweep makes
// the index anew before it counts: see sweeper.

// scoreBytes is how many bytes a score takes in a place.
const scoreBytes = 8

// indexVersion is the value of every index cell, so that an empty one is not taken for one.
const indexVersion = 1

// Scored is a member of a sorted set.
type Scored struct {
	Member []byte
	Score  float64
}

// appendOrdered appends a score so that bytes compare like scores.
func appendOrdered(b []byte, score float64) []byte {
	bits := math.Float64bits(score + 0) // -0 + 0 is 0
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(b, bits)
}

// splitPlace is the inverse of appendOrdered, with the member behind it.
func splitPlace(place []byte) (score float64, member []byte, ok bool) {
	if len(place) < scoreBytes {
		return 0, nil, false
	}
	bits := binary.BigEndian.Uint64(place)
	if bits>>63 == 1 {
		bits &^= 1 << 63
	} else {
		bits = ^bits
	}
	score = math.Float64frombits(bits)
	return score, place[scoreBytes:], !math.IsNaN(score)
}

// place is where a member stands in the index; it is there only if it is live.
type place struct {
	live  bool
	score float64
}

func placeOf(f *crdt.Field) place {
	score, live := f.Score()
	return place{live, score}
}

func indexKey(key []byte, score float64, member []byte) []byte {
	b := append(keyPrefix(store.SpaceData, key), kindIndex)
	return append(appendOrdered(b, score), member...)
}

// indexEntry is a decoded index cell.
type indexEntry struct{ present bool }

func (e *indexEntry) encode() []byte {
	if !e.present {
		return nil
	}
	return []byte{indexVersion}
}

// Index cells of the open batch; they have no state beside their keys.
var (
	presentCell = &cell{index: &indexEntry{true}}
	absentCell  = &cell{index: &indexEntry{}}
)

// reindex moves a member's place, before its cell is put.
func (b *batch) reindex(key, name, at []byte, f *crdt.Field) {
	old, now := b.standing(key, name, at), placeOf(f)
	if old == now {
		return
	}
	if old.live {
		b.put(indexKey(key, old.score, name), absentCell)
	}
	if now.live {
		b.put(indexKey(key, now.score, name), presentCell)
	}
}

// standing returns where a member stands in the index now. That of a cell that cannot be
// read is not known: its repair makes the index anew.
func (b *batch) standing(key, name, at []byte) place {
	if c := b.cells[string(at)]; c != nil {
		return placeOf(c.field)
	}
	if p, ok := b.scores[string(at)]; ok {
		return p
	}
	f, err := b.below.fieldAt(at, key, crdt.TypeZSet)
	if err != nil {
		return place{}
	}
	return placeOf(&f)
}

// indexRange is a range of places: lo ≤ place < hi; nil is the begin or the end. It is
// walked back if reverse is set.
type indexRange struct {
	lo, hi  []byte
	reverse bool
}

// keys returns the bounds of the cells, and how much of a cell's key precedes a place.
func (r indexRange) keys(key []byte) (lo, hi []byte, prefix int) {
	base := append(keyPrefix(store.SpaceData, key), kindIndex)
	lo, hi = append(bytes.Clone(base), r.lo...), append(bytes.Clone(base), r.hi...)
	if r.hi == nil {
		hi[len(base)-1]++
	}
	return lo, hi, len(base)
}

func (s stored) index(key []byte, r indexRange, fn func([]byte) bool) error {
	lo, hi, prefix := r.keys(key)
	return scanWay(s.src, lo, hi, r.reverse, func(at, value []byte) (bool, error) {
		if err := checkPlace(key, at[prefix:], value); err != nil {
			return false, err
		}
		return fn(at[prefix:]), nil
	})
}

func checkPlace(key, place, value []byte) error {
	if _, _, ok := splitPlace(place); !ok || len(value) != 1 || value[0] != indexVersion {
		return fmt.Errorf("%w: index of %.64q", ErrDamaged, key)
	}
	return nil
}

// index merges the store's places with the batch's.
func (b *batch) index(key []byte, r indexRange, fn func([]byte) bool) error {
	lo, hi, prefix := r.keys(key)
	mine := b.openBetween(lo, hi)
	before := func(a, b string) bool { return a < b }
	if r.reverse {
		slices.Reverse(mine)
		before = func(a, b string) bool { return a > b }
	}
	more := true
	take := func() {
		if b.cells[mine[0]].index.present {
			more = fn([]byte(mine[0][prefix:]))
		}
		mine = mine[1:]
	}
	err := b.below.index(key, r, func(p []byte) bool {
		at := string(lo[:prefix]) + string(p)
		for more && len(mine) > 0 && before(mine[0], at) {
			take()
		}
		switch {
		case !more:
		case len(mine) > 0 && mine[0] == at: // the batch has a newer one
			take()
		default:
			more = fn(p)
		}
		return more
	})
	for err == nil && more && len(mine) > 0 {
		take()
	}
	return err
}

// scanWay calls fn for the keys in [lo, hi), in order or back, until it returns false.
func scanWay(r store.Reader, lo, hi []byte, back bool, fn func(key, value []byte) (bool, error)) (err error) {
	if !back {
		return scan(r, lo, hi, fn)
	}
	it, err := r.Iterate(lo, hi)
	if err != nil {
		return err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	for ok := it.Last(); ok; ok = it.Prev() {
		if more, err := fn(it.Key(), it.Value()); err != nil || !more {
			return err
		}
	}
	return it.Error()
}

// indexCheck compares, on a walk over all cells, the index of each sorted set with its
// members: the sums of the hashes of their places must be equal.
type indexCheck struct {
	key  []byte // the cells' prefix up to the user key's end; nil outside of sorted sets
	sum  uint64
	skip bool // the index is not to be trusted, and no read does
	at   []byte
}

var indexSeed = maphash.MakeSeed()

// enter begins with another key.
func (ix *indexCheck) enter(prefix []byte) {
	if ix.key == nil || !bytes.Equal(ix.key, prefix) {
		*ix = indexCheck{key: append(ix.key[:0], prefix...), at: ix.at[:0]}
	}
}

// count notes whether the number of members is known.
func (ix *indexCheck) count(prefix, raw []byte) {
	ix.enter(prefix)
	n, err := decodeCount(prefix, raw)
	ix.skip = err != nil || n.unknown
}

// member notes a member's cell; at is where its kind is.
func (ix *indexCheck) member(cell []byte, at int, f *crdt.Field) {
	ix.enter(cell[:at])
	if p := placeOf(f); p.live && !ix.skip {
		ix.at = append(appendOrdered(ix.at[:0], p.score), cell[at+1:]...)
		ix.sum += maphash.Bytes(indexSeed, ix.at)
	}
}

// entry notes an index cell.
func (ix *indexCheck) entry(cell []byte, at int, value []byte) error {
	ix.enter(cell[:at])
	ix.sum -= maphash.Bytes(indexSeed, cell[at+1:])
	if err := checkPlace(cell[userAt(cell):at], cell[at+1:], value); err != nil {
		ix.skip = true
		return err
	}
	return nil
}

// leave ends the key that the walk was in, when it comes to a cell of another, or to its
// end. It returns the index as a cell that cannot be read if it is not what the members
// make it.
func (ix *indexCheck) leave(cell []byte) *liveCell {
	if ix.key == nil || bytes.HasPrefix(cell, ix.key) {
		return nil
	}
	bad := ix.sum != 0 && !ix.skip
	at := append(bytes.Clone(ix.key), kindIndex)
	*ix = indexCheck{at: ix.at[:0]}
	if !bad {
		return nil
	}
	slot, _ := slotOfCell(at)
	return &liveCell{slot: slot, key: at, err: fmt.Errorf("%w: the index of %.64q is not that of its members", ErrDamaged, at[userAt(at):len(at)-1])}
}
