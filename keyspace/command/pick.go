package command

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// pick is one element that a random choice falls on: its place among the elements, and where it goes
// in the reply.
type pick struct{ place, slot int64 }

// picks chooses among n elements: count different ones, all if there are no more, or -count with
// repetitions. They ascend by place, so that one walk finds them.
func picks(count, n int64, seed uint64) []pick {
	dice := rand.New(rand.NewPCG(seed, 0))
	if count < 0 {
		return repeatedPicks(-count, n, dice)
	}
	count = min(count, n)
	list := make([]pick, 0, count)
	for place := int64(0); int64(len(list)) < count; place++ { // Knuth's algorithm S
		if dice.Int64N(n-place) < count-int64(len(list)) {
			list = append(list, pick{place, int64(len(list))})
		}
	}
	return list
}

func repeatedPicks(count, n int64, dice *rand.Rand) []pick {
	if n == 0 {
		return nil
	}
	list := make([]pick, count)
	for slot := range list {
		list[slot] = pick{dice.Int64N(n), int64(slot)}
	}
	slices.SortFunc(list, func(a, b pick) int { return cmp.Compare(a.place, b.place) })
	return list
}
