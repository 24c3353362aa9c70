package clock

import (
	"fmt"
	"strconv"
)

// Origin names one writer: a random 64-bit id that a node takes at its first local
// write after each open of its data directory. It is never used again. Zero is no
// origin.
type Origin uint64

// String prints the origin as 16 hexadecimal digits.
func (o Origin) String() string { return fmt.Sprintf("%016x", uint64(o)) }

// ParseOrigin reads what Origin.String prints.
func ParseOrigin(s string) (Origin, error) {
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) != 16 {
		return 0, fmt.Errorf("origin %q: need 16 hexadecimal digits", s)
	}
	return Origin(v), nil
}

// Seq numbers the updates of one origin in one shard, from 1, without gaps.
type Seq uint64

// Dot names one update of a shard.
type Dot struct {
	Origin Origin
	Seq    Seq
}

// Compare orders dots by origin, then sequence. The order has no meaning beyond
// being the same everywhere.
func (d Dot) Compare(e Dot) int {
	if d.Origin != e.Origin {
		return compare(d.Origin, e.Origin)
	}
	return compare(d.Seq, e.Seq)
}

// String prints origin:seq.
func (d Dot) String() string { return fmt.Sprintf("%v:%d", d.Origin, d.Seq) }
