// Package geohash answers: where on the globe is that, and what lies near it?
//
// A Point becomes one number of 52 bits that interleaves those of latitude and longitude, so
// that what has a prefix in common lies in one Cell (Morton, 1966; Niemeyer's geohash,
// https://en.wikipedia.org/wiki/Geohash). A Shape names the few cells that it lies in.
//
// Usage: Point.Score orders points; Shape.Cells says which spans of scores to look at, and
// Shape.Distance which of what was found lies within.
//
// Numbers and distances are those of the Redis commands GEOADD and GEOSEARCH. Distances
// are along a sphere of EarthMetres: up to 0.5 % off. It does no I/O and keeps nothing.
package geohash
