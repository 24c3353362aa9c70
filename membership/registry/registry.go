package registry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atollkv/atoll/clock"
)

var (
	// ErrUnknown: no member has this name.
	ErrUnknown = errors.New("unknown member")
	// ErrState: the member is in a state that does not allow it.
	ErrState = errors.New("not possible now")
	// ErrSuperseded: somebody else decided about the member meanwhile.
	ErrSuperseded = errors.New("another decision about this member came between")
	// ErrFull: there are MaxMembers already.
	ErrFull = errors.New("too many members")
)

// Registry is every member that was found or decided about. It is not safe for concurrent use.
type Registry struct {
	members map[string]Member
}

// New returns a registry without members.
func New() *Registry { return &Registry{members: map[string]Member{}} }

// Clone returns a copy that shares nothing that changes.
func (r *Registry) Clone() *Registry { return &Registry{members: maps.Clone(r.members)} }

// Get returns a member.
func (r *Registry) Get(name string) (Member, bool) {
	m, ok := r.members[name]
	return m, ok
}

// All returns the members ascending by name.
func (r *Registry) All() []Member {
	return slices.SortedFunc(maps.Values(r.members), func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
}

// Names returns the names of the members in a state that pass accepts, ascending.
func (r *Registry) Names(pass func(State) bool) []string {
	var out []string
	for _, m := range r.All() {
		if pass(m.State) {
			out = append(out, m.Name)
		}
	}
	return out
}

// Join takes over what o knows better, and tells whether anything changed. Members beyond
// MaxMembers are left out, the greatest names first.
func (r *Registry) Join(o *Registry) (changed bool) {
	for _, theirs := range o.All() {
		mine, known := r.members[theirs.Name]
		joined := theirs
		if known {
			joined = mine.join(theirs)
		} else if len(r.members) >= MaxMembers {
			continue
		}
		if !known || !equal(mine, joined) {
			r.members[theirs.Name], changed = joined, true
		}
	}
	return changed
}

func equal(a, b Member) bool {
	return a.compare(b) == 0 && slices.Equal(a.Settled, b.Settled) && slices.Equal(a.Shut, b.Shut)
}

// Found notes a member that nobody decided about. It tells whether it was new.
func (r *Registry) Found(name, address string) bool {
	if _, known := r.members[name]; known || !ValidName(name) || len(address) > maxText || len(r.members) >= MaxMembers {
		return false
	}
	r.members[name] = Member{Name: name, Address: address}
	return true
}

// After returns a term above now and above every decision about the members named.
func (r *Registry) After(now clock.Timestamp, names ...string) clock.Timestamp {
	for _, n := range names {
		now = max(now, r.members[n].Term+1)
	}
	return now
}

// Add decides that a member takes part: one that was never heard of, one that was removed, or
// one that is leaving. A member that is being sealed can only be removed: others may hold the
// seal already.
func (r *Registry) Add(name, address, by string, term clock.Timestamp) error {
	m, known := r.members[name]
	switch {
	case !ValidName(name) || len(address) > maxText:
		return fmt.Errorf("%w: %q is not region/node", ErrUnknown, name)
	case !known && len(r.members) >= MaxMembers:
		return fmt.Errorf("%w: limit %d", ErrFull, MaxMembers)
	case known && m.State == Active && (address == "" || address == m.Address):
		return nil
	case m.State == Sealing:
		return fmt.Errorf("%w: %s is being sealed by %s; finish its removal first", ErrState, name, m.By)
	case m.State == Removed:
		m.Life++
		by = m.By // it keeps what came too late: see Member.By
	}
	m.Name, m.State, m.By, m.Term = name, Active, by, term
	m.Address = cmp.Or(address, m.Address)
	r.members[name] = m
	return nil
}

// Leave decides that a member is to take no more writes.
func (r *Registry) Leave(name, by string, term clock.Timestamp) error {
	m, known := r.members[name]
	if !known {
		return fmt.Errorf("%w %q", ErrUnknown, name)
	}
	if m.State.Frozen() {
		return fmt.Errorf("%w: %s is %s", ErrState, name, m.State)
	}
	m.State, m.By, m.Term = Leaving, by, term
	r.members[name] = m
	return nil
}

// Freeze decides that nothing more of a member is applied until its seals are known. It may
// take over what another began. A member that was removed is frozen again only to be sealed
// anew.
func (r *Registry) Freeze(name, by string, term clock.Timestamp) error {
	m, known := r.members[name]
	if !known {
		return fmt.Errorf("%w %q", ErrUnknown, name)
	}
	m.State, m.By, m.Term = Sealing, by, term
	r.members[name] = m
	return nil
}

// remove decides the seals of a member that by froze in this term.
func (r *Registry) remove(name, by string, term clock.Timestamp, seals []Seal) error {
	m, known := r.members[name]
	if !known || m.State != Sealing || m.Term != term || m.By != by {
		return fmt.Errorf("%w: %s is %s by %s since %v", ErrSuperseded, name, m.State, m.By, m.Term)
	}
	m.State, m.Seals = Removed, seals
	r.members[name] = m
	return nil
}

// Shut notes an origin of a member that was removed before anybody met the origin. It tells
// whether that was news.
func (r *Registry) Shut(name string, shard uint32, o clock.Origin) bool {
	m, known := r.members[name]
	at := Mark{Shard: shard, Origin: o}
	ends := m.Ends()
	_, ended := slices.BinarySearchFunc(ends, at, Mark.compare)
	if !known || o == 0 || ended || len(ends) >= maxSeals {
		return false
	}
	m.Shut = joinMarks(m.Shut, []Mark{at})
	r.members[name] = m
	return true
}

// Settle notes that updates of a member beyond its seal were replayed or dropped up to a mark.
// It tells whether that was news.
func (r *Registry) Settle(name string, mark Mark) bool {
	m, known := r.members[name]
	if !known || mark.Origin == 0 {
		return false
	}
	joined := joinMarks(slices.Clone(m.Settled), []Mark{mark})
	if slices.Equal(joined, m.Settled) || len(joined) > maxSeals {
		return false
	}
	m.Settled = joined
	r.members[name] = m
	return true
}
