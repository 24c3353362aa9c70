package geohash

import (
	"math"
	"math/bits"
)

// The reach of points in degrees: latitudes as far as the square map of EPSG:3857 goes.
const (
	LonMax = 180
	LatMax = 85.05112878
)

// EarthMetres is the radius of the sphere that distances are measured on.
const EarthMetres = 6372797.560856

// Steps is the number of bits of each coordinate in a score.
const Steps = 26

// Point is a place on the globe, in degrees.
type Point struct{ Lon, Lat float64 }

// Valid tells whether the point is within reach.
func (p Point) Valid() bool {
	return p.Lon >= -LonMax && p.Lon <= LonMax && p.Lat >= -LatMax && p.Lat <= LatMax
}

// Score is the number that a valid point is kept as: 52 bits, a few more on the very edge.
func (p Point) Score() float64 { return float64(interleave(p, LatMax, Steps)) }

// OfScore returns the middle of the smallest cell of a score.
func OfScore(score float64) Point {
	box := Cell{uint64(score), Steps}.box()
	return Point{middle(box.lon, LonMax), middle(box.lat, LatMax)}
}

func middle(s span, limit float64) float64 {
	return max(-limit, min((s.min+s.max)/2, limit))
}

// interleave puts the bits of a longitude between those of a latitude.
func interleave(p Point, latMax float64, step int) uint64 {
	return spread(place(p.Lat, latMax, step)) | spread(place(p.Lon, LonMax, step))<<1
}

// place tells in which of 2^step equal parts of a coordinate's reach x lies.
func place(x, limit float64, step int) uint32 {
	return uint32((x + limit) / (2 * limit) * float64(uint64(1)<<step))
}

// spread leaves a zero before each bit.
func spread(x uint32) (y uint64) {
	for v := x; v != 0; v &= v - 1 {
		y |= 1 << (2 * bits.TrailingZeros32(v))
	}
	return y
}

// gather is the opposite of spread; it passes over the bits between.
func gather(y uint64) (x uint32) {
	for i := range 32 {
		x |= uint32(y>>(2*i)&1) << i
	}
	return x
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// Text is the geohash of a point in letters, 11 of them. Two bits are missing of the last
// one, which is always 0. https://en.wikipedia.org/wiki/Geohash
func (p Point) Text() string {
	text, hash := [11]byte{10: alphabet[0]}, interleave(p, 90, Steps)
	for i := range text[:10] {
		text[i] = alphabet[hash>>(2*Steps-5*(i+1))&31]
	}
	return string(text[:])
}

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
func degrees(radians float64) float64 { return radians / (math.Pi / 180) }

// Distance is the great-circle distance of two points in metres, by the haversine formula.
func Distance(a, b Point) float64 {
	u := math.Sin((radians(b.Lat) - radians(a.Lat)) / 2)
	v := math.Sin((radians(b.Lon) - radians(a.Lon)) / 2)
	h := float64(u*u) + float64(math.Cos(radians(a.Lat))*math.Cos(radians(b.Lat))*v*v)
	return 2 * EarthMetres * math.Asin(math.Sqrt(h))
}
