package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// sweepScores visits the members of a sorted set. When it is not known how many there are,
// the index is not trusted: then it gives each member its place, and afterwards takes away
// the places that belong to none.
func (s *sweeper) sweepScores(c *Core, budget int) (used int, done bool, err error) {
	if s.inIndex {
		return s.sweepIndex(c, budget)
	}
	if s.next == nil {
		n, err := c.batch.loadCount(s.key, crdt.TypeZSet)
		if err != nil {
			return 0, false, err
		}
		s.remake = n.unknown && !c.cfg.Mistakes.Has(mistake.IndexNotMade)
	}
	used, done, err = s.sweepFields(c, crdt.TypeZSet, budget)
	if err != nil || !done || !s.remake {
		return used, done, err
	}
	s.inIndex, s.next = true, nil
	n, done, err := s.sweepIndex(c, budget-used)
	return used + n, done, err
}

func (s *sweeper) sweepIndex(c *Core, budget int) (used int, done bool, err error) {
	if budget <= 0 {
		return 0, false, nil
	}
	var page [][]byte
	err = c.batch.rawIndex(s.key, s.next, func(place []byte) bool {
		page = append(page, bytes.Clone(place))
		return len(page) < budget
	})
	for _, p := range page {
		if err := c.batch.dropStray(s.key, p); err != nil {
			return len(page), false, err
		}
		s.next = append(p, 0)
	}
	return len(page), len(page) < budget, err
}

// rawIndex calls fn for the places of a key from one on, well formed or not.
func (b *batch) rawIndex(key, from []byte, fn func(place []byte) bool) error {
	lo, hi, prefix := indexRange{lo: from}.keys(key)
	mine := b.openBetween(lo, hi)
	more := true
	return afterScan(scan(b.below.src, lo, hi, func(at, _ []byte) (bool, error) {
		for more && len(mine) > 0 && mine[0] <= string(at) {
			if mine[0] != string(at) {
				more = fn([]byte(mine[0][prefix:]))
			}
			mine = mine[1:]
		}
		more = more && fn(at[prefix:])
		return more, nil
	}), func() {
		for ; more && len(mine) > 0; mine = mine[1:] {
			more = fn([]byte(mine[0][prefix:]))
		}
	})
}

func afterScan(err error, then func()) error {
	if err == nil {
		then()
	}
	return err
}

// ensurePlace gives a member the place in the index that its cell shows.
func (b *batch) ensurePlace(key, name []byte) error {
	at := fieldKey(key, crdt.TypeZSet, name)
	p := b.standing(key, name, at)
	if !p.live {
		return nil
	}
	to := indexKey(key, p.score, name)
	if c := b.cells[string(to)]; c != nil && c.index.present {
		return nil
	}
	v, err := b.below.src.Get(to)
	if err == nil && !bytes.Equal(v, presentCell.index.encode()) {
		b.put(to, presentCell)
	}
	return err
}

// dropStray takes a place out of the index that no member has.
func (b *batch) dropStray(key, p []byte) error {
	score, name, ok := splitPlace(p)
	if ok {
		at := fieldKey(key, crdt.TypeZSet, name)
		if _, err := b.field(key, crdt.TypeZSet, name, clock.VersionVector{}); err != nil {
			return err
		}
		if b.standing(key, name, at) == (place{true, score}) {
			return nil
		}
	}
	lo, _, _ := indexRange{lo: p}.keys(key)
	b.put(lo, absentCell)
	return nil
}
