package sim

import (
	"container/heap"
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
	seed   uint64
	events eventHeap
	played int
	// rolls counts the decisions of one instant, so that no two are the same.
	rolls   map[[2]int]uint64
	rollsAt time.Duration
}

// roll returns the dice for a decision of the present instant about who.
func (t *timeline) roll(what purpose, who int) *dice {
	if t.rolls == nil || t.rollsAt != t.now {
		clear(t.rolls)
		if t.rolls == nil {
			t.rolls = map[[2]int]uint64{}
		}
		t.rollsAt = t.now
	}
	key := [2]int{int(what), who}
	t.rolls[key]++
	return diceOf(t.seed, uint64(what), uint64(who), uint64(t.now), t.rolls[key])
}

// after schedules do; it runs in d of virtual time.
func (t *timeline) after(d time.Duration, do func()) {
	heap.Push(&t.events, event{t.now + d, t.roll(forTie, 0).next(), do})
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
