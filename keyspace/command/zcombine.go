package command

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Aggregate is how scores of one member in several sorted sets become one.
type Aggregate int

// The aggregates.
const (
	Sum Aggregate = iota
	Least
	Greatest
)

var scoredCombinationNames = [...]string{"ZINTER", "ZUNION", "ZDIFF"}

// ZCombine combines sorted sets, and sets, whose members have the score 1. Reply: List,
// Scores, in their order. Errors: ErrWrongType; keyspace.TooLargeError where it would read
// more than 1,048,576 members, or a result does not fit into 8 MiB.
// https://redis.io/commands/zunion
type ZCombine struct {
	As   Combination
	List [][]byte
	// Weights multiply the scores of each of List; nil is 1 for all.
	Weights   []float64
	Aggregate Aggregate
	// Refuse is why it is refused if all of List are of the right type: Redis looks at them
	// before it looks at options.
	Refuse error
}

// Name implements keyspace.Command.
func (c ZCombine) Name() string { return scoredCombinationNames[c.As] }

// Keys implements keyspace.Command.
func (c ZCombine) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (ZCombine) Writes() bool { return false }

// Run implements keyspace.Command.
func (c ZCombine) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	list, err := c.combine(tx)
	return listed(list), err
}

// source is one of the sets that are combined.
type source struct {
	key    []byte
	kind   crdt.Type
	count  int64
	weight float64
}

func (c *ZCombine) sources(tx *keyspace.Tx) (list []source, err error) {
	for i, key := range c.List {
		s := source{key: key, weight: 1}
		if s.kind, _, err = tx.Type(key); err != nil {
			return nil, err
		}
		if s.kind != crdt.TypeNone && s.kind != crdt.TypeSet && s.kind != crdt.TypeZSet {
			return nil, keyspace.ErrWrongType
		}
		if s.kind != crdt.TypeNone {
			if s.count, err = tx.Count(key, s.kind); err != nil {
				return nil, err
			}
		}
		if c.Weights != nil {
			s.weight = c.Weights[i]
		}
		list = append(list, s)
	}
	return list, late(c.Refuse)
}

// combine returns the result in the order of scores. Scores are added in the order of the
// sets' sizes, as in Redis.
func (c *ZCombine) combine(tx *keyspace.Tx) ([]keyspace.Scored, error) {
	from, err := c.sources(tx)
	if err != nil {
		return nil, err
	}
	if c.As != Difference {
		slices.SortStableFunc(from, func(a, b source) int { return cmp.Compare(a.count, b.count) })
	}
	g := scoredGathering{gathering: gathering{tx: tx}, all: map[string]float64{}}
	if c.As == Union {
		err = g.union(from, c.Aggregate)
	} else {
		err = g.filter(from, c.Aggregate, c.As == Intersection)
	}
	return g.sorted(), err
}

// scoredGathering collects members with scores within bounds.
type scoredGathering struct {
	gathering
	all map[string]float64
	max int // how many members are enough; 0 is all
}

// each visits the members of a source with their weighted scores.
func (g *scoredGathering) each(s source, fn func(m []byte, score float64) bool) error {
	switch s.kind {
	case crdt.TypeSet:
		return g.gathering.each(s.key, func(m []byte) bool { return fn(m, s.weighted(1)) })
	case crdt.TypeNone:
		return nil
	}
	err := g.tx.Scores(s.key, nil, func(x keyspace.Scored) bool {
		if g.read++; g.read > combineMax {
			g.err = &keyspace.TooLargeError{What: "members to read", Size: g.read, Limit: combineMax}
			return false
		}
		return fn(x.Member, s.weighted(x.Score))
	})
	return cmp.Or(err, g.err)
}

// weighted multiplies; infinity by nothing is nothing.
func (s *source) weighted(score float64) float64 { return orZero(s.weight * score) }

func orZero(score float64) float64 {
	if math.IsNaN(score) {
		return 0
	}
	return score
}

// find returns the weighted score of a member in a source.
func (g *scoredGathering) find(s source, m []byte) (score float64, found bool) {
	switch s.kind {
	case crdt.TypeSet:
		found, g.err = g.tx.HasMember(s.key, m)
		return s.weighted(1), found
	case crdt.TypeNone:
		return 0, false
	}
	var f crdt.Field
	f, g.err = g.tx.Member(s.key, m)
	score, found = f.Score()
	return s.weighted(score), found
}

func (a Aggregate) join(x, y float64) float64 {
	switch a {
	case Least:
		return min(x, y)
	case Greatest:
		return max(x, y)
	default:
		return orZero(x + y)
	}
}

func (g *scoredGathering) union(from []source, how Aggregate) error {
	for _, s := range from {
		err := g.each(s, func(m []byte, score float64) bool {
			old, there := g.all[string(m)]
			if there {
				score = how.join(old, score)
			}
			g.all[string(m)] = score
			return there || g.fits(m)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// filter keeps the members of the first source that all of the others have, or none.
func (g *scoredGathering) filter(from []source, how Aggregate, have bool) error {
	if len(from) == 0 {
		return nil
	}
	return g.each(from[0], func(m []byte, score float64) bool {
		for _, s := range from[1:] {
			other, there := g.find(s, m)
			if g.err != nil {
				return false
			}
			if there != have {
				return true
			}
			if have {
				score = how.join(score, other)
			}
		}
		g.all[string(m)] = score
		return g.fits(m) && len(g.all) != g.max
	})
}

func (g *scoredGathering) sorted() (list []keyspace.Scored) {
	for _, m := range slices.Sorted(maps.Keys(g.all)) {
		list = append(list, keyspace.Scored{Member: []byte(m), Score: g.all[m]})
	}
	slices.SortFunc(list, keyspace.CompareScored)
	return list
}
