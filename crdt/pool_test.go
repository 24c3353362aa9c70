package crdt

import (
	"testing"

	"github.com/atollkv/atoll/clock"
)

// The counter of the table: node 7 had origins A and B, both folded by C:1 or not.
func TestPoolTable(t *testing.T) {
	raise := func(o clock.Origin, seq clock.Seq, total int64) func(*Header) {
		return func(h *Header) {
			h.Counter.Raise(Shard{Origin: o, Seq: seq, Time: clock.Timestamp(seq), Base: 1, Total: TotalOf(total)})
		}
	}
	fold := func(origins ...clock.Origin) func(*Header) {
		return func(h *Header) {
			h.Counter.Fold(func(o clock.Origin) (PoolID, bool) {
				for _, x := range origins {
					if x == o {
						return 7, true
					}
				}
				return 0, false
			})
		}
	}
	reset := func(saw ...clock.Dot) func(*Header) {
		return func(h *Header) {
			c := h.Deletion(nil)
			h.Apply(&c, tag(originC, 9, 99), ContextOf(dot(originC, 9), sawVector(saw...)))
		}
	}
	type steps []func(*Header)
	for name, c := range map[string]struct {
		do           steps
		sum          int64
		shards, pool int
	}{
		"folding keeps the sum":             {steps{raise(originA, 1, 5), raise(originB, 2, 3), fold(originA, originB)}, 8, 0, 1},
		"what is not folded stays a shard":  {steps{raise(originA, 1, 5), raise(originB, 2, 3), fold(originA)}, 8, 1, 1},
		"folding twice is folding once":     {steps{raise(originA, 1, 5), fold(originA), fold(originA)}, 5, 0, 1},
		"one origin after the other":        {steps{raise(originA, 1, 5), fold(originA), raise(originB, 2, 3), fold(originA, originB)}, 8, 0, 1},
		"a reset that saw the pool":         {steps{raise(originA, 1, 5), fold(originA), reset(dot(originA, 1))}, 0, 0, 0},
		"what came after a reset is pooled": {steps{raise(originA, 1, 5), fold(originA), reset(dot(originA, 1)), raise(originB, 2, 3), fold(originA, originB)}, 3, 0, 1},
		"a sum of nothing is still a pool":  {steps{raise(originA, 1, 5), raise(originB, 2, -5), fold(originA, originB)}, 0, 0, 1},
		"floors of folded origins go with it": {steps{raise(originA, 2, 7), func(h *Header) {
			h.Counter.Reset([]Floor{{Origin: originA, Seq: 1, Total: TotalOf(5)}}, dot(originC, 1))
		}, fold(originA)}, 2, 0, 1},
	} {
		var h Header
		for _, step := range c.do {
			step(&h)
		}
		x := h.Counter
		if got, _ := x.Sum().Int64(); got != c.sum || len(x.Shards) != c.shards || len(x.Pools) != c.pool || x.Live() != (c.shards+c.pool > 0) {
			t.Errorf("%s: sum %d, %+v", name, got, x)
		}
	}
}

func sawVector(dots ...clock.Dot) (v clock.VersionVector) {
	for _, d := range dots {
		v.Advance(d.Origin, d.Seq)
	}
	return v
}
