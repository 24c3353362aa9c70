package crdttest

import (
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// specGroups returns the cells of groups that the rules give: each that nobody has deleted who had seen it, with all that
// was written to it concurrently.
func specGroups(visible []Op) (out []string) {
	names := map[string]bool{}
	for _, o := range visible {
		for name := range o.Cells {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		removes := func(o, later Op) bool {
			_, touches := later.Cells[name]
			return clears(o, later) || touches
		}
		var puts []Op
		for _, o := range surviving(visible, "gput", removes) {
			if o.Value = o.Cells[name]; o.Value != "" {
				puts = append(puts, o)
			}
		}
		if len(puts) > 0 {
			out = append(out, itemText(name, textOf(puts, nil).siblings))
		}
	}
	return out
}

// groupCommand writes one of few cells of groups, and the mark, or deletes a cell.
func (h *history) groupCommand(s *State, op *Op) crdt.Change {
	live := liveOf(s.Groups)
	if op.Kind == "gdrop" && len(live) > 0 {
		name := live[h.rng.IntN(len(live))]
		op.Cells = map[string]string{name: ""}
		return crdt.Change{Groups: []crdt.FieldChange{{Name: []byte(name), Edit: crdt.Edit{Clear: true}}}}
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
	op.Cells = map[string]string{string(name.Append(nil)): string(value)}
	op.Stream, _ = mark.StreamState()
	return crdt.Change{
		Entries: []crdt.FieldChange{{Name: crdt.StreamMark(), Edit: crdt.Edit{Assign: true, Value: op.Stream.Append(nil)}}},
		Groups:  []crdt.FieldChange{{Name: name.Append(nil), Edit: crdt.Edit{Assign: true, Value: value}}},
	}
}
