package command

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrNotSketch is keyspace.ErrWrongType of a string.
var ErrNotSketch = fmt.Errorf("%w: a string is no HyperLogLog", keyspace.ErrWrongType)

// expectSketch is Tx.Expect for a HyperLogLog.
func expectSketch(tx *keyspace.Tx, key []byte) (found bool, err error) {
	switch t, _, err := tx.Type(key); {
	case err != nil:
		return false, err
	case t == crdt.TypeString:
		return false, ErrNotSketch
	case t != crdt.TypeSketch && t != crdt.TypeNone:
		return false, keyspace.ErrWrongType
	default:
		return t == crdt.TypeSketch, nil
	}
}

// PFAdd adds elements to a HyperLogLog, and makes one where there is none. Reply: Int, 1 if that changed
// anything. Errors: ErrNotSketch, ErrWrongType. https://redis.io/commands/pfadd
type PFAdd struct {
	Key      []byte
	Elements [][]byte
}

// Name implements keyspace.Command.
func (PFAdd) Name() string { return "PFADD" }

// Keys implements keyspace.Command.
func (c PFAdd) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (PFAdd) Writes() bool { return true }

// Run implements keyspace.Command.
func (c PFAdd) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	found, err := expectSketch(tx, c.Key)
	if err != nil {
		return r, err
	}
	if !found {
		r.Int, err = 1, tx.CreateSketch(c.Key)
	}
	for i := 0; i < len(c.Elements) && err == nil; i++ {
		var raised bool
		index, rank := rankOf(c.Elements[i])
		if raised, err = tx.RaiseRank(c.Key, index, rank); raised {
			r.Int = 1
		}
	}
	notedIf(err == nil && r.Int > 0, tx, keyspace.ClassString, "pfadd", c.Key)
	return r, err
}

// PFCount estimates how many different elements were added to the union of HyperLogLogs. Reply: Int.
// Errors: ErrNotSketch, ErrWrongType. https://redis.io/commands/pfcount
type PFCount struct{ List [][]byte }

// Name implements keyspace.Command.
func (PFCount) Name() string { return "PFCOUNT" }

// Keys implements keyspace.Command.
func (c PFCount) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (PFCount) Writes() bool { return false }

// Run implements keyspace.Command.
func (c PFCount) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	var s keyspace.Sketch
	if err := union(tx, c.List, &s); err != nil {
		return r, err
	}
	r.Int = estimate(&s)
	return r, nil
}

func union(tx *keyspace.Tx, keys [][]byte, s *keyspace.Sketch) error {
	for _, key := range keys {
		found, err := expectSketch(tx, key)
		if err == nil && found {
			err = tx.JoinSketch(key, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PFMerge adds to a HyperLogLog all that this node has seen added to others; it is made where there is
// none. Errors: ErrNotSketch, ErrWrongType. https://redis.io/commands/pfmerge
type PFMerge struct {
	To   []byte
	From [][]byte
}

// Name implements keyspace.Command.
func (PFMerge) Name() string { return "PFMERGE" }

// Keys implements keyspace.Command.
func (c PFMerge) Keys() [][]byte { return append([][]byte{c.To}, c.From...) }

// Writes implements keyspace.Command.
func (PFMerge) Writes() bool { return true }

// Run implements keyspace.Command.
func (c PFMerge) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	var s keyspace.Sketch
	if err := union(tx, c.Keys(), &s); err != nil {
		return r, err
	}
	_, err = tx.RaiseSketch(c.To, &s)
	return r, noted(tx, err, keyspace.ClassString, "pfadd", c.To)
}

// PFReplay does again what an update did to a HyperLogLog. Reply: Int, 1 if that changed anything.
type PFReplay struct {
	Key   []byte
	Ranks []crdt.FieldChange
}

// Name implements keyspace.Command.
func (PFReplay) Name() string { return "PFREPLAY" }

// Keys implements keyspace.Command.
func (c PFReplay) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (PFReplay) Writes() bool { return true }

// Run implements keyspace.Command.
func (c PFReplay) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	found, err := expectSketch(tx, c.Key)
	if err != nil {
		return r, err
	}
	for _, x := range c.Ranks {
		var raised bool
		if index, ok := crdt.SketchIndex(x.Name); ok {
			raised, err = tx.RaiseRank(c.Key, index, x.Value[0])
		} else if !found {
			raised, err = true, tx.CreateSketch(c.Key)
		}
		if err != nil {
			return r, err
		}
		if raised {
			r.Int = 1
		}
	}
	tx.NotifyWrite(c.Key)
	return r, nil
}

// sketchSeed is that of Redis, so that equal elements give equal estimates there and here.
const sketchSeed = 0xadc83b19

// rankOf returns the register that an element belongs to, and its rank there: by the place of the lowest
// bit that is set in what the index leaves of the hash.
func rankOf(element []byte) (index int, rank byte) {
	const indexBits = 14
	h := murmur64(element, sketchSeed)
	return int(h % crdt.SketchRegisters), byte(bits.TrailingZeros64(h>>indexBits|1<<(64-indexBits)) + 1)
}

// murmur64 is the hash function MurmurHash64A of Austin Appleby, which is in the public domain.
func murmur64(b []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k = (k ^ k>>r) * m
		h = (h ^ k) * m
	}
	if len(b) > 0 {
		var rest [8]byte
		copy(rest[:], b)
		h = (h ^ binary.LittleEndian.Uint64(rest[:])) * m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

// estimate is the improved raw estimator, algorithm 6 of Ertl, "New cardinality estimation algorithms for
// HyperLogLog sketches" (2017): from how many registers have each rank.
func estimate(s *keyspace.Sketch) int64 {
	const m = float64(crdt.SketchRegisters)
	var having [crdt.SketchRankMax + 1]float64
	for _, rank := range s {
		having[rank]++
	}
	z := m * tau((m-having[crdt.SketchRankMax])/m)
	for k := crdt.SketchRankMax - 1; k >= 1; k-- {
		z = (z + having[k]) * 0.5
	}
	z += m * sigma(having[0]/m)
	const alpha = 0.721347520444481703680 // 1 / (2 ln 2)
	return int64(math.Round(alpha * m * m / z))
}

// sigma is x + Σ x^(2^k) 2^(k-1) over k ≥ 1, the share of the registers that are 0.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	z, y := x, 1.0
	for last := math.NaN(); z != last; y += y {
		x *= x
		last, z = z, z+x*y
	}
	return z
}

// tau is (1 - x - Σ (1 - x^(2^-k))² 2^-k over k ≥ 1) / 3, the share of the registers that are full.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	z, y := 1-x, 1.0
	for last := math.NaN(); z != last; {
		x = math.Sqrt(x)
		y *= 0.5
		last, z = z, z-(1-x)*(1-x)*y
	}
	return z / 3
}
