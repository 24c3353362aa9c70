package registry

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/atollkv/atoll/clock"
)

// State is what was decided about a member.
type State byte

const (
	// Active members take part.
	Active State = iota
	// Leaving members take no writes any more; the others still fetch what they have.
	Leaving
	// Sealing: the others apply nothing more of the member until they agree how far.
	Sealing
	// Removed members have seals, and nothing beyond these counts.
	Removed
)

// String names the state as commands show it.
func (s State) String() string {
	return [...]string{"active", "leaving", "sealing", "removed"}[s]
}

// Frozen tells that the member's updates are applied no further than its seals, or, before
// there are any, than they were.
func (s State) Frozen() bool { return s == Sealing || s == Removed }

// Member is one node and the last decision about it.
type Member struct {
	// Name is region/node.
	Name string
	// Address is where it was dialled when the decision was made; perhaps empty.
	Address string
	State   State
	// Life counts how often the member was added again after it had been removed.
	Life uint64
	// Term is when the decision was made; 0 when nobody made one and the member was found.
	Term clock.Timestamp
	// By is the member that decided; empty when nobody did. When a member is added again it stays
	// the one that removed it: that one alone may replay what came too late.
	By string
	// Seals are the ends of the member's origins at its last removal, ascending by shard and
	// origin. They stay when it is added again: its old directory must not come back.
	Seals []Seal
	// Shut are origins, ascending alike with Seq 0, that nobody had met when the member was removed:
	// like those of a seal at 0, nothing of them counts, also after the member was added again.
	Shut []Mark
	// Settled says how far updates beyond the seals were replayed or dropped, ascending alike.
	Settled []Mark
}

// Seal is the last update of an origin that counts.
type Seal struct {
	Shard  uint32
	Origin clock.Origin
	// Seq is 0 when nothing of the origin counts.
	Seq clock.Seq
	// Hash is the chain hash at Seq.
	Hash uint64
}

// Mark is a place among the updates of an origin.
type Mark struct {
	Shard  uint32
	Origin clock.Origin
	Seq    clock.Seq
}

// Region returns the first half of the name.
func (m Member) Region() string {
	region, _, _ := strings.Cut(m.Name, "/")
	return region
}

// compare orders decisions: a later life counts more, then what is frozen, then the later
// term, then the later state. A decision to add or to leave that was made without knowledge
// of a seal in the making does not undo it.
func (m Member) compare(o Member) int {
	frozen := func(m Member) int {
		if m.State.Frozen() {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(m.Life, o.Life), cmp.Compare(frozen(m), frozen(o)), cmp.Compare(m.Term, o.Term),
		cmp.Compare(m.State, o.State), strings.Compare(m.By, o.By),
		bytes.Compare(m.appendDecision(nil), o.appendDecision(nil)),
	)
}

// join returns the greater decision of two, with every origin that is shut and the farther mark
// of each.
func (m Member) join(o Member) Member {
	shut, marks := joinMarks(m.Shut, o.Shut), joinMarks(m.Settled, o.Settled)
	if m.compare(o) < 0 {
		m = o
	}
	m.Shut, m.Settled = shut, marks
	return m
}

// Ends returns where each origin of the member that has an end ends: at its seal, or, when it is
// shut, at 0.
func (m Member) Ends() []Mark {
	var seals []Mark
	for _, s := range m.Seals {
		seals = append(seals, Mark{s.Shard, s.Origin, s.Seq})
	}
	return joinMarks(seals, m.Shut)
}

func joinMarks(a, b []Mark) []Mark {
	var out []Mark
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].compare(b[0]) < 0:
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || a[0].compare(b[0]) > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			both := a[0]
			both.Seq = max(both.Seq, b[0].Seq)
			out, a, b = append(out, both), a[1:], b[1:]
		}
	}
	return out
}

// compare orders marks by shard and origin.
func (m Mark) compare(o Mark) int {
	return cmp.Or(cmp.Compare(m.Shard, o.Shard), cmp.Compare(m.Origin, o.Origin))
}

func (s Seal) compare(o Seal) int {
	return cmp.Or(cmp.Compare(s.Shard, o.Shard), cmp.Compare(s.Origin, o.Origin))
}
