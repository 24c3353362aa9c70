package sim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// event is something that happens at a virtual time; ties are broken by the seed.
type event struct {
	at  time.Duration
	tie uint64
	do  func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].tie < h[j].tie
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// timeline is the virtual time of a run.
type timeline struct {
	now    time.Duration
	rng    *rand.Rand
	events eventHeap
	played int
}

// after schedules do; it runs in d of virtual time.
func (t *timeline) after(d time.Duration, do func()) {
	heap.Push(&t.events, event{t.now + d, t.rng.Uint64(), do})
}

// run plays events until the virtual time end, or until stop says so.
func (t *timeline) run(end time.Duration, stop func() bool) {
	for len(t.events) > 0 && t.events[0].at <= end && !stop() {
		e := heap.Pop(&t.events).(event)
		t.now = e.at
		t.played++
		e.do()
	}
	if !stop() {
		t.now = end
	}
}

// between draws a duration from [lo, hi).
func (t *timeline) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(t.rng.Int64N(int64(hi-lo)))
}

// chance is true in p of 100 cases.
func (t *timeline) chance(p int) bool { return t.rng.IntN(100) < p }
