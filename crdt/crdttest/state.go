package crdttest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// State is the whole state of one key: its header and its members' cells.
type State struct {
	Header  crdt.Header
	Members map[string]crdt.Member
}

func (s State) clone() State { return State{s.Header, maps.Clone(s.Members)} }

func (s *State) apply(c *crdt.Change, tag crdt.Tag, ctx crdt.Context) {
	s.Header.Apply(c, tag, ctx)
	s.hide()
	for _, m := range c.Removes {
		s.member(string(m), func(x *crdt.Member) { x.Remove(ctx) })
	}
	for _, m := range c.Adds {
		s.member(string(m), func(x *crdt.Member) { x.Add(tag.Dot, ctx) })
	}
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

// hide sweeps the members that a deletion of the key has removed.
func (s *State) hide() {
	for name := range s.Members {
		s.member(name, func(m *crdt.Member) { m.Hide(s.Header.Hidden) })
	}
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
	return out
}

// bytes returns the canonical encoding of everything.
func (s State) bytes(seen func(clock.Origin) crdt.Context) []byte {
	h := s.Header.Canonical(seen)
	out := h.Append(nil)
	for _, name := range slices.Sorted(maps.Keys(s.Members)) {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
		out = s.Members[name].Append(out)
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
	return nil
}

// look returns what a reader sees.
func (s State) look() View {
	shown, _ := s.Header.Shown(func(crdt.Type) (bool, error) { return len(s.Members) > 0, nil })
	v := View{Type: shown.String()}
	for _, x := range s.Header.Register.Siblings {
		v.Siblings = append(v.Siblings, string(x.Value))
	}
	v.Sum = s.Header.Counter.Sum().String()
	v.Members = slices.Sorted(maps.Keys(s.Members))
	if value, ok := s.Header.Value(); ok {
		v.Value = string(value)
	}
	return v
}
