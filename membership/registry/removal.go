package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atollkv/atoll/clock"
)

// ErrDiverged: two members hold different updates under one name. Nothing can be sealed.
var ErrDiverged = errors.New("histories diverge")

// Head is how far a member has come in the updates of an origin of one that is removed.
type Head struct {
	// Owner is the member that declared the origin.
	Owner string
	Seal
}

// Removal is one attempt to agree on the seals of members. The registry that it works on must
// be stored before anything of it is sent.
type Removal struct {
	names   []string
	by      string
	term    clock.Timestamp
	answers map[string][]Head
}

// NewRemoval freezes the named members in r, in one term, and returns the attempt.
func NewRemoval(r *Registry, names []string, by string, term clock.Timestamp) (*Removal, error) {
	if slices.Contains(names, by) {
		return nil, fmt.Errorf("%w: %s cannot remove itself; ask another member", ErrState, by)
	}
	for _, n := range names {
		if err := r.Freeze(n, by, term); err != nil {
			return nil, err
		}
	}
	return &Removal{names: names, by: by, term: term, answers: map[string][]Head{}}, nil
}

// Names returns the members that are removed.
func (m *Removal) Names() []string { return m.names }

// Need returns the members whose answer is missing, ascending: all that r knows but the ones
// that are removed, with this one.
func (m *Removal) Need(r *Registry) []string {
	var out []string
	for _, x := range r.All() {
		if _, answered := m.answers[x.Name]; !answered && x.State != Removed && !slices.Contains(m.names, x.Name) {
			out = append(out, x.Name)
		}
	}
	return out
}

// Answer takes what a member said after it had stored the freeze: the registry that it then
// had, and its durable heads. What it knows joins r, which may add members to ask; it is
// ErrSuperseded when somebody else decided.
func (m *Removal) Answer(r *Registry, from string, theirs *Registry, heads []Head) error {
	r.Join(theirs)
	if err := m.check(r); err != nil {
		return err
	}
	if err := m.check(theirs); err != nil {
		return fmt.Errorf("%s: %w", from, err) // it did not freeze
	}
	m.answers[from] = heads
	return nil
}

func (m *Removal) check(r *Registry) error {
	for _, n := range m.names {
		if x := r.members[n]; x.State != Sealing || x.Term != m.term || x.By != m.by {
			return fmt.Errorf("%w: %s is %s by %s", ErrSuperseded, n, x.State, x.By)
		}
	}
	return nil
}

// Decide writes the seals into r once nobody is missing. The decision counts when r is stored.
func (m *Removal) Decide(r *Registry) error {
	if missing := m.Need(r); len(missing) > 0 {
		return fmt.Errorf("%w: no answer from %s", ErrState, strings.Join(missing, ", "))
	}
	if err := m.check(r); err != nil {
		return err
	}
	seals, err := m.seals(r)
	if err != nil {
		return err
	}
	for _, n := range m.names {
		if err := r.remove(n, m.by, m.term, seals[n]); err != nil {
			return err
		}
	}
	return nil
}

// seals returns the greatest head of each origin, by owner. Of origins that were sealed before
// and that nobody has, nothing counts.
func (m *Removal) seals(r *Registry) (map[string][]Seal, error) {
	best := map[string][]Seal{}
	for _, n := range m.names {
		for _, s := range r.members[n].Seals {
			best[n] = append(best[n], Seal{Shard: s.Shard, Origin: s.Origin})
		}
	}
	from := make([]string, 0, len(m.answers))
	for n := range m.answers {
		from = append(from, n)
	}
	slices.Sort(from)
	for _, f := range from {
		for _, h := range m.answers[f] {
			if !slices.Contains(m.names, h.Owner) {
				continue
			}
			if err := raise(best, h); err != nil {
				return nil, fmt.Errorf("%s: %w", f, err)
			}
		}
	}
	for _, n := range m.names {
		if len(best[n]) > maxSeals {
			return nil, fmt.Errorf("%w: %s has %d origins, limit %d", ErrFull, n, len(best[n]), maxSeals)
		}
	}
	return best, nil
}

func raise(best map[string][]Seal, h Head) error {
	list := best[h.Owner]
	i, found := slices.BinarySearchFunc(list, h.Seal, Seal.compare)
	switch {
	case !found:
		best[h.Owner] = slices.Insert(list, i, h.Seal)
	case list[i].Seq == h.Seq && h.Seq > 0 && list[i].Hash != h.Hash:
		return fmt.Errorf("%w: update %v of %s", ErrDiverged, clock.Dot{Origin: h.Origin, Seq: h.Seq}, h.Owner)
	case list[i].Seq < h.Seq:
		list[i] = h.Seal
	}
	return nil
}
