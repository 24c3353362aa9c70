package client

import pb "github.com/atollkv/atoll/proto/atoll/v1"

// Area is a part of the globe to search: one of [Around] and [AroundMember], and then of the two shapes.
//
//	found, err := db.Geo("cities").Search(ctx, client.Around(client.Point{15, 37}).Within(200_000).Nearest(10))
type Area struct{ area pb.GeoArea_builder }

// Around is an area with a place in its center.
func Around(center Point) Area { return Area{pb.GeoArea_builder{Point: center.message()}} }

// AroundMember is an area with a member in its center.
func AroundMember(member string) Area {
	return Area{pb.GeoArea_builder{Member: append([]byte{}, member...)}}
}

// Within makes the area a circle.
func (a Area) Within(radiusMetres float64) Area {
	a.area.RadiusMetres, a.area.Box = &radiusMetres, nil
	return a
}

// WithinBox makes the area a box, whose sides follow the parallels and meridians.
func (a Area) WithinBox(widthMetres, heightMetres float64) Area {
	box := pb.GeoBox_builder{WidthMetres: widthMetres, HeightMetres: heightMetres}.Build()
	a.area.RadiusMetres, a.area.Box = nil, box
	return a
}

// Nearest lists the nearest members first, limit at most; 0 for all.
func (a Area) Nearest(limit uint64) Area {
	a.area.Order, a.area.Limit, a.area.Any = pb.GeoOrder_GEO_ORDER_NEAREST, limit, false
	return a
}

// Farthest lists the farthest members first, limit at most; 0 for all.
func (a Area) Farthest(limit uint64) Area {
	a.area.Order, a.area.Limit, a.area.Any = pb.GeoOrder_GEO_ORDER_FARTHEST, limit, false
	return a
}

// Any lists any limit members, in no particular order; it ends the search early.
func (a Area) Any(limit uint64) Area {
	a.area.Order, a.area.Limit, a.area.Any = pb.GeoOrder_GEO_ORDER_UNSPECIFIED, limit, true
	return a
}

func (a Area) message() *pb.GeoArea { return a.area.Build() }
