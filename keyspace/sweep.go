package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

const (
	// sweepCells bounds the work of one step.
	sweepCells = 512
	// sweepRestMax bounds how many steps are left out while nothing can be finished.
	sweepRestMax = 600
)

// sweeper removes what deletions have hidden, and floors that are settled, a little at
// a time. It changes no visible state: replicas sweep when they like.
type sweeper struct {
	queue []byte // the last queue entry visited
	key   []byte // the key being swept, nil if none
	// field tells that the queue entry is of one element of the key, named name, of the
	// collection of.
	field bool
	of    crdt.Type
	name  []byte
	at    int    // the collection being swept
	next  []byte // its next element
	// hidden is what the sweep removes; a deletion meanwhile starts it anew.
	hidden clock.VersionVector
	kept   int64 // visible elements before next
	// remake: the index of a sorted set is made anew. After its members, next is a place in
	// the index.
	remake, inIndex bool
	// A pass over the queue that finishes nothing is followed by a rest, each twice as
	// long as the one before: floors may wait for their origins for as long as they like.
	finished bool // something was, in this pass
	rest     int  // steps in the last rest
	resting  int  // steps left of the present one
}

// begin goes to the first element of the first collection.
func (s *sweeper) begin(hidden clock.VersionVector) {
	s.hidden = hidden
	s.goTo(0)
}

// goTo goes to the first element of a collection.
func (s *sweeper) goTo(at int) {
	s.at, s.next, s.kept, s.remake, s.inIndex = at, nil, 0, false, false
}

// restart lets what is known of a key go; it is in the queue.
func (s *sweeper) restart(key []byte) {
	if s.key != nil && bytes.Equal(s.key, key) {
		s.key = nil
	}
	s.wake()
}

// wake ends a rest: there is something new in the queue.
func (s *sweeper) wake() { s.rest, s.resting = 0, 0 }

// passed ends a pass over the queue.
func (s *sweeper) passed() {
	if s.finished {
		s.wake()
	} else {
		s.rest = min(max(1, 2*s.rest), sweepRestMax)
		s.resting = s.rest
	}
	s.queue, s.finished = nil, false
}

// note keeps the count of elements already passed right.
func (s *sweeper) note(t crdt.Type, key, name []byte, was, is bool) {
	if s.key != nil && s.at < len(crdt.Collections) && t == crdt.Collections[s.at] && bytes.Equal(key, s.key) && s.past(name) {
		n := count{n: s.kept}
		n.change(was, is)
		s.kept = n.n
	}
}

// past tells whether the sweep has passed an element of the present collection.
func (s *sweeper) past(name []byte) bool { return s.inIndex || bytes.Compare(name, s.next) < 0 }

// step sweeps up to sweepCells cells.
func (s *sweeper) step(c *Core) error {
	if s.resting > 0 {
		s.resting--
		return nil
	}
	for budget := c.cfg.SweepCells; budget > 0; {
		if s.key == nil {
			found, err := s.pick(c)
			if IsDamage(err) {
				s.passed() // the queue is healed in time
				return nil
			}
			if err != nil || !found {
				return err
			}
		}
		used, err := s.visit(c, budget)
		if IsDamage(err) {
			used, s.key = 0, nil // it stays in the queue
			err = nil
		}
		if err != nil {
			return err
		}
		budget -= used + 1
	}
	return nil
}

// pick takes the next key of the queue. It stops at the end of the queue once, so that
// entries that cannot be finished yet do not spin.
func (s *sweeper) pick(c *Core) (found bool, err error) {
	lo, hi := []byte{store.SpaceSweep}, []byte{store.SpaceSweep + 1}
	if s.queue != nil {
		lo = append(bytes.Clone(s.queue), 0)
	}
	err = scan(c.batch.raw(), lo, hi, func(k, _ []byte) (bool, error) {
		if v, changed := c.batch.extra[string(k)]; changed && v == nil {
			return true, nil
		}
		_, key, rest, err := splitKey(k)
		s.queue, s.key, found = bytes.Clone(k), key, err == nil
		if s.field = len(rest) > 0; s.field {
			s.of, s.name = fieldType(rest[0]), bytes.Clone(rest[1:])
		}
		return false, err
	})
	s.begin(clock.VersionVector{})
	if !found {
		s.passed()
	}
	return found, err
}

func (s *sweeper) visit(c *Core, budget int) (used int, err error) {
	if s.field {
		return 1, s.sweepField(c)
	}
	return s.sweepKey(c, budget)
}

// sweepField settles the floors of one field.
func (s *sweeper) sweepField(c *Core) error {
	h, err := c.batch.header(s.key)
	if err != nil {
		return err
	}
	f, err := c.batch.field(s.key, s.of, s.name, h.Hidden)
	if err != nil {
		return err
	}
	before := len(f.Counter.Floors)
	f.Counter.Settle(c.Seen)
	if !f.Counter.Unsettled() || len(f.Counter.Floors) != before {
		c.batch.putField(s.key, s.of, s.name, f)
		s.finished = true
	}
	if !f.Counter.Unsettled() {
		c.batch.set(s.queue, nil)
	}
	s.key = nil
	return nil
}

// sweepKey goes on with the current key, and finishes it if it can.
func (s *sweeper) sweepKey(c *Core, budget int) (used int, err error) {
	h, err := c.batch.header(s.key)
	if err != nil {
		return 0, err
	}
	before := h.Append(nil)
	uncounted, err := s.uncounted(c)
	if err != nil {
		return 0, err
	}
	if h.Hidden.Len() > 0 || uncounted {
		if !h.Hidden.Equal(s.hidden) {
			s.begin(h.Hidden)
		}
		used, done, err := s.sweepCollections(c, budget)
		if err != nil || !done {
			return used, err
		}
		h.Hidden = clock.VersionVector{}
		s.finished = true
	}
	h.Counter.Settle(c.Seen)
	// A key that cannot be finished yet costs no commit.
	if !bytes.Equal(before, h.Append(nil)) {
		c.batch.putHeader(s.key, h)
		s.finished = true
	}
	if !h.Counter.Unsettled() {
		c.batch.set(s.queue, nil)
	}
	s.key = nil
	return used, nil
}

// uncounted reports whether it is not known how many elements a collection has.
func (s *sweeper) uncounted(c *Core) (bool, error) {
	for _, t := range crdt.Collections {
		if n, err := c.batch.loadCount(s.key, t); err != nil || n.unknown {
			return true, err
		}
	}
	return false, nil
}

// sweepCollections goes on with the elements of the current key; done tells that all have
// been visited and are counted.
func (s *sweeper) sweepCollections(c *Core, budget int) (used int, done bool, err error) {
	for s.at < len(crdt.Collections) {
		t := crdt.Collections[s.at]
		n, done, err := s.sweepElements(c, t, budget-used)
		used += n
		if err != nil || !done && !c.cfg.Mistakes.Has(mistake.SweepEndsEarly) {
			return used, false, err
		}
		if t == crdt.TypeGroups {
			if err := c.sweepLate(s.key); err != nil {
				return used, false, err
			}
		}
		c.batch.putCount(s.key, t, count{n: s.kept})
		s.goTo(s.at + 1)
	}
	return used, true, nil
}

func (s *sweeper) sweepElements(c *Core, t crdt.Type, budget int) (used int, done bool, err error) {
	if budget <= 0 {
		return 0, false, nil
	}
	switch t {
	case crdt.TypeHash, crdt.TypeList, crdt.TypeStream, crdt.TypeBounded, crdt.TypeSketch, crdt.TypeGroups:
		return s.sweepFields(c, t, budget)
	case crdt.TypeZSet:
		return s.sweepScores(c, budget)
	default:
		return s.sweepMembers(c, budget)
	}
}

func (s *sweeper) sweepMembers(c *Core, budget int) (used int, done bool, err error) {
	type found struct {
		name   []byte
		member crdt.Member
	}
	var page []found
	err = c.batch.members(s.key, s.next, func(name []byte, m crdt.Member) bool {
		page = append(page, found{bytes.Clone(name), m})
		return len(page) < budget
	})
	for _, f := range page {
		before := len(f.member.Dots)
		f.member.Hide(s.hidden)
		if c.cfg.Mistakes.Has(mistake.SweepDropsLive) && len(f.member.Dots) != before {
			f.member.Dots = nil
		}
		if f.member.Live() {
			s.kept++
		}
		if len(f.member.Dots) != before {
			c.batch.putMember(s.key, f.name, f.member)
		}
		s.next = append(f.name, 0)
	}
	return len(page), len(page) < budget, err
}

// sweepFields visits elements of a hash, a sorted set or a list. It reads each field that a deletion may have hidden something of a second time,
// by itself: what a walk shows is valid during the walk only.
func (s *sweeper) sweepFields(c *Core, t crdt.Type, budget int) (used int, done bool, err error) {
	type found struct {
		name  []byte
		stale bool
	}
	var page []found
	err = c.batch.elements(s.key, fieldKind(t), s.next, func(name []byte, x *cell) bool {
		f := *x.field // not folded: see crdt.Field.Hide
		before, ends := len(f.LiveDots()), len(f.Expiry)
		f.Hide(s.hidden)
		stale := len(f.LiveDots()) != before || len(f.Expiry) != ends
		page = append(page, found{bytes.Clone(name), stale})
		if f.Live() {
			s.kept++
		}
		return len(page) < budget
	})
	for _, x := range page {
		if x.stale {
			f, err := c.batch.field(s.key, t, x.name, s.hidden)
			if err != nil {
				return len(page), false, err
			}
			c.batch.putField(s.key, t, x.name, f)
		}
		if s.remake && t == crdt.TypeZSet {
			if err := c.batch.ensurePlace(s.key, x.name); err != nil {
				return len(page), false, err
			}
		}
		s.next = append(x.name, 0)
	}
	return len(page), len(page) < budget, err
}
