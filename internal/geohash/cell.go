package geohash

// Cell is a part of the map: one of 2^Step columns and as many rows, named by the bits of
// both, interleaved.
type Cell struct {
	Bits uint64
	Step int
}

// Scores is the span of scores of the points of a cell: min ≤ score < end.
func (c Cell) Scores() (min, end float64) {
	shift := 2 * (Steps - c.Step)
	return float64(c.Bits << shift), float64((c.Bits + 1) << shift)
}

// span is a part of a coordinate's reach, in degrees.
type span struct{ min, max float64 }

type box struct{ lon, lat span }

func (c Cell) box() box {
	return box{c.part(c.Bits>>1, LonMax), c.part(c.Bits, LatMax)}
}

func (c Cell) part(interleaved uint64, limit float64) span {
	at, parts := float64(gather(interleaved)), float64(uint64(1)<<c.Step)
	return span{-limit + float64(at/parts*(2*limit)), -limit + float64((at+1)/parts*(2*limit))}
}

// cellOf returns the cell that a point lies in.
func cellOf(p Point, step int) Cell { return Cell{interleave(p, LatMax, step), step} }

// move returns the cell some columns east and rows north; both go round.
func (c Cell) move(east, north int) Cell {
	mask := uint32(1)<<c.Step - 1
	column, row := gather(c.Bits>>1)+uint32(east), gather(c.Bits)+uint32(north)
	return Cell{spread(column&mask)<<1 | spread(row&mask), c.Step}
}
