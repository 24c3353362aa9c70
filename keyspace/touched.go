package keyspace

import (
	"encoding/binary"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// touch says when a slot changed last.
type touch struct {
	// commit is the number of the commit, counted from the opening of the shard; 0 is
	// before that.
	commit uint64
	// vector is the shard's vector after that commit.
	vector clock.VersionVector
}

// touches tells for each slot when it changed last. A copy that readers hold is never
// changed.
//
// Invariant: everything that the cells of a slot contain is covered by the slot's
// vector. So two replicas whose vectors cover each other's touch of a slot have seen
// the same updates of it, whatever else they have seen.
type touches struct {
	slots  *[Slots]touch
	shared bool // a reader holds slots
}

// newTouches returns the touches of a shard that opens at vector.
func newTouches(vector clock.VersionVector) touches {
	t := touches{slots: new([Slots]touch)}
	t.all(touch{vector: vector})
	return t
}

func (t *touches) all(now touch) {
	t.own()
	for i := range t.slots {
		t.slots[i] = now
	}
}

// own makes slots changeable.
func (t *touches) own() {
	if t.shared {
		slots := *t.slots
		t.slots, t.shared = &slots, false
	}
}

// share returns what readers may keep.
func (t *touches) share() *[Slots]touch {
	t.shared = true
	return t.slots
}

// advance notes what the commit that led from one state to the next changed. Ranges that
// ran ahead of the vector hold more than it said when they were changed: once it has
// caught up, their touches must say so.
func (t *touches) advance(cells []store.Cell, from, to *published) {
	now := touch{to.number, to.vector}
	// What is folded changes the canonical form of counters that no commit has touched.
	if from.ahead && !to.ahead || from.folds != to.folds {
		t.all(now)
		return
	}
	t.note(cells, now)
}

// note marks the slots of changed cells.
func (t *touches) note(cells []store.Cell, now touch) {
	for _, c := range cells {
		if slot, ok := slotOfCell(c.Key); ok {
			t.own()
			t.slots[slot] = now
		}
	}
}

// slotOfCell returns the slot of a cell's key; ok is false for keys of other spaces.
func slotOfCell(key []byte) (slot uint16, ok bool) {
	at := slotAt(key)
	if at == 0 || len(key) <= at+2 || key[0] != store.SpaceData {
		return 0, false
	}
	return binary.BigEndian.Uint16(key[at:]) % Slots, true
}
