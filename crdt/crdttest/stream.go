package crdttest

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// EntryView prints a cell of a stream: an entry with its siblings, or the state that the mark shows.
func EntryView(name string, f crdt.Field) string {
	if name != string(crdt.StreamMark()) {
		return ItemView(name, f)
	}
	s, _ := f.StreamState()
	return markText(s)
}

func markText(s crdt.StreamState) string {
	return fmt.Sprintf("last %v, deleted %v, removed %d", s.Last, s.Deleted, s.Removed)
}

// specStream returns the cells that the rules give: the mark, with the greatest of what was written to it
// concurrently, and each entry that nobody has deleted who had seen it.
func specStream(visible []Op) (out []string) {
	var state crdt.StreamState
	marks := slices.Concat(surviving(visible, "xadd", removesMark), surviving(visible, "xdel", removesMark), surviving(visible, "gput", removesMark))
	for _, o := range marks {
		if o.Stream.Last.Compare(state.Last) > 0 {
			state.Last = o.Stream.Last
		}
		if o.Stream.Deleted.Compare(state.Deleted) > 0 {
			state.Deleted = o.Stream.Deleted
		}
		state.Removed = max(state.Removed, o.Stream.Removed)
	}
	if len(marks) > 0 {
		out = append(out, markText(state))
	}
	for _, name := range namesOf(visible) {
		adds := slices.DeleteFunc(surviving(visible, "xadd", removesEntry), func(o Op) bool { return o.Field != name })
		if len(adds) > 0 {
			out = append(out, itemText(name, textOf(adds, nil).siblings))
		}
	}
	return out
}

// removesEntry: who deletes an entry, or adds it again, removes what it had seen of it.
func removesEntry(o, later Op) bool {
	return clears(o, later) || (later.Kind == "xadd" || later.Kind == "xdel") && later.Field == o.Field
}

// removesMark: whatever writes to a stream replaces the marks that it had seen.
func removesMark(o, later Op) bool {
	return clears(o, later) || later.Kind == "xadd" || later.Kind == "xdel" || later.Kind == "gput"
}

func streamClaim(visible []Op) *Op { return claims(visible, "", nil, "xadd", "xdel", "gput") }

// streamCommand adds an entry behind all that are here, or deletes one. An entry may have the name that another
// replica gives to one as well, as copies of a stream do.
func (h *history) streamCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	mark := s.Entries[string(crdt.StreamMark())]
	state, _ := mark.StreamState()
	live := liveOf(s.Entries)
	var change crdt.FieldChange
	if op.Kind == "xdel" && len(live) > 1 {
		op.Field = live[1+h.rng.IntN(len(live)-1)]
		id, _, _ := crdt.SplitEntry([]byte(op.Field))
		if state.Removed++; id.Compare(state.Deleted) > 0 {
			state.Deleted = id
		}
		change.Clear = true
	} else {
		state.Last = crdt.StreamID{Ms: state.Last.Ms + uint64(h.rng.IntN(2)), Seq: state.Last.Seq + 1}
		by := tag.Dot.Origin
		if h.rng.IntN(3) == 0 {
			by = clock.Origin(0x77)
		}
		op.Kind, op.Value, op.Field = "xadd", h.value(op), string(crdt.EntryName(state.Last, by))
		change.Assign, change.Value = true, crdt.AppendEntry(nil, [][]byte{[]byte(op.Value), {}})
		op.Value = string(change.Value)
	}
	change.Name, op.Stream = []byte(op.Field), state
	return crdt.Change{Entries: []crdt.FieldChange{{Name: crdt.StreamMark(), Edit: crdt.Edit{Assign: true, Value: state.Append(nil)}}, change}}
}

// checkStream checks that entries have a mark, and none has a greater id.
func (s *State) checkStream() error {
	mark := s.Entries[string(crdt.StreamMark())]
	state, marked := mark.StreamState()
	if !marked && len(liveOf(s.Groups)) > 0 {
		return fmt.Errorf("groups without a stream: %q", liveOf(s.Groups))
	}
	for name := range s.Entries {
		if id, _, entry := crdt.SplitEntry([]byte(name)); entry && (!marked || id.Compare(state.Last) > 0) {
			return fmt.Errorf("entry %v of a stream with %v", id, markText(state))
		}
	}
	return nil
}
