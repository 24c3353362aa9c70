package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
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
	next  []byte // its next member
	// hidden is what the sweep removes; a deletion meanwhile starts it anew.
	hidden clock.VersionVector
	kept   int64 // visible members before next
	// A pass over the queue that finishes nothing is followed by a rest, each twice as
	// long as the one before: floors may wait for their origins for as long as they like.
	finished bool // something was, in this pass
	rest     int  // steps in the last rest
	resting  int  // steps left of the present one
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

// note keeps the count of members already passed right.
func (s *sweeper) note(key, member []byte, was, is bool) {
	if s.key != nil && bytes.Equal(key, s.key) && bytes.Compare(member, s.next) < 0 {
		n := count{n: s.kept}
		n.change(was, is)
		s.kept = n.n
	}
}

// step sweeps up to sweepCells cells.
func (s *sweeper) step(c *Core) error {
	if s.resting > 0 {
		s.resting--
		return nil
	}
	for budget := sweepCells; budget > 0; {
		if s.key == nil {
			found, err := s.pick(c)
			if err != nil || !found {
				return err
			}
		}
		used, err := s.sweepKey(c, budget)
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
	ns := c.batch.below.ns
	lo, _ := slotRange(store.SpaceSweep, ns, 0)
	_, hi := slotRange(store.SpaceSweep, ns, Slots-1)
	if s.queue != nil {
		lo = append(bytes.Clone(s.queue), 0)
	}
	err = scan(c.batch.raw(), lo, hi, func(k, _ []byte) (bool, error) {
		if v, changed := c.batch.extra[string(k)]; changed && v == nil {
			return true, nil
		}
		_, key, _, err := splitKey(k)
		s.queue, s.key, found = bytes.Clone(k), key, err == nil
		return false, err
	})
	s.next, s.kept, s.hidden = nil, 0, clock.VersionVector{}
	if !found {
		s.passed()
	}
	return found, err
}

// sweepKey goes on with the current key, and finishes it if it can.
func (s *sweeper) sweepKey(c *Core, budget int) (used int, err error) {
	h, err := c.batch.header(s.key)
	if err != nil {
		return 0, err
	}
	before := h.Append(nil)
	if h.Hidden.Len() > 0 {
		if !h.Hidden.Equal(s.hidden) {
			s.hidden, s.next, s.kept = h.Hidden, nil, 0
		}
		used, done, err := s.sweepMembers(c, budget)
		if err != nil || !done {
			return used, err
		}
		h.Hidden = clock.VersionVector{}
		c.batch.putCount(s.key, count{n: s.kept})
	}
	h.Counter.Settle(c.seen)
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
		if f.member.Hide(s.hidden); f.member.Live() {
			s.kept++
		}
		if len(f.member.Dots) != before {
			c.batch.putMember(s.key, f.name, f.member)
		}
		s.next = append(f.name, 0)
	}
	return len(page), len(page) < budget, err
}
