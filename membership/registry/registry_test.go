package registry

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
)

func golden() *Registry {
	r := New()
	r.Found("eu/n1", "eu:7000")
	r.members["ap/n1"] = Member{
		Name: "ap/n1", Address: "ap:7000", State: Removed, Life: 1, Term: clock.MakeTimestamp(1_700_000_000_000, 1), By: "us/n1",
		Seals:   []Seal{{0, 0x11, 300, 0xdeadbeef}, {0, 0x22, 0, 0}},
		Settled: []Mark{{0, 0x11, 310}}, Shut: []Mark{{0, 0x33, 0}},
	}
	return r
}

// readHex returns the bytes of a file of hexadecimal digits with comments.
func readHex(t *testing.T, name string) (want []byte) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		b, err := hex.DecodeString(strings.Join(strings.Fields(line), ""))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b...)
	}
	return want
}

func TestTheGoldenRegistryKeepsItsBytes(t *testing.T) {
	want := readHex(t, "testdata/registry.hex")
	if got := golden().Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoding changed:\n got %x\nwant %x", got, want)
	}
	r, err := Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.Append(nil), want) {
		t.Errorf("what was decoded encodes differently")
	}
}

// TestTheVersionBeforeIsRead: it had no list of origins that are shut.
func TestTheVersionBeforeIsRead(t *testing.T) {
	r, err := Decode(readHex(t, "testdata/registry-v1.hex"))
	if err != nil {
		t.Fatal(err)
	}
	want := golden()
	m := want.members["ap/n1"]
	m.Shut = nil
	want.members["ap/n1"] = m
	if !bytes.Equal(r.Append(nil), want.Append(nil)) {
		t.Errorf("read as %x", r.Append(nil))
	}
}

// TestAnOriginThatNobodyMetIsShut, also when the member is added again by somebody who does
// not know; an origin with a seal is not.
func TestAnOriginThatNobodyMetIsShut(t *testing.T) {
	here := golden()
	elsewhere := golden()
	if here.Shut("ap/n1", 0, 0x11) || here.Shut("ap/n1", 0, 0x33) || here.Shut("nobody/n1", 0, 1) || !here.Shut("ap/n1", 0, 0x44) {
		t.Error("shut what has an end, or not what has none")
	}
	if err := elsewhere.Add("ap/n1", "", "eu/n1", elsewhere.After(0, "ap/n1")); err != nil {
		t.Fatal(err)
	}
	elsewhere.Join(here)
	m, _ := elsewhere.Get("ap/n1")
	want := []Mark{{0, 0x11, 300}, {0, 0x22, 0}, {0, 0x33, 0}, {0, 0x44, 0}}
	if m.State != Active || !slices.Equal(m.Ends(), want) {
		t.Errorf("%v: %v", m.State, m.Ends())
	}
}

func TestDecodeRefusesWhatAppendWouldNotWrite(t *testing.T) {
	good := golden().Append(nil)
	for n := range good {
		if _, err := Decode(good[:n]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	for name, b := range map[string][]byte{
		"a later version":     append([]byte{3}, good[1:]...),
		"a byte too many":     append(slices.Clone(good), 0),
		"a count beyond all":  {1, 0xff, 0xff, 0xff, 0x7f},
		"a name without node": {1, 1, 2, 'e', 'u', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := Decode(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(golden().Append(nil))
	f.Add(New().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err == nil && b[0] == version && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%x decodes and encodes as %x", b, r.Append(nil))
		}
	})
}

func drawMember(t *rapid.T) Member {
	m := Member{
		Name:    rapid.SampledFrom([]string{"ap/n1", "eu/n1", "us/n1"}).Draw(t, "name"),
		Address: rapid.SampledFrom([]string{"", "a:1", "b:1"}).Draw(t, "address"),
		State:   State(rapid.IntRange(0, 3).Draw(t, "state")),
		Life:    uint64(rapid.IntRange(0, 1).Draw(t, "life")),
		Term:    clock.Timestamp(rapid.IntRange(0, 3).Draw(t, "term")),
		By:      rapid.SampledFrom([]string{"", "eu/n1"}).Draw(t, "by"),
	}
	for o := clock.Origin(1); o <= 2; o++ {
		if rapid.Bool().Draw(t, "sealed") {
			m.Seals = append(m.Seals, Seal{0, o, clock.Seq(rapid.IntRange(0, 2).Draw(t, "seal")), 7})
		}
		if rapid.Bool().Draw(t, "shut") {
			m.Shut = append(m.Shut, Mark{0, o, 0})
		}
		if rapid.Bool().Draw(t, "settled") {
			m.Settled = append(m.Settled, Mark{0, o, clock.Seq(rapid.IntRange(1, 3).Draw(t, "mark"))})
		}
	}
	return m
}

func drawRegistry(t *rapid.T) *Registry {
	r := New()
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		m := drawMember(t)
		r.members[m.Name] = m
	}
	return r
}

// joined returns the bytes of the join of registries, in the order given.
func joined(rs ...*Registry) []byte {
	out := New()
	for _, r := range rs {
		out.Join(r)
	}
	return out.Append(nil)
}

func TestJoinIsCommutativeAssociativeAndIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawRegistry(t), drawRegistry(t), drawRegistry(t)
		before := a.Append(nil)
		want := joined(a, b, c)
		for _, order := range [][]*Registry{{c, b, a}, {b, a, c}, {a, b, c, a, b}, {c, a, a, b}} {
			if got := joined(order...); !bytes.Equal(got, want) {
				t.Fatalf("another order gives\n%x, not\n%x", got, want)
			}
		}
		bc := b.Clone()
		bc.Join(c)
		if got := joined(a, bc); !bytes.Equal(got, want) {
			t.Fatalf("another grouping gives %x, not %x", got, want)
		}
		if !bytes.Equal(a.Append(nil), before) {
			t.Fatalf("joining changed what was joined")
		}
		all, err := Decode(want)
		if err != nil {
			t.Fatal(err)
		}
		if all.Join(a) {
			t.Fatalf("joining what is known is no change")
		}
	})
}

func TestDecisions(t *testing.T) {
	r := New()
	r.Found("us/n1", "us:1")
	if !r.Found("ap/n1", "ap:1") || r.Found("ap/n1", "other:1") || r.Found("ap", "") {
		t.Error("found: once, and only with a full name")
	}
	if err := r.Leave("xx/n1", "us/n1", 1); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown member: %v", err)
	}
	if err := r.Leave("ap/n1", "us/n1", 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Add("ap/n1", "", "us/n1", 2); err != nil {
		t.Fatalf("leaving is called off: %v", err)
	}
	rm, err := NewRemoval(r, []string{"ap/n1"}, "us/n1", 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Add("ap/n1", "", "us/n1", 4); !errors.Is(err, ErrState) {
		t.Errorf("a member that is being sealed was added: %v", err)
	}
	if err := r.Leave("ap/n1", "us/n1", 4); !errors.Is(err, ErrState) {
		t.Errorf("a member that is being sealed leaves: %v", err)
	}
	if err := rm.Answer(r, "us/n1", r.Clone(), []Head{{"ap/n1", Seal{0, 1, 5, 9}}, {"us/n1", Seal{0, 2, 5, 9}}}); err != nil {
		t.Fatal(err)
	}
	if err := rm.Decide(r); err != nil {
		t.Fatal(err)
	}
	if m, _ := r.Get("ap/n1"); m.State != Removed || !slices.Equal(m.Seals, []Seal{{0, 1, 5, 9}}) {
		t.Errorf("removed: %+v", m)
	}
	if err := r.Add("ap/n1", "new:1", "us/n1", 5); err != nil {
		t.Fatal(err)
	}
	if m, _ := r.Get("ap/n1"); m.State != Active || m.Life != 1 || len(m.Seals) != 1 || m.Address != "new:1" {
		t.Errorf("added again: %+v", m)
	}
	if !r.Settle("ap/n1", Mark{0, 1, 7}) || r.Settle("ap/n1", Mark{0, 1, 6}) {
		t.Error("marks only rise")
	}
	if _, err := NewRemoval(r, []string{"us/n1"}, "us/n1", 9); !errors.Is(err, ErrState) {
		t.Errorf("removing oneself: %v", err)
	}
}

func TestDifferentUpdatesUnderOneNameAreNotSealed(t *testing.T) {
	r := New()
	for _, n := range []string{"us/n1", "eu/n1", "ap/n1"} {
		r.Found(n, "")
	}
	rm, err := NewRemoval(r, []string{"ap/n1"}, "us/n1", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := rm.Decide(r); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "eu/n1, us/n1") {
		t.Errorf("decided by silence: %v", err)
	}
	for i, n := range []string{"us/n1", "eu/n1"} {
		if err := rm.Answer(r, n, r.Clone(), []Head{{"ap/n1", Seal{0, 1, 5, uint64(i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := rm.Decide(r); !errors.Is(err, ErrDiverged) {
		t.Errorf("got %v", err)
	}
}

// node is a member of the model: what it stored, and how far it has the one origin of each
// member that may be removed.
type node struct {
	name string
	book *Registry
	head map[string]clock.Seq
	// attempt is lost when the node crashes.
	attempt *Removal
}

// may tells whether the node applies update s of a target's origin, as keyspace does.
func (n *node) may(target string, s clock.Seq) bool {
	m := n.book.members[target]
	switch m.State {
	case Sealing:
		return false
	case Removed:
		return s <= sealOf(m)
	}
	return len(m.Seals) == 0 || s <= sealOf(m)
}

func sealOf(m Member) clock.Seq {
	for _, s := range m.Seals {
		if s.Origin == 1 {
			return s.Seq
		}
	}
	return 0
}

func (n *node) heads() []Head {
	var out []Head
	for t, s := range n.head {
		if s > 0 {
			out = append(out, Head{t, Seal{0, 1, s, uint64(s) * 31}})
		}
	}
	slices.SortFunc(out, func(a, b Head) int { return strings.Compare(a.Owner, b.Owner) })
	return out
}

// model is a cluster of which members are removed while messages get lost and nodes crash.
type model struct {
	t     *rapid.T
	nodes []*node
	names []string
	clock clock.Timestamp
	wrote map[string]clock.Seq
}

func newModel(t *rapid.T) *model {
	m := &model{t: t, wrote: map[string]clock.Seq{}}
	for i := range 5 {
		m.names = append(m.names, fmt.Sprintf("r%d/n1", i))
	}
	for _, name := range m.names {
		n := &node{name: name, book: New(), head: map[string]clock.Seq{}}
		for _, other := range m.names {
			n.book.Found(other, "")
		}
		m.nodes = append(m.nodes, n)
	}
	return m
}

// targets are the members that may be removed: the last two.
func (m *model) targets() []string { return m.names[3:] }

func (m *model) draw(label string, of []*node) *node { return rapid.SampledFrom(of).Draw(m.t, label) }

// store is what a restart brings back: bytes.
func (m *model) store(n *node) {
	r, err := Decode(n.book.Append(nil))
	if err != nil {
		m.t.Fatalf("stored registry: %v", err)
	}
	n.book = r
}

func (m *model) fetch(at, from *node, target string) {
	next := at.head[target] + 1
	has := from.head[target] >= next || from.name == target && m.wrote[target] >= next
	if has && at.name != target && at.may(target, next) {
		at.head[target] = next
	}
}

func (m *model) begin(n *node) {
	names := rapid.SampledFrom([][]string{m.names[3:4], m.names[4:5], m.targets()}).Draw(m.t, "removed")
	m.clock++
	book := n.book.Clone()
	if a, err := NewRemoval(book, names, n.name, book.After(m.clock, names...)); err == nil {
		n.book, n.attempt = book, a
		m.store(n)
	}
}

// ask sends the freeze to one member and perhaps brings back the answer.
func (m *model) ask(n, member *node) {
	if n.attempt == nil {
		return
	}
	member.book.Join(n.book)
	m.store(member)
	if rapid.Bool().Draw(m.t, "answer arrives") && !slices.Contains(n.attempt.names, member.name) {
		if err := n.attempt.Answer(n.book, member.name, member.book.Clone(), member.heads()); err != nil {
			n.attempt = nil
		}
		m.store(n)
	}
}

func (m *model) decide(n *node) {
	if n.attempt == nil {
		return
	}
	if err := n.attempt.Decide(n.book); err == nil || !errors.Is(err, ErrState) {
		n.attempt = nil
	}
	m.store(n)
}

// truth is what all registries together say.
func (m *model) truth() *Registry {
	all := New()
	for _, n := range m.nodes {
		all.Join(n.book)
	}
	return all
}

// check is the invariant: nothing above a seal is applied by a member that counts.
func (m *model) check() {
	all := m.truth()
	for _, t := range m.targets() {
		target := all.members[t]
		if target.State != Removed {
			continue
		}
		for _, n := range m.nodes {
			if all.members[n.name].State.Frozen() || n.name == t {
				continue
			}
			if n.head[t] > sealOf(target) {
				m.t.Fatalf("%s has applied %d of %s, sealed at %d", n.name, n.head[t], t, sealOf(target))
			}
		}
	}
}

// finish removes the targets with every message arriving, and lets everybody fetch.
func (m *model) finish() {
	n := m.nodes[0]
	for _, t := range m.targets() {
		m.clock++
		book := n.book.Clone()
		book.Join(m.truth())
		a, err := NewRemoval(book, []string{t}, n.name, book.After(m.clock, t))
		if err != nil {
			m.t.Fatal(err)
		}
		n.book = book
		// The other target is needed too, unless it was removed: it is one removal at a time.
		for _, name := range a.Need(n.book) {
			i := slices.Index(m.names, name)
			m.nodes[i].book.Join(n.book)
			if err := a.Answer(n.book, name, m.nodes[i].book.Clone(), m.nodes[i].heads()); err != nil {
				m.t.Fatal(err)
			}
		}
		if err := a.Decide(n.book); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, other := range m.nodes {
		other.book.Join(n.book)
	}
	for range 40 {
		for _, at := range m.nodes[:3] {
			for _, from := range m.nodes {
				for _, t := range m.targets() {
					m.fetch(at, from, t)
				}
			}
		}
	}
	m.check()
	for _, at := range m.nodes[:3] {
		for _, t := range m.targets() {
			if seal := sealOf(n.book.members[t]); at.head[t] != seal {
				m.t.Fatalf("%s ends at %d of %s, sealed at %d", at.name, at.head[t], t, seal)
			}
		}
	}
}

func TestNothingAboveASealIsAppliedWhateverGetsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			n := m.draw("node", m.nodes[:4]) // the fourth may begin to remove the fifth, and be removed
			other := m.draw("other", m.nodes)
			target := rapid.SampledFrom(m.targets()).Draw(t, "target")
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0:
				m.wrote[target]++
			case 1, 2:
				m.fetch(n, other, target)
			case 3:
				n.book.Join(other.book)
			case 4:
				m.begin(n)
			case 5:
				m.ask(n, other)
			case 6:
				m.decide(n)
			case 7:
				n.attempt = nil // a crash
			}
			m.check()
		}
		m.finish()
	})
}
