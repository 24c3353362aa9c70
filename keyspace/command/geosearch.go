package command

import (
	"cmp"
	"errors"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
)

// ErrNoPlace: the member that a search begins at is not there.
var ErrNoPlace = errors.New("the member at the center is not there")

// Order is how what was found is listed.
type Order int

// The orders.
const (
	AsFound Order = iota
	NearestFirst
	FarthestFirst
)

// Area is a part of the globe to search for members of a sorted set of places.
type Area struct {
	Shape geohash.Shape
	// Member, unless it is nil, is at the center of the shape.
	Member []byte
	// Order of the result, AsFound in no particular one. Limit counts unless it is 0: the
	// nearest, or the farthest, or with Any those that were found first.
	Order Order
	Limit int64
	Any   bool
	// Refuse is why an argument is none, told where there is a sorted set with Member;
	// RefuseAbsent the same where there is no sorted set.
	Refuse, RefuseAbsent error
}

// GeoSearch returns the members of a sorted set of places in an area. It visits those in the
// cells around the center only. Reply: List and Scores; Replies, one a member, with Score
// its distance from the center in metres. Errors: ErrWrongType, ErrNoPlace,
// TooLargeError. https://redis.io/commands/geosearch
type GeoSearch struct {
	Key  []byte
	Area Area
}

// Name implements keyspace.Command.
func (GeoSearch) Name() string { return "GEOSEARCH" }

// Keys implements keyspace.Command.
func (c GeoSearch) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (GeoSearch) Writes() bool { return false }

// Run implements keyspace.Command.
func (c GeoSearch) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	list, err := c.Area.find(tx, c.Key)
	for _, x := range list {
		r.List, r.Scores = append(r.List, x.Member), append(r.Scores, x.Score)
		r.Replies = append(r.Replies, keyspace.Reply{Score: x.metres})
	}
	return r, err
}

// located is a member, and how far from the center it is.
type located struct {
	keyspace.Scored
	metres float64
}

// find returns the members of a sorted set that are in the area.
func (a *Area) find(tx *keyspace.Tx, key []byte) (list []located, err error) {
	_, found, err := tx.Expect(key, crdt.TypeZSet)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, late(a.RefuseAbsent)
	}
	shape := a.Shape
	if a.Member != nil {
		f, err := tx.Member(key, a.Member)
		if err != nil {
			return nil, err
		}
		score, there := f.Score()
		if !there {
			return nil, ErrNoPlace
		}
		shape.Center = geohash.OfScore(score)
	}
	if err := late(a.Refuse); err != nil {
		return nil, err
	}
	if list, err = a.visit(tx, key, &shape); err != nil {
		return nil, err
	}
	return a.arrange(list), nil
}

// visit looks at the cells around the center.
func (a *Area) visit(tx *keyspace.Tx, key []byte, shape *geohash.Shape) (list []located, err error) {
	var kept []keyspace.Scored
	g := gatherScored{list: &kept}
	more := true
	for _, cell := range shape.Cells() {
		if !more {
			break
		}
		first, end := cell.Scores()
		span := keyspace.Ranking{From: keyspace.PlaceBefore(first), To: keyspace.PlaceBefore(end)}
		err := tx.Ranked(key, span, func(x keyspace.Scored) bool {
			metres, within := shape.Distance(geohash.OfScore(x.Score))
			if within && g.take(x) {
				list = append(list, located{x, metres})
			}
			more = g.err == nil && (!a.Any || int64(len(list)) < a.Limit)
			return more
		})
		if err = g.or(err); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// arrange puts what was found in its order, and drops what is too much.
func (a *Area) arrange(list []located) []located {
	switch {
	case a.Order == FarthestFirst:
		slices.SortStableFunc(list, func(x, y located) int { return cmp.Compare(y.metres, x.metres) })
	case a.Order == NearestFirst, a.Limit > 0 && !a.Any:
		slices.SortStableFunc(list, func(x, y located) int { return cmp.Compare(x.metres, y.metres) })
	}
	if a.Limit > 0 && int64(len(list)) > a.Limit {
		list = list[:a.Limit]
	}
	return list
}
