package command

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// By says what a span of a sorted set is measured by.
type By int

// The measures.
const (
	ByRank By = iota
	ByScore
	ByLex
)

// Bound is one end of a span of scores, or of members of one score.
type Bound struct {
	Score  float64
	Member []byte
	// Open leaves out what is equal.
	Open bool
	// End, of a span of members, is -1 before all members and 1 behind them; 0 is at Member.
	End int
}

// Span is a part of a sorted set: by rank from Start to Stop, both included, negative ones
// from the end; by score or member from Min to Max, less the first Offset, Limit of them at
// most. With Reverse it is counted and listed from the greatest to the least.
type Span struct {
	By          By
	Start, Stop int64
	Min, Max    Bound
	// Offset skips members; a negative one leaves nothing. Limit counts unless it is negative.
	Offset, Limit int64
	Reverse       bool
}

// each visits the members of a span until fn returns false. The key must show a sorted set.
func (s *Span) each(tx *keyspace.Tx, key []byte, fn func(keyspace.Scored) bool) error {
	switch s.By {
	case ByRank:
		return s.eachRank(tx, key, fn)
	case ByScore:
		from, to := s.Min.place(false), s.Max.place(true)
		return s.limited(fn, func(fn func(keyspace.Scored) bool) error {
			return tx.Ranked(key, keyspace.Ranking{From: from, To: to, Reverse: s.Reverse}, fn)
		})
	default:
		return s.limited(fn, func(fn func(keyspace.Scored) bool) error { return s.eachLex(tx, key, fn) })
	}
}

// place returns where a span of scores ends; upper is its greater end.
func (b *Bound) place(upper bool) []byte {
	if b.Open == upper {
		return keyspace.PlaceBefore(b.Score)
	}
	return keyspace.PlaceAfter(b.Score)
}

// limited applies Offset and Limit to a walk.
func (s *Span) limited(fn func(keyspace.Scored) bool, walk func(func(keyspace.Scored) bool) error) error {
	if s.Offset < 0 || s.Limit == 0 {
		return nil
	}
	skip, left := s.Offset, s.Limit
	return walk(func(x keyspace.Scored) bool {
		if skip > 0 {
			skip--
			return true
		}
		left--
		return fn(x) && left != 0
	})
}

// eachRank walks from the nearer end.
func (s *Span) eachRank(tx *keyspace.Tx, key []byte, fn func(keyspace.Scored) bool) error {
	n, err := tx.Count(key, crdt.TypeZSet)
	if err != nil {
		return err
	}
	start, stop := s.Start, s.Stop
	if start < 0 {
		start = max(start+n, 0)
	}
	if stop < 0 {
		stop += n
	}
	stop = min(stop, n-1)
	if start > stop {
		return nil
	}
	part := Span{Offset: start, Limit: stop - start + 1}
	if start <= n-1-stop {
		return part.limited(fn, func(fn func(keyspace.Scored) bool) error {
			return tx.Ranked(key, keyspace.Ranking{Reverse: s.Reverse}, fn)
		})
	}
	return part.fromBehind(tx, key, n, s.Reverse, fn)
}

// fromBehind visits a part that lies nearer to the end.
func (s *Span) fromBehind(tx *keyspace.Tx, key []byte, n int64, reverse bool, fn func(keyspace.Scored) bool) error {
	var list []keyspace.Scored
	g := gatherScored{list: &list}
	back := Span{Offset: n - s.Offset - s.Limit, Limit: s.Limit}
	err := back.limited(g.take, func(fn func(keyspace.Scored) bool) error {
		return tx.Ranked(key, keyspace.Ranking{Reverse: !reverse}, fn)
	})
	if err = g.or(err); err != nil {
		return err
	}
	for _, x := range slices.Backward(list) {
		if !fn(x) {
			break
		}
	}
	return nil
}

// eachLex visits a span of members. Where all have one score, it seeks; where not, what
// Redis leaves undefined, it looks at all of them.
func (s *Span) eachLex(tx *keyspace.Tx, key []byte, fn func(keyspace.Scored) bool) error {
	var ends [2]keyspace.Scored
	for i := range ends {
		err := tx.Ranked(key, keyspace.Ranking{Reverse: i == 1}, func(x keyspace.Scored) bool { ends[i] = x; return false })
		if err != nil {
			return err
		}
	}
	r := keyspace.Ranking{Reverse: s.Reverse}
	if score := ends[0].Score; score == ends[1].Score {
		r.From, r.To = s.Min.placeLex(score, false), s.Max.placeLex(score, true)
	}
	return tx.Ranked(key, r, func(x keyspace.Scored) bool {
		return !s.Min.below(x.Member) || !s.Max.above(x.Member) || fn(x)
	})
}

func (b *Bound) placeLex(score float64, upper bool) []byte {
	switch {
	case b.End < 0:
		return keyspace.PlaceBefore(score)
	case b.End > 0:
		return keyspace.PlaceAfter(score)
	}
	at := keyspace.PlaceAt(score, b.Member)
	if b.Open != upper {
		at = append(at, 0)
	}
	return at
}

// below tells whether a member lies behind the lower bound, above whether before the upper.
func (b *Bound) below(m []byte) bool {
	c := bytes.Compare(b.Member, m)
	return b.End < 0 || b.End == 0 && (c < 0 || c == 0 && !b.Open)
}

func (b *Bound) above(m []byte) bool {
	c := bytes.Compare(m, b.Member)
	return b.End > 0 || b.End == 0 && (c < 0 || c == 0 && !b.Open)
}

// gatherScored collects members within the bounds of a reply.
type gatherScored struct {
	list *[]keyspace.Scored
	size int
	err  error
}

func (g *gatherScored) take(x keyspace.Scored) bool {
	g.size += len(x.Member) + 8
	switch {
	case len(*g.list) >= combineMax:
		g.err = &keyspace.TooLargeError{What: "members to return", Size: combineMax + 1, Limit: combineMax}
	case g.size > pageBytes:
		g.err = &keyspace.TooLargeError{What: "members to return in bytes", Size: g.size, Limit: pageBytes}
	default:
		*g.list = append(*g.list, x)
	}
	return g.err == nil
}

func (g *gatherScored) or(err error) error {
	if err != nil {
		return err
	}
	return g.err
}

// members returns the members of a span of the sorted set at key; none if there is none.
func (s *Span) members(tx *keyspace.Tx, key []byte) (list []keyspace.Scored, err error) {
	if _, found, err := tx.Expect(key, crdt.TypeZSet); err != nil || !found {
		return nil, err
	}
	g := gatherScored{list: &list}
	err = g.or(s.each(tx, key, g.take))
	return list, err
}

// listed makes a reply of members.
func listed(list []keyspace.Scored) (r keyspace.Reply) {
	for _, x := range list {
		r.List, r.Scores = append(r.List, x.Member), append(r.Scores, x.Score)
	}
	return r
}
