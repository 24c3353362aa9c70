package registry

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Course is the removal of members by command, from the first word to their seals. It is a
// state machine: whoever drives it asks those that Ask names, gives every answer, or that
// none came, to Heard, and calls Step when nobody is left to ask, until Done. Each call
// changes a registry, which must be stored before the next one.
//
// An error before Frozen is followed by CallOff, and nothing has happened. An error after it
// leaves the members frozen: only another course, here or elsewhere, finishes their removal.
type Course struct {
	self  string
	names []string
	force bool
	again bool // what is removed is a member again at once, in a new life
	stage stage
	left  []string        // members that this course lets leave
	asked map[string]bool // in this stage
	want  clock.VersionVector
	seal  *Removal // from the stage sealing on
}

type stage byte

const (
	reaching stage = iota // do all that must agree answer?
	draining              // what do those that leave still have?
	sealing               // how far is everybody, now that it stands still?
	done
)

// takesPart is why a member must not decide about others, or nil. Of two that remove each
// other the one that hears of it first gives way.
func takesPart(book *Registry, self string) error {
	if m, _ := book.Get(self); m.State != Active {
		return fmt.Errorf("%w: %s is itself %s, by a command at %s; it decides about nobody", ErrState, self, m.State, m.By)
	}
	return nil
}

// NewDiscard begins to shut out what a member wrote: it is sealed like one that is removed,
// and in the same decision it is a member again. It does not leave before: what it has is
// what nobody waits for.
func NewDiscard(name, self string) *Course {
	return &Course{self: self, names: []string{name}, force: true, again: true, asked: map[string]bool{}}
}

// NewCourse begins to remove members: those that nobody has frozen yet take no more writes.
// Without force it waits for what they have and can still tell.
func NewCourse(book *Registry, names []string, self string, force bool, now clock.Timestamp) (*Course, error) {
	c := &Course{self: self, names: names, force: force, asked: map[string]bool{}}
	for _, n := range names {
		if m, _ := book.Get(n); m.State.Frozen() {
			continue // taken over from an earlier attempt
		}
		if err := takesPart(book, self); err != nil {
			return nil, err
		}
		if err := book.Leave(n, self, book.After(now, n)); err != nil {
			return nil, err
		}
		c.left = append(c.left, n)
	}
	return c, nil
}

// Others returns the members that are not removed, self and those in but not included.
func (r *Registry) Others(self string, but []string) []string {
	names := r.Names(func(s State) bool { return s != Removed })
	return slices.DeleteFunc(names, func(n string) bool { return n == self || slices.Contains(but, n) })
}

// Done tells that the members are removed.
func (c *Course) Done() bool { return c.stage == done }

// Frozen tells that the course can no longer be called off.
func (c *Course) Frozen() bool { return c.stage >= sealing }

// Ask returns who is to be told the registry and to answer; this member may be among them.
func (c *Course) Ask(book *Registry) []string {
	fresh := func(names []string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return c.asked[n] })
	}
	switch c.stage {
	case reaching:
		return fresh(book.Others(c.self, c.names))
	case draining:
		return fresh(slices.Clone(c.left))
	case sealing:
		return c.seal.Need(book)
	}
	return nil
}

// Heard takes what a member said: its registry after it had stored the one it was told, and
// its durable heads; or why it did not answer.
func (c *Course) Heard(book *Registry, from string, theirs *Registry, heads []Head, failed error) error {
	switch {
	case c.stage == draining:
		c.asked[from] = true
		if failed != nil {
			return nil
		}
		book.Join(theirs)
		for _, h := range heads {
			if h.Owner == from {
				c.want.Advance(h.Origin, h.Seq)
			}
		}
		return nil
	case failed != nil:
		return failed
	case c.stage == reaching:
		c.asked[from] = true
		book.Join(theirs)
		return nil
	default:
		return c.seal.Answer(book, from, theirs, heads)
	}
}

// Owed counts the updates of leaving members that has lacks. Step waits for them.
func (c *Course) Owed(has clock.VersionVector) uint64 {
	if c.stage != draining {
		return 0
	}
	return has.Missing(c.want)
}

// Step goes on when nobody is left to ask and nothing is owed.
func (c *Course) Step(book *Registry, now clock.Timestamp) (err error) {
	if c.stage < sealing {
		if err := takesPart(book, c.self); err != nil {
			return err
		}
	}
	switch {
	case c.stage == reaching && !c.force:
		c.stage, c.asked = draining, map[string]bool{}
	case c.stage < sealing:
		if c.seal, err = NewRemoval(book, c.names, c.self, book.After(now, c.names...)); err == nil {
			c.stage = sealing
		}
	default:
		if err = c.decide(book, now); err == nil {
			c.stage = done
		}
	}
	return err
}

// decide sets the seals, and what follows from them in one: this member stays, if somebody
// who gave way since had wanted it to leave, and what was discarded begins a new life.
func (c *Course) decide(book *Registry, now clock.Timestamp) error {
	if err := c.seal.Decide(book); err != nil {
		return err
	}
	if m, _ := book.Get(c.self); m.State == Leaving {
		if err := book.Add(c.self, "", c.self, book.After(now, c.self)); err != nil {
			return err
		}
	}
	if !c.again {
		return nil
	}
	return book.Add(c.names[0], "", c.self, book.After(now, c.names...))
}

// CallOff lets the members take part again that were about to leave.
func (c *Course) CallOff(book *Registry, now clock.Timestamp) error {
	for _, n := range c.left {
		if err := book.Add(n, "", c.self, book.After(now, n)); err != nil {
			return err
		}
	}
	c.left = nil
	return nil
}
