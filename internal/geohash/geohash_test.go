package geohash

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestKnownPlaces compares with the examples of https://redis.io/commands/geoadd/ and
// https://redis.io/commands/geohash/.
func TestKnownPlaces(t *testing.T) {
	for _, c := range []struct {
		at    Point
		score float64
		text  string
	}{
		{Point{13.361389, 38.115556}, 3479099956230698, "sqc8b49rny0"},
		{Point{15.087269, 37.502669}, 3479447370796909, "sqdtr74hyu0"},
	} {
		if got := c.at.Score(); got != c.score {
			t.Errorf("%v has the score %.0f, not %.0f", c.at, got, c.score)
		}
		if got := OfScore(c.score).Text(); got != c.text {
			t.Errorf("%v is %q, not %q", c.at, got, c.text)
		}
	}
	a, b := OfScore(3479099956230698), OfScore(3479447370796909)
	if d := Distance(a, b); math.Abs(d-166274.1516) > 1e-4 {
		t.Errorf("Palermo and Catania are %f m apart", d)
	}
}

// TestAPlaceComesBack: a point and the middle of its cell are as near as 26 bits can be.
func TestAPlaceComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		p := anywhere(r)
		q := OfScore(p.Score())
		if math.Abs(p.Lon-q.Lon) > 180.0/(1<<26) || math.Abs(p.Lat-q.Lat) > LatMax/(1<<26) {
			t.Fatalf("%v comes back as %v", p, q)
		}
		if q.Score() != p.Score() {
			t.Fatalf("%v has the score %f, and %f the second time", p, p.Score(), q.Score())
		}
	}
}

func anywhere(r *rand.Rand) Point {
	return Point{r.Float64()*2*LonMax - LonMax, r.Float64()*2*LatMax - LatMax}
}

// near draws a point about some metres from another.
func near(r *rand.Rand, p Point, metres float64) Point {
	up := degrees(metres / EarthMetres)
	lat := max(1e-6-LatMax, min(p.Lat+up*(2*r.Float64()-1), LatMax-1e-6))
	lon := p.Lon + up/math.Cos(radians(lat))*(2*r.Float64()-1)
	for lon < -LonMax {
		lon += 2 * LonMax
	}
	for lon >= LonMax {
		lon -= 2 * LonMax
	}
	return Point{lon, lat}
}

// TestCellsCoverTheShape draws shapes of every size everywhere, also around the poles and the
// 180th meridian: whatever lies within is in one cell, and in one only.
func TestCellsCoverTheShape(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	within := 0
	for i := range 20_000 {
		size := math.Exp(r.Float64() * math.Log(3e7))
		s := Shape{Center: anywhere(r), Radius: size}
		switch i % 4 {
		case 1:
			s = Shape{Center: anywhere(r), Box: true, Width: size * 2 * r.Float64(), Height: size * 2 * r.Float64()}
		case 2:
			s.Center.Lon = 180 - 1e-6*r.Float64()
		case 3:
			s.Center.Lat = math.Copysign(LatMax-10*r.Float64(), r.Float64()-0.5)
		}
		cells := s.Cells()
		for range 20 {
			p := OfScore(near(r, s.Center, size).Score())
			if _, in := s.Distance(p); !in {
				continue
			}
			within++
			if n := holding(cells, p.Score()); n != 1 {
				t.Fatalf("shape %d, %+v: %d of its cells hold %v, %.0f m from the center", i, s, n, p, Distance(s.Center, p))
			}
		}
	}
	if within < 50_000 {
		t.Fatalf("%d points lay within: too few", within)
	}
}

func holding(cells []Cell, score float64) (n int) {
	for _, c := range cells {
		if first, end := c.Scores(); first <= score && score < end {
			n++
		}
	}
	return n
}

// TestSmallShapesHaveSmallCells: what is looked at is not much larger than the shape.
func TestSmallShapesHaveSmallCells(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 10_000 {
		s := Shape{Center: Point{r.Float64()*340 - 170, r.Float64()*120 - 60}, Radius: 1 + 1e5*r.Float64()}
		metres := 0.0
		for _, c := range s.Cells() {
			b := c.box()
			metres += radians(b.lat.max-b.lat.min) * EarthMetres * radians(b.lon.max-b.lon.min) * EarthMetres
		}
		if metres > 500*s.Radius*s.Radius {
			t.Fatalf("%+v: %.0f times its square is looked at", s, metres/(s.Radius*s.Radius))
		}
	}
}
