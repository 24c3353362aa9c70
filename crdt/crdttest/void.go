package crdttest

import (
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// withoutVoid lets increments that are void add nothing. All else about them stays: they are writes of their key.
func withoutVoid(visible []Op) []Op {
	out := slices.Clone(visible)
	for _, v := range visible {
		if v.Kind != "void" {
			continue
		}
		for i := range out {
			if out[i].ID == v.Voids {
				out[i].Delta, out[i].Score = 0, 0
			}
		}
	}
	return out
}

// Counts tells whether an increment adds to what is shown: no reset has seen it, and it is not void.
func Counts(visible []Op, op Op) bool {
	removes := map[string]func(o, later Op) bool{"incr": clears, "hincr": removesField, "zincr": removesScore}[op.Kind]
	if removes == nil || slices.ContainsFunc(visible, func(v Op) bool { return v.Kind == "void" && v.Voids == op.ID }) {
		return false
	}
	return slices.ContainsFunc(surviving(visible, op.Kind, removes), func(o Op) bool { return o.ID == op.ID })
}

// voidCommand makes void an increment that the writer sees, of an origin that is not folded. Where there is none
// it changes nothing.
func (h *history) voidCommand(s *State, op *Op, _ crdt.Tag) crdt.Change {
	op.Voids = -1
	var seen []int
	for id := range op.Saw {
		seen = append(seen, id)
	}
	slices.Sort(seen)
	h.rng.Shuffle(len(seen), func(i, j int) { seen[i], seen[j] = seen[j], seen[i] })
	for _, id := range seen {
		one, ok := h.counted(id)
		if ok && s.counterOf(one).Counts(h.records[id].dot) {
			op.Voids = id
			u := one.Annulment(h.records[id].dot)
			return u.Changes[0]
		}
	}
	return crdt.Change{}
}

// counted returns the increment that a record consists of.
func (h *history) counted(id int) (crdt.Counted, bool) {
	rec := h.records[id]
	if h.folds.Len() > 0 {
		if _, folded := h.folds.Get(rec.dot.Origin); folded {
			return crdt.Counted{}, false
		}
	}
	u := crdt.Update{Changes: []crdt.Change{rec.change}}
	return u.Counted()
}

// counterOf returns the counter that an increment is of.
func (s *State) counterOf(one crdt.Counted) *crdt.Counter {
	f := crdt.Field{Counter: s.Header.Counter}
	switch one.Type {
	case crdt.TypeHash:
		f = s.Fields[string(one.Name)]
	case crdt.TypeZSet:
		f = s.Scores[string(one.Name)]
	}
	return &f.Counter
}

// annuls tells whether a record makes void an increment of an origin.
func (rec *record) annuls(o clock.Origin) bool {
	lists := [][]crdt.Void{rec.change.Voids}
	for _, f := range slices.Concat(rec.change.Fields, rec.change.Scores) {
		lists = append(lists, f.Voids)
	}
	return slices.ContainsFunc(slices.Concat(lists...), func(v crdt.Void) bool { return v.Dot.Origin == o })
}
