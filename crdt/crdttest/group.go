package crdttest

import (
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// specGroups returns the cells of groups that the rules give: each that nobody has deleted who had seen it, with all that
// was written to it concurrently.
func specGroups(visible []Op) (out []string) {
	for _, name := range namesOf(visible) {
		puts := slices.DeleteFunc(surviving(visible, "gput", removesGroup), func(o Op) bool { return o.Field != name })
		if len(puts) > 0 {
			out = append(out, itemText(name, textOf(puts, nil).siblings))
		}
	}
	return out
}

func removesGroup(o, later Op) bool {
	return clears(o, later) || (later.Kind == "gput" || later.Kind == "gdrop") && later.Field == o.Field
}

// groupCommand writes one of few cells of groups, and the mark, or deletes a cell.
func (h *history) groupCommand(s *State, op *Op) crdt.Change {
	live := liveOf(s.Groups)
	if op.Kind == "gdrop" && len(live) > 0 {
		op.Field = live[h.rng.IntN(len(live))]
		return crdt.Change{Groups: []crdt.FieldChange{{Name: []byte(op.Field), Edit: crdt.Edit{Clear: true}}}}
	}
	op.Kind = "gput"
	id := crdt.StreamID{Ms: 1 + uint64(h.rng.IntN(3))}
	name := crdt.GroupName{Part: crdt.GroupCursor, Group: []byte("g")}
	value := crdt.Group{Start: id, Read: int64(h.rng.IntN(3)) - 1}.Append(nil)
	switch h.rng.IntN(4) {
	case 0:
		name.Region = "r\x00"
		seen := clock.VectorOf(clock.Entry{Origin: 1, Seq: clock.Seq(1 + h.rng.IntN(9))})
		value = crdt.Cursor{Last: crdt.Behind(id), Seen: seen}.Append(nil)
	case 1:
		name.Region, name.Part, name.Of = "r\x00", crdt.GroupConsumer, []byte{}
		value = crdt.AppendConsumer(nil, int64(h.rng.IntN(9)))
	case 2:
		name.Region, name.Part, name.Of = "r\x00", crdt.GroupPending, crdt.EntryName(id, 0x77)
		value = crdt.Pending{Consumer: []byte("c"), Since: int64(h.rng.IntN(9)), Times: 1}.Append(nil)
	}
	mark := s.Entries[string(crdt.StreamMark())]
	op.Field, op.Value = string(name.Append(nil)), string(value)
	op.Stream, _ = mark.StreamState()
	return crdt.Change{
		Entries: []crdt.FieldChange{{Name: crdt.StreamMark(), Edit: crdt.Edit{Assign: true, Value: op.Stream.Append(nil)}}},
		Groups:  []crdt.FieldChange{{Name: []byte(op.Field), Edit: crdt.Edit{Assign: true, Value: value}}},
	}
}
