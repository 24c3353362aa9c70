package grpcserver

import (
	"math"

	"github.com/atollkv/atoll/internal/geohash"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on places: members of sorted sets, whose scores are places on the globe.

var convertGeoAdd = conversion[*pb.GeoAddRequest, *pb.GeoAddResponse]{
	func(r *pb.GeoAddRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.ZAdd{Key: r.GetKey(), Absent: r.GetOnlyNew(), Present: r.GetOnlyKnown()}
		err := required(r.GetKey(), "key")
		switch {
		case err != nil:
		case len(r.GetMembers()) == 0:
			err = server.Errorf(server.CodeInvalid, "members: required")
		case cmd.Absent && cmd.Present:
			err = server.Errorf(server.CodeInvalid, "conditions: not together")
		}
		for _, m := range r.GetMembers() {
			var p geohash.Point
			if err == nil {
				p, err = pointOf(m.GetPoint())
			}
			if err != nil {
				return nil, err
			}
			cmd.Members = append(cmd.Members, keyspace.Scored{Member: m.GetMember(), Score: p.Score()})
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.GeoAddResponse { return pb.GeoAddResponse_builder{Added: p.Int}.Build() },
}

// pointOf reads a place. One that is missing is no place: 0° 0° is one.
func pointOf(m *pb.GeoPoint) (geohash.Point, error) {
	p := geohash.Point{Lon: m.GetLongitude(), Lat: m.GetLatitude()}
	switch {
	case m == nil:
		return p, server.Errorf(server.CodeInvalid, "point: required")
	case !p.Valid():
		return p, server.Errorf(server.CodeInvalid, "point: longitude %g, latitude %g; they go to ±%d and ±%v", p.Lon, p.Lat, geohash.LonMax, geohash.LatMax)
	}
	return p, nil
}

func pointMessage(p geohash.Point) *pb.GeoPoint {
	return pb.GeoPoint_builder{Longitude: p.Lon, Latitude: p.Lat}.Build()
}

var convertGeoPos = conversion[*pb.GeoPosRequest, *pb.GeoPosResponse]{
	func(r *pb.GeoPosRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZScore{Key: r.GetKey(), Members: r.GetMembers()}, keyAndMembers(r.GetKey(), r.GetMembers())
	},
	func(p keyspace.Reply) *pb.GeoPosResponse {
		list := make([]*pb.GeoPosition, len(p.Replies))
		for i, one := range p.Replies {
			list[i] = &pb.GeoPosition{}
			if one.Found {
				at := geohash.OfScore(one.Score)
				list[i] = pb.GeoPosition_builder{Point: pointMessage(at), Geohash: at.Text()}.Build()
			}
		}
		return pb.GeoPosResponse_builder{Positions: list}.Build()
	},
}

var convertGeoDist = conversion[*pb.GeoDistRequest, *pb.GeoDistResponse]{
	func(r *pb.GeoDistRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZScore{Key: r.GetKey(), Members: [][]byte{r.GetFrom(), r.GetTo()}}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.GeoDistResponse {
		a, b := p.Replies[0], p.Replies[1]
		if !a.Found || !b.Found {
			return &pb.GeoDistResponse{}
		}
		metres := geohash.Distance(geohash.OfScore(a.Score), geohash.OfScore(b.Score))
		return pb.GeoDistResponse_builder{Found: true, Metres: metres}.Build()
	},
}

var convertGeoSearch = conversion[*pb.GeoSearchRequest, *pb.GeoSearchResponse]{
	func(r *pb.GeoSearchRequest, _ *server.Limits) (keyspace.Command, error) {
		area, err := areaOf(r.GetKey(), r.GetArea())
		return command.GeoSearch{Key: r.GetKey(), Area: area}, err
	},
	func(p keyspace.Reply) *pb.GeoSearchResponse {
		list := make([]*pb.GeoFound, len(p.List))
		for i, m := range p.List {
			at := geohash.OfScore(p.Scores[i])
			list[i] = pb.GeoFound_builder{Member: m, Point: pointMessage(at), Metres: p.Replies[i].Score}.Build()
		}
		return pb.GeoSearchResponse_builder{Members: list}.Build()
	},
}

var convertGeoSearchStore = conversion[*pb.GeoSearchStoreRequest, *pb.GeoSearchStoreResponse]{
	func(r *pb.GeoSearchStoreRequest, _ *server.Limits) (keyspace.Command, error) {
		area, err := areaOf(r.GetKey(), r.GetArea())
		if err == nil {
			err = required(r.GetInto(), "into")
		}
		cmd := command.GeoSearchStore{Into: r.GetInto(), Key: r.GetKey(), Area: area}
		if r.GetDistances() {
			cmd.Unit = 1
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.GeoSearchStoreResponse {
		return pb.GeoSearchStoreResponse_builder{Count: p.Int}.Build()
	},
}

var geoOrders = map[pb.GeoOrder]command.Order{
	pb.GeoOrder_GEO_ORDER_UNSPECIFIED: command.AsFound, pb.GeoOrder_GEO_ORDER_NEAREST: command.NearestFirst,
	pb.GeoOrder_GEO_ORDER_FARTHEST: command.FarthestFirst,
}

// areaOf reads the area of a search among the places at a key.
func areaOf(key []byte, m *pb.GeoArea) (a command.Area, err error) {
	order, known := geoOrders[m.GetOrder()]
	a = command.Area{Order: order, Limit: clamped(m.GetLimit()), Any: m.GetAny()}
	err = required(key, "key")
	switch {
	case err != nil:
		return a, err
	case !known:
		return a, server.Errorf(server.CodeInvalid, "order: unknown")
	case a.Any && a.Limit == 0:
		return a, server.Errorf(server.CodeInvalid, "any: only with a limit")
	}
	switch m.WhichCenter() {
	case pb.GeoArea_Member_case:
		a.Member = append([]byte{}, m.GetMember()...) // the empty member is not nil
	case pb.GeoArea_Point_case:
		a.Shape.Center, err = pointOf(m.GetPoint())
	default:
		err = server.Errorf(server.CodeInvalid, "center: required")
	}
	if err != nil {
		return a, err
	}
	return a, shapeOf(&a.Shape, m)
}

func shapeOf(s *geohash.Shape, m *pb.GeoArea) error {
	switch m.WhichShape() {
	case pb.GeoArea_RadiusMetres_case:
		s.Radius = m.GetRadiusMetres()
		return isLength(s.Radius, "radius_metres")
	case pb.GeoArea_Box_case:
		s.Box, s.Width, s.Height = true, m.GetBox().GetWidthMetres(), m.GetBox().GetHeightMetres()
		if err := isLength(s.Width, "width_metres"); err != nil {
			return err
		}
		return isLength(s.Height, "height_metres")
	default:
		return server.Errorf(server.CodeInvalid, "shape: required")
	}
}

func isLength(f float64, name string) error {
	if !(f >= 0) || math.IsInf(f, 0) {
		return server.Errorf(server.CodeInvalid, "%s: %g is no length", name, f)
	}
	return nil
}
