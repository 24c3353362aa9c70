package crdttest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// State is the whole state of one key: its header and the cells of its members, fields and
// scores.
type State struct {
	Header  crdt.Header
	Members map[string]crdt.Member
	Fields  map[string]crdt.Field
	Scores  map[string]crdt.Field
	Items   map[string]crdt.Field // by position
	// Accounts are the cells of a bounded counter.
	Accounts map[string]crdt.Field
	// Ranks are the registers of a HyperLogLog.
	Ranks map[string]crdt.Field
	// Entries are the cells of a stream.
	Entries map[string]crdt.Field
	// Groups are the cells of its groups.
	Groups map[string]crdt.Field
}

func (s State) clone() State {
	return State{s.Header, maps.Clone(s.Members), maps.Clone(s.Fields), maps.Clone(s.Scores), maps.Clone(s.Items), maps.Clone(s.Accounts), maps.Clone(s.Ranks), maps.Clone(s.Entries), maps.Clone(s.Groups)}
}

// each changes all fields, scores, elements of the list and accounts.
func (s *State) each(change func(*crdt.Field)) {
	for _, cells := range []*map[string]crdt.Field{&s.Fields, &s.Scores, &s.Items, &s.Accounts, &s.Ranks, &s.Entries, &s.Groups} {
		for name := range *cells {
			setField(cells, name, change)
		}
	}
}

// fold folds all counters.
func (s *State) fold(in crdt.Folded) {
	s.Header.Counter.Fold(in)
	s.each(func(f *crdt.Field) { f.Counter.Fold(in) })
}

// canonical returns the state as every replica with the same vector has it.
func (s State) canonical(k crdt.Knowledge) State {
	s = s.clone()
	s.Header = s.Header.Canonical(k)
	s.each(func(f *crdt.Field) { *f = f.Canonical(k) })
	return s
}

// deletion returns the change that deletes all that the state's replica has seen.
func (s *State) deletion(change crdt.Change) crdt.Change {
	change.Fields, change.Scores = countersOf(s.Fields), countersOf(s.Scores)
	change.Accounts = countersOf(s.Accounts)
	return change
}

// countersOf returns the deletions of fields that have increments.
func countersOf(cells map[string]crdt.Field) (list []crdt.FieldChange) {
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		f := cells[name]
		if e := f.Deletion(); len(e.Floors) > 0 {
			list = append(list, crdt.FieldChange{Name: []byte(name), Edit: e})
		}
	}
	return list
}

// liveOf returns the names of the fields that are in a hash, or members of a sorted set.
func liveOf(cells map[string]crdt.Field) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		if f := cells[name]; f.Live() {
			names = append(names, name)
		}
	}
	return names
}

func (s *State) apply(c *crdt.Change, tag crdt.Tag, ctx crdt.Context) {
	s.Header.Apply(c, tag, ctx)
	s.hide()
	for _, m := range c.Removes {
		s.member(string(m), func(x *crdt.Member) { x.Remove(ctx) })
	}
	for _, m := range c.Adds {
		s.member(string(m), func(x *crdt.Member) { x.Add(tag.Dot, ctx) })
	}
	applyFields(&s.Fields, c.Fields, tag, ctx)
	applyFields(&s.Scores, c.Scores, tag, ctx)
	applyFields(&s.Items, c.Items, tag, ctx)
	applyFields(&s.Accounts, c.Accounts, tag, ctx)
	applyFields(&s.Ranks, c.Ranks, tag, ctx)
	applyFields(&s.Entries, c.Entries, tag, ctx)
	applyFields(&s.Groups, c.Groups, tag, ctx)
}

func applyFields(cells *map[string]crdt.Field, list []crdt.FieldChange, tag crdt.Tag, ctx crdt.Context) {
	for i := range list {
		setField(cells, string(list[i].Name), func(f *crdt.Field) { f.Apply(&list[i].Edit, tag, ctx) })
	}
}

func setField(cells *map[string]crdt.Field, name string, change func(*crdt.Field)) {
	f := (*cells)[name]
	change(&f)
	if f.Empty() {
		delete(*cells, name)
		return
	}
	if *cells == nil {
		*cells = map[string]crdt.Field{}
	}
	(*cells)[name] = f
}

func (s *State) member(name string, change func(*crdt.Member)) {
	m := s.Members[name]
	change(&m)
	if !m.Live() {
		delete(s.Members, name)
		return
	}
	if s.Members == nil {
		s.Members = map[string]crdt.Member{}
	}
	s.Members[name] = m
}

// hide sweeps the members and fields that a deletion of the key has removed.
func (s *State) hide() {
	for name := range s.Members {
		s.member(name, func(m *crdt.Member) { m.Hide(s.Header.Hidden) })
	}
	s.each(func(f *crdt.Field) { f.Hide(s.Header.Hidden) })
	s.Header.Hidden = clock.VersionVector{}
}

func merge(a, b State, v crdt.Vectors) State {
	out := State{Header: a.Header.Merge(b.Header, v), Members: map[string]crdt.Member{}}
	for _, src := range []State{a, b} {
		for name := range src.Members {
			if m := a.Members[name].Merge(b.Members[name], v); m.Live() {
				out.Members[name] = m
			}
		}
	}
	out.Fields, out.Scores = mergeFields(a.Fields, b.Fields, v), mergeFields(a.Scores, b.Scores, v)
	out.Items = mergeFields(a.Items, b.Items, v)
	out.Accounts = mergeFields(a.Accounts, b.Accounts, v)
	out.Ranks = mergeFields(a.Ranks, b.Ranks, v)
	out.Entries = mergeFields(a.Entries, b.Entries, v)
	out.Groups = mergeFields(a.Groups, b.Groups, v)
	return out
}

func mergeFields(a, b map[string]crdt.Field, v crdt.Vectors) map[string]crdt.Field {
	out := map[string]crdt.Field{}
	for _, src := range []map[string]crdt.Field{a, b} {
		for name := range src {
			if f := a[name].Merge(b[name], v); !f.Empty() {
				out[name] = f
			}
		}
	}
	return out
}

// bytes returns the canonical encoding of everything.
func (s State) bytes(k crdt.Knowledge) []byte {
	s = s.canonical(k)
	out := s.Header.Append(nil)
	for _, name := range slices.Sorted(maps.Keys(s.Members)) {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
		out = s.Members[name].Append(out)
	}
	for _, cells := range []map[string]crdt.Field{s.Fields, s.Scores, s.Items, s.Accounts, s.Ranks, s.Entries, s.Groups} {
		out = append(out, '|')
		for _, name := range slices.Sorted(maps.Keys(cells)) {
			f := cells[name]
			out = binary.AppendUvarint(out, uint64(len(name)))
			out = append(out, name...)
			out = f.Append(out)
		}
	}
	return out
}

// roundTrip checks that every cell decodes to itself.
func (s State) roundTrip() error {
	b := s.Header.Append(nil)
	h, err := crdt.DecodeHeader(b)
	if err != nil {
		return fmt.Errorf("decode header %x: %w", b, err)
	}
	if again := h.Append(nil); !bytes.Equal(b, again) {
		return fmt.Errorf("header %x encodes again as %x", b, again)
	}
	for _, m := range s.Members {
		b := m.Append(nil)
		got, err := crdt.DecodeMember(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) {
			return fmt.Errorf("member %x does not round-trip: %v", b, err)
		}
	}
	for _, f := range s.Fields {
		b := f.Append(nil)
		got, err := crdt.DecodeField(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) {
			return fmt.Errorf("field %x does not round-trip: %v", b, err)
		}
	}
	for _, f := range s.Scores {
		b := f.Append(nil)
		got, err := crdt.DecodeScore(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) {
			return fmt.Errorf("score %x does not round-trip: %v", b, err)
		}
	}
	for at, f := range s.Items {
		b := f.Append(nil)
		got, err := crdt.DecodeItem(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) || crdt.CheckName(crdt.TypeList, []byte(at)) != nil {
			return fmt.Errorf("element %x at %x does not round-trip: %v", b, at, err)
		}
	}
	for name, f := range s.Accounts {
		b := f.Append(nil)
		got, err := crdt.DecodeAccount(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) || crdt.CheckName(crdt.TypeBounded, []byte(name)) != nil {
			return fmt.Errorf("account %x of %x does not round-trip: %v", b, name, err)
		}
	}
	for name, f := range s.Ranks {
		b := f.Append(nil)
		got, err := crdt.DecodeSketch(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) || crdt.CheckName(crdt.TypeSketch, []byte(name)) != nil {
			return fmt.Errorf("register %x of %x does not round-trip: %v", b, name, err)
		}
	}
	for name, f := range s.Entries {
		b := f.Append(nil)
		got, err := crdt.DecodeEntry(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) || crdt.CheckName(crdt.TypeStream, []byte(name)) != nil {
			return fmt.Errorf("entry %x at %x does not round-trip: %v", b, name, err)
		}
	}
	for name, f := range s.Groups {
		b := f.Append(nil)
		got, err := crdt.DecodeGroup(b)
		if err != nil || !bytes.Equal(got.Append(nil), b) || crdt.CheckName(crdt.TypeGroups, []byte(name)) != nil {
			return fmt.Errorf("cell of a group %x at %x does not round-trip: %v", b, name, err)
		}
	}
	return nil
}

// holds tells whether a collection has an element, ended or not.
func (s State) holds(t crdt.Type) (bool, error) { return s.holdsAt(0)(t) }

// holdsAt tells whether a collection has an element that has not ended by a time in Unix milliseconds.
func (s State) holdsAt(now int64) func(crdt.Type) (bool, error) {
	return func(t crdt.Type) (bool, error) {
		if t == crdt.TypeHash {
			return slices.ContainsFunc(liveOf(s.Fields), func(name string) bool { f := s.Fields[name]; return !f.Gone(now) }), nil
		}
		return s.holdsOther(t)
	}
}

func (s State) holdsOther(t crdt.Type) (bool, error) {
	switch t {
	case crdt.TypeZSet:
		return len(liveOf(s.Scores)) > 0, nil
	case crdt.TypeList:
		return len(liveOf(s.Items)) > 0, nil
	case crdt.TypeStream:
		return len(liveOf(s.Entries)) > 0, nil
	case crdt.TypeBounded:
		f := s.Accounts[string(crdt.BoundName())]
		return f.Live(), nil
	case crdt.TypeSketch:
		return len(liveOf(s.Ranks)) > 0, nil
	default:
		return len(s.Members) > 0, nil
	}
}

// look returns what a reader sees while the key has not ended.
func (s State) look() View {
	shown, _ := s.Header.Shown(s.holds)
	v := View{Type: shown.String()}
	v.SetExpiry(&s.Header, shown)
	for _, x := range s.Header.Register.Siblings {
		v.Siblings = append(v.Siblings, string(x.Value))
	}
	v.Sum = s.Header.Counter.Sum().String()
	v.Members = slices.Sorted(maps.Keys(s.Members))
	for _, name := range liveOf(s.Fields) {
		v.Fields = append(v.Fields, FieldView(name, s.Fields[name]))
	}
	for _, name := range liveOf(s.Scores) {
		v.Scores = append(v.Scores, ScoreView(name, s.Scores[name]))
	}
	for _, at := range liveOf(s.Items) {
		v.Items = append(v.Items, ItemView(at, s.Items[at]))
	}
	v.Bounded = BoundedView(s.Accounts)
	for _, name := range liveOf(s.Ranks) {
		v.Ranks = append(v.Ranks, RankView(name, s.Ranks[name]))
	}
	for _, name := range liveOf(s.Groups) {
		v.Groups = append(v.Groups, ItemView(name, s.Groups[name]))
	}
	for _, name := range liveOf(s.Entries) {
		v.Stream = append(v.Stream, EntryView(name, s.Entries[name]))
	}
	if value, ok := s.Header.Value(); ok {
		v.Value = string(value)
	}
	return v
}

// FieldView returns what a reader sees of a field that is in a hash.
func FieldView(name string, f crdt.Field) string {
	value, _ := f.Value()
	var siblings []string
	for _, x := range f.Register.Siblings {
		siblings = append(siblings, string(x.Value))
	}
	return fieldText(name, string(value), siblings, f.Counter.Sum().String(), fieldEnds(&f))
}

func fieldText(name, value string, siblings []string, sum string, e ends) string {
	return fmt.Sprintf("%s=%q of %q and %s%v", name, value, siblings, sum, e)
}

// ScoreView returns what a reader sees of a member of a sorted set.
func ScoreView(name string, f crdt.Field) string {
	score, _ := f.Score()
	return scoreText(name, score)
}

func scoreText(name string, score float64) string {
	return fmt.Sprintf("%s=%s", name, strconv.FormatFloat(score, 'g', -1, 64))
}

// ItemView returns what a reader sees of an element of a list.
func ItemView(at string, f crdt.Field) string {
	var values []string
	for _, s := range f.Register.Siblings {
		values = append(values, string(s.Value))
	}
	return itemText(at, values)
}

func itemText(at string, siblings []string) string { return fmt.Sprintf("%x=%q", at, siblings) }

// SetExpiry adds the deadlines that a header has, where it shows type t.
func (v *View) SetExpiry(h *crdt.Header, t crdt.Type) {
	v.Until, v.Rest, v.Timed = h.Until(t), h.Ends(clock.Dot{}), len(h.Expiry) > 0
	for _, x := range h.Register.Siblings {
		v.Ends = append(v.Ends, h.Ends(x.Dot))
	}
}
