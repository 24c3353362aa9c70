package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// MaxVectorEntries bounds a decoded version vector.
const MaxVectorEntries = 10_000

// ErrVector reports bytes that are not a canonical version vector.
var ErrVector = errors.New("malformed version vector")

// Entry is one component of a version vector.
type Entry struct {
	Origin Origin
	Seq    Seq
}

// VersionVector maps origins to the last sequence seen of each (Parker et al.,
// "Detection of Mutual Inconsistency in Distributed Systems", 1983). The zero value
// is empty. An absent origin counts as 0.
//
// Invariant: entries are sorted by origin, without duplicates and without zeros, so
// that equal vectors have equal bytes. Entries are never changed in place once a
// copy may share them: Set on a copy does not affect the original.
//
// A vector may carry a table of retired origins: see [VersionVector.Under]. It then
// covers what they did though it does not name them. The table is no part of the value:
// it is not encoded, and equal entries are equal vectors.
type VersionVector struct {
	entries []Entry
	retired *Retired
}

// VectorOf builds a vector from entries in any order; the greatest seq of an origin
// counts.
func VectorOf(entries ...Entry) VersionVector {
	var v VersionVector
	for _, e := range entries {
		v.Advance(e.Origin, e.Seq)
	}
	return v
}

func (v VersionVector) find(o Origin) (int, bool) {
	// Vectors have a handful of entries: a linear scan beats a binary search.
	for i := range v.entries {
		if v.entries[i].Origin >= o {
			return i, v.entries[i].Origin == o
		}
	}
	return len(v.entries), false
}

// Get returns the last sequence seen of o, or 0.
func (v VersionVector) Get(o Origin) Seq {
	s := v.explicit(o)
	if v.retired == nil {
		return s
	}
	return max(s, v.retired.reach(&v, o))
}

// explicit returns the entry of o, or 0.
func (v *VersionVector) explicit(o Origin) Seq {
	if i, ok := v.find(o); ok {
		return v.entries[i].Seq
	}
	return 0
}

// Covers reports whether the update named d has been seen.
func (v VersionVector) Covers(d Dot) bool { return d.Seq <= v.Get(d.Origin) }

// Advance raises the entry of o to s. A lower s changes nothing.
func (v *VersionVector) Advance(o Origin, s Seq) {
	if s == 0 || v.retired != nil && s <= v.Get(o) {
		return
	}
	i, ok := v.find(o)
	switch {
	case !ok:
		next := make([]Entry, 0, len(v.entries)+1)
		next = append(next, v.entries[:i]...)
		next = append(next, Entry{o, s})
		v.entries = append(next, v.entries[i:]...)
	case v.entries[i].Seq < s:
		v.entries = slices.Clone(v.entries)
		v.entries[i].Seq = s
	}
}

// Without returns a copy that does not name o.
func (v VersionVector) Without(o Origin) VersionVector {
	i, ok := v.find(o)
	if !ok {
		return v
	}
	return VersionVector{slices.Concat(v.entries[:i], v.entries[i+1:]), v.retired}
}

// Join raises v to the least upper bound of v and w.
func (v *VersionVector) Join(w VersionVector) {
	if w.retired.Len() > v.retired.Len() {
		v.retired = w.retired
	}
	if w.LessEq(*v) {
		return
	}
	out := make([]Entry, 0, len(v.entries)+len(w.entries))
	mine := v.entries
	for _, e := range w.entries {
		for len(mine) > 0 && mine[0].Origin < e.Origin {
			out, mine = append(out, mine[0]), mine[1:]
		}
		if len(mine) > 0 && mine[0].Origin == e.Origin {
			e.Seq, mine = max(e.Seq, mine[0].Seq), mine[1:]
		}
		out = append(out, e)
	}
	v.entries = append(out, mine...)
}

// Meet returns what both v and w have seen: their greatest lower bound.
func (v VersionVector) Meet(w VersionVector) (out VersionVector) {
	for _, e := range v.entries {
		out.Advance(e.Origin, min(e.Seq, w.Get(e.Origin)))
	}
	for _, e := range w.entries {
		out.Advance(e.Origin, min(e.Seq, v.Get(e.Origin)))
	}
	out.retired = v.retired
	return out
}

// LessEq reports whether everything seen by v is seen by w.
func (v VersionVector) LessEq(w VersionVector) bool {
	j := 0
	for _, e := range v.entries {
		for j < len(w.entries) && w.entries[j].Origin < e.Origin {
			j++
		}
		if j == len(w.entries) || w.entries[j].Origin != e.Origin || w.entries[j].Seq < e.Seq {
			if w.retired == nil || e.Seq > w.retired.reach(&w, e.Origin) {
				return false
			}
		}
	}
	return true
}

// Equal reports whether both vectors have seen the same.
func (v VersionVector) Equal(w VersionVector) bool { return slices.Equal(v.entries, w.entries) }

// Len returns the number of origins named.
func (v VersionVector) Len() int { return len(v.entries) }

// Entries returns the components, ascending by origin. The slice must not be changed.
func (v VersionVector) Entries() []Entry { return v.entries }

// Total returns the sum of all components: the number of updates seen.
func (v VersionVector) Total() uint64 {
	var n uint64
	for _, e := range v.entries {
		n += uint64(e.Seq)
	}
	return n
}

// Missing returns how many updates of w are not in v.
func (v VersionVector) Missing(w VersionVector) uint64 {
	var n uint64
	for _, e := range w.entries {
		if have := v.Get(e.Origin); e.Seq > have {
			n += uint64(e.Seq - have)
		}
	}
	return n
}

// String prints {origin:seq …}.
func (v VersionVector) String() string {
	parts := make([]string, len(v.entries))
	for i, e := range v.entries {
		parts[i] = Dot(e).String()
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// Append appends the canonical encoding: uvarint count, then for each entry 8 bytes
// of origin (big endian) and uvarint seq, ascending by origin.
func (v VersionVector) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(v.entries)))
	for _, e := range v.entries {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Origin))
		b = binary.AppendUvarint(b, uint64(e.Seq))
	}
	return b
}

// DecodeVector reads one vector from the front of b and returns the rest. Bytes that
// Append would not have written are refused with ErrVector.
func DecodeVector(b []byte) (VersionVector, []byte, error) {
	n, b, err := Uvarint(b)
	if err != nil || n > MaxVectorEntries || n > uint64(len(b)/9) {
		return VersionVector{}, nil, fmt.Errorf("%w: %d entries", ErrVector, n)
	}
	var v VersionVector
	if n > 0 {
		v.entries = make([]Entry, 0, n)
	}
	for i := range n {
		if len(b) < 8 {
			return VersionVector{}, nil, fmt.Errorf("%w: truncated", ErrVector)
		}
		o := Origin(binary.BigEndian.Uint64(b))
		s, rest, err := Uvarint(b[8:])
		if err != nil || s == 0 {
			return VersionVector{}, nil, fmt.Errorf("%w: entry %d has no sequence", ErrVector, i)
		}
		if len(v.entries) > 0 && v.entries[len(v.entries)-1].Origin >= o {
			return VersionVector{}, nil, fmt.Errorf("%w: entry %d not ascending", ErrVector, i)
		}
		v.entries = append(v.entries, Entry{o, Seq(s)})
		b = rest
	}
	return v, b, nil
}

// Changes returns the entries of w that differ from v, for encoding w relative to v.
// w must cover v.
func (v VersionVector) Changes(w VersionVector) VersionVector {
	var out []Entry
	mine := v.entries
	for _, e := range w.entries {
		for len(mine) > 0 && mine[0].Origin < e.Origin {
			mine = mine[1:]
		}
		if len(mine) == 0 || mine[0] != e {
			out = append(out, e)
		}
	}
	return VersionVector{entries: out}
}

// SortOrigins sorts origins ascending, in place.
func SortOrigins(os []Origin) { sort.Slice(os, func(i, j int) bool { return os[i] < os[j] }) }
