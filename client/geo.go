package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Geo is a handle to places on the globe: a sorted set whose scores are places, so that [Client.SortedSet]
// under the same key counts, removes and pages through them. Of concurrent places of one member the later
// one is shown.
type Geo struct {
	c   *Client
	key []byte
}

// Point is a place in degrees: longitude -180 to 180, latitude -85.05112878 to 85.05112878.
type Point struct{ Longitude, Latitude float64 }

// Place is a member and where it is.
type Place struct {
	Member string
	Point
}

// Found is a place, and how far it is from the center of the area that was searched.
type Found struct {
	Place
	Metres float64
}

// Geo returns a handle to the places under key. It sends nothing.
func (c *Client) Geo(key string) *Geo { return &Geo{c, []byte(key)} }

// Add gives members their places as one update and returns how many were not there before. A place is kept
// to within 0.6 m. Errors: ErrWrongType, ErrInvalid.
func (g *Geo) Add(ctx context.Context, places ...Place) (int64, error) {
	result, err := g.c.Do(ctx, opGeoAdd(g.key, places))
	if err != nil {
		return 0, err
	}
	return result.GetGeoadd().GetAdded(), nil
}

// Remove removes members and returns how many were there. Error: ErrWrongType.
func (g *Geo) Remove(ctx context.Context, members ...string) (int64, error) {
	return g.c.SortedSet(string(g.key)).Remove(ctx, members...)
}

// Position returns where a member is, and its geohash in 11 letters
// (https://en.wikipedia.org/wiki/Geohash). Errors: ErrNotFound, ErrWrongType.
func (g *Geo) Position(ctx context.Context, member string) (at Point, geohash string, err error) {
	request := pb.GeoPosRequest_builder{Key: g.key, Members: [][]byte{[]byte(member)}}.Build()
	result, err := g.c.Do(ctx, pb.Operation_builder{Geopos: request}.Build())
	if err != nil {
		return Point{}, "", err
	}
	for _, p := range result.GetGeopos().GetPositions() {
		if p.HasPoint() {
			return pointOf(p.GetPoint()), p.GetGeohash(), nil
		}
	}
	return Point{}, "", notFound(g.key)
}

// Distance returns how far two members are apart, in metres along a sphere: up to 0.5 % off. Errors:
// ErrNotFound, ErrWrongType.
func (g *Geo) Distance(ctx context.Context, from, to string) (metres float64, err error) {
	request := pb.GeoDistRequest_builder{Key: g.key, From: []byte(from), To: []byte(to)}.Build()
	result, err := g.c.Do(ctx, pb.Operation_builder{Geodist: request}.Build())
	switch {
	case err != nil:
		return 0, err
	case !result.GetGeodist().GetFound():
		return 0, notFound(g.key)
	}
	return result.GetGeodist().GetMetres(), nil
}

// Search lists the members in an area. Errors: ErrWrongType; ErrInvalid, also where the area is around a
// member that is not there; ErrTooLarge beyond 8 MiB.
func (g *Geo) Search(ctx context.Context, a Area) ([]Found, error) {
	request := pb.GeoSearchRequest_builder{Key: g.key, Area: a.message()}.Build()
	result, err := g.c.Do(ctx, pb.Operation_builder{Geosearch: request}.Build())
	if err != nil {
		return nil, err
	}
	var list []Found
	for _, m := range result.GetGeosearch().GetMembers() {
		list = append(list, Found{Place{string(m.GetMember()), pointOf(m.GetPoint())}, m.GetMetres()})
	}
	return list, nil
}

// Store puts the members in an area in the place of what the key into holds, as one update, and returns how
// many they are; none deletes it. Errors: as of Search.
func (g *Geo) Store(ctx context.Context, into string, a Area) (int64, error) {
	return g.store(ctx, into, a, false)
}

// StoreDistances is Store into a sorted set with the distances from the center as scores, in metres.
func (g *Geo) StoreDistances(ctx context.Context, into string, a Area) (int64, error) {
	return g.store(ctx, into, a, true)
}

func (g *Geo) store(ctx context.Context, into string, a Area, distances bool) (int64, error) {
	request := pb.GeoSearchStoreRequest_builder{Key: g.key, Area: a.message(), Into: []byte(into), Distances: distances}.Build()
	result, err := g.c.Do(ctx, pb.Operation_builder{Geosearchstore: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetGeosearchstore().GetCount(), nil
}

// Delete removes all places and tells whether there were any. A concurrent write of a member survives.
func (g *Geo) Delete(ctx context.Context) (bool, error) {
	n, err := g.c.Delete(ctx, string(g.key))
	return n > 0, err
}

func pointOf(p *pb.GeoPoint) Point { return Point{p.GetLongitude(), p.GetLatitude()} }

func (p Point) message() *pb.GeoPoint {
	return pb.GeoPoint_builder{Longitude: p.Longitude, Latitude: p.Latitude}.Build()
}

func opGeoAdd(key []byte, places []Place) *pb.Operation {
	list := make([]*pb.GeoMember, 0, len(places))
	for _, p := range places {
		list = append(list, pb.GeoMember_builder{Member: []byte(p.Member), Point: p.message()}.Build())
	}
	return pb.Operation_builder{Geoadd: pb.GeoAddRequest_builder{Key: key, Members: list}.Build()}.Build()
}
