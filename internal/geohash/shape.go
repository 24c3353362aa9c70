package geohash

import (
	"math"
	"slices"
)

// Shape is a circle, or a box whose sides follow the parallels and meridians. Lengths are
// in metres.
type Shape struct {
	Center Point
	// Radius is that of a circle. Width and Height are those of a box.
	Radius, Width, Height float64
	Box                   bool
}

// Distance tells how far from the center a point is, and whether it lies within.
func (s *Shape) Distance(p Point) (metres float64, within bool) {
	metres = Distance(s.Center, p)
	if !s.Box {
		return metres, metres <= s.Radius
	}
	high := EarthMetres * math.Abs(radians(p.Lat)-radians(s.Center.Lat))
	wide := Distance(Point{s.Center.Lon, p.Lat}, p)
	return metres, high <= s.Height/2 && wide <= s.Width/2
}

// reach is half the size of the shape.
func (s *Shape) reach() (wide, high float64) {
	if s.Box {
		return s.Width / 2, s.Height / 2
	}
	return s.Radius, s.Radius
}

// bounds is a box around the shape. It may go beyond the map: east of 180° is the west. A
// shape with a pole in it has every longitude.
func (s *Shape) bounds() box {
	wide, high := s.reach()
	up := degrees(high / EarthMetres)
	widest := s.Center.Lat + up // the parallel nearest to a pole
	if s.Center.Lat < 0 {
		widest = s.Center.Lat - up
	}
	aside := degrees(wide / EarthMetres / math.Cos(radians(widest)))
	switch shortcut := math.Sin(wide/EarthMetres/2) / math.Cos(radians(widest)); {
	case math.Abs(widest) >= 90 || s.Box && shortcut >= 1:
		aside = math.Inf(1)
	case s.Box: // across, nearer to the pole than along the parallel
		aside = degrees(2 * math.Asin(shortcut))
	}
	return box{span{s.Center.Lon - aside, s.Center.Lon + aside}, span{s.Center.Lat - up, s.Center.Lat + up}}
}

// halfMap is half of the map's width at the equator, in metres.
const halfMap = 20037726.37

// step returns how fine cells may be so that the shape lies in one and its neighbours.
func (s *Shape) step() int {
	far, step := s.Radius, -1
	if s.Box {
		far = math.Sqrt(float64(s.Width/2*(s.Width/2)) + float64(s.Height/2*(s.Height/2)))
	}
	if far == 0 {
		return Steps
	}
	for ; far < halfMap; far *= 2 {
		step++
	}
	// Cells are narrower near the poles.
	if math.Abs(s.Center.Lat) > 66 {
		step--
	}
	if math.Abs(s.Center.Lat) > 80 {
		step--
	}
	return max(1, min(step, Steps))
}

// neighbours lists where the cells lie that are looked at, in columns east and rows north of
// the center's, in their order.
var neighbours = [...]struct{ east, north int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}

// Cells returns at most nine different cells that cover the shape; the center lies in the first.
func (s *Shape) Cells() (list []Cell) {
	bounds, step := s.bounds(), s.step()
	if step > 1 && !cellOf(s.Center, step).reachesOnMap(bounds) {
		step--
	}
	for step > 1 && !cellOf(s.Center, step).reaches(bounds) {
		step--
	}
	center := cellOf(s.Center, step)
	at := center.box()
	for _, d := range neighbours {
		useless := d.north < 0 && at.lat.min < bounds.lat.min || d.north > 0 && at.lat.max > bounds.lat.max ||
			d.east < 0 && at.lon.min < bounds.lon.min || d.east > 0 && at.lon.max > bounds.lon.max
		c := center.move(d.east, d.north)
		if useless && step > 1 || slices.Contains(list, c) {
			continue
		}
		list = append(list, c)
	}
	return list
}

// reaches tells whether a cell and its neighbours reach as far as bounds.
func (c Cell) reaches(bounds box) bool {
	at := c.box()
	wide, high := at.lon.max-at.lon.min, at.lat.max-at.lat.min
	return at.lon.max+wide >= bounds.lon.max && at.lon.min-wide <= bounds.lon.min &&
		at.lat.max+high >= min(bounds.lat.max, LatMax) && at.lat.min-high <= max(bounds.lat.min, -LatMax)
}

// reachesOnMap is the same where neighbours beyond the edge of the map do not count: Redis
// takes larger cells there, and lists what it finds in another order.
func (c Cell) reachesOnMap(bounds box) bool {
	return c.move(0, 1).box().lat.max >= bounds.lat.max && c.move(0, -1).box().lat.min <= bounds.lat.min &&
		c.move(1, 0).box().lon.max >= bounds.lon.max && c.move(-1, 0).box().lon.min <= bounds.lon.min
}
