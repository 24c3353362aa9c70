package keyspace_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// onceHistory is a random history of operations with ids in three regions: first attempts and retries within a window,
// logs that arrive in part, state that is taken over, goes on with another donor, or is handed on in the middle, starts,
// leaps of clocks, and long times in which nothing arrives.
type onceHistory struct {
	t       *testing.T
	rng     *rand.Rand
	nodes   []*restarter
	now     time.Duration
	first   map[string]time.Duration // when an operation was first tried
	ids     []string
	counted map[string]bool // operations that were done
	log     []string
}

func (h *onceHistory) say(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf("%v ", h.now)+fmt.Sprintf(format, args...))
}

func (h *onceHistory) pass(d time.Duration) {
	for _, r := range h.nodes {
		r.pass(d)
	}
	h.now += d
}

func (h *onceHistory) idle(d time.Duration) {
	for ; d > 0; d -= time.Minute {
		h.pass(min(d, time.Minute))
		for _, r := range h.nodes {
			r.tick(h.t)
		}
	}
}

func (h *onceHistory) attempt(r *restarter, id string, retry bool) {
	err := r.attempt(id, retry)
	if err == nil {
		h.counted[id] = true
	}
	h.say("%s %s, retry %v: %v", r.name, id, retry, err)
}

// accept is what an operator does about clocks that are ahead.
func (h *onceHistory) accept(r *restarter) {
	for _, from := range h.nodes {
		r.hlc.Accept(from.hlc.Last())
	}
}

// hear merges what a node has written, or the first part of it.
func (h *onceHistory) hear(r, from *restarter, upTo int) {
	h.accept(r)
	for _, f := range from.frames[:upTo] {
		if f.Last() > r.Head(f.Origin).Seq && f.Origin != r.Origin() {
			r.Merge(reread(h.t, f), func(error) {})
		}
	}
	r.commit()
	h.say("%s hears %d of %s", r.name, upTo, from.name)
}

// takeOver takes over the state of a node, or goes on with it, as far as it comes.
func (h *onceHistory) takeOver(r, from *restarter, whole bool) {
	h.accept(r)
	s := from.snapshot(h.t)
	declared, err := s.Declared()
	if err != nil {
		h.t.Fatal(err)
	}
	begin := keyspace.TransferBegin{Heads: s.Heads(), Ends: s.Ends(), Declared: declared}
	if st := r.TransferState(); st.Active && !whole && h.rng.IntN(10) < 7 {
		if st.Done == 1 {
			r.step(h.t, keyspace.TransferEnd{})
			return
		}
		begin.After = st.Position
	}
	_, err = r.Transfer(begin)
	r.commit()
	for size := 1 + h.rng.IntN(2)*200; err == nil && r.TransferState().Done < 1; {
		if !whole && h.rng.IntN(6) == 0 {
			h.say("%s breaks off with %s at %x", r.name, from.name, r.TransferState().Position)
			return
		}
		ch, err := s.Next(r.TransferState().Position, size)
		if err != nil {
			h.t.Fatal(err)
		}
		r.step(h.t, keyspace.TransferChunk{Chunk: ch})
	}
	if h.say("%s takes over %s: %v", r.name, from.name, err); err == nil && (whole || h.rng.IntN(5) > 0) {
		r.step(h.t, keyspace.TransferEnd{})
	}
}

func (h *onceHistory) step() {
	r, from := h.nodes[h.rng.IntN(3)], h.nodes[h.rng.IntN(3)]
	switch k := h.rng.IntN(20); {
	case k < 4:
		id := fmt.Sprint("x", len(h.ids))
		h.ids, h.first[id] = append(h.ids, id), h.now
		h.attempt(r, id, false)
	case k < 8 && len(h.ids) > 0:
		id := h.ids[len(h.ids)-1-h.rng.IntN(min(3, len(h.ids)))]
		if h.now-h.first[id] < 5*time.Minute {
			h.attempt(r, id, true)
		}
	case k < 11 && r != from:
		upTo := len(from.frames)
		if h.rng.IntN(3) == 0 {
			upTo = h.rng.IntN(upTo + 1)
		}
		h.hear(r, from, upTo)
	case k < 13 && r != from:
		h.takeOver(r, from, false)
	case k < 14:
		if h.rng.IntN(2) == 0 {
			r.wall.ahead = time.Duration(h.rng.IntN(100)-50) * time.Hour
		}
		h.say("%s starts with its clock ahead by %v", r.name, r.wall.ahead)
		r.restart()
	case k < 15:
		r.do(h.t, command.Set{Key: b("other"), Value: b("v")})
		r.commit()
	case k < 17:
		h.pass(time.Duration(h.rng.IntN(120)) * time.Second)
	case k < 18:
		h.idle(time.Duration(h.rng.IntN(40)) * time.Minute)
	default:
		r.tick(h.t)
	}
}

// heal lets everybody hear of everybody, by log or by state.
func (h *onceHistory) heal(rounds int) {
	for range rounds {
		h.pass(time.Minute)
		for _, r := range h.nodes {
			for _, from := range h.nodes {
				if r == from {
					continue
				}
				if h.hear(r, from, len(from.frames)); r.TransferState().Active || !from.Vector().LessEq(r.Vector()) {
					h.takeOver(r, from, true)
				}
			}
			r.tick(h.t)
		}
	}
}

func (h *onceHistory) check(what string, ok func(*restarter) bool) {
	h.t.Helper()
	for _, r := range h.nodes {
		if !ok(r) {
			for _, line := range h.log {
				h.t.Log(line)
			}
			h.t.Fatalf("%s: %s shows %q, %d operations were done; %+v", what, r.name, r.value(h.t), len(h.counted), r.Once())
		}
	}
}

// Whatever happens between them, the attempts of an operation count once. When all are in reach again, everything about
// them is forgotten, and nobody goes on writing.
func TestRandomHistoriesOfOperations(t *testing.T) {
	for seed := uint64(1); seed <= histories(600); seed++ {
		h := &onceHistory{t: t, rng: rand.New(rand.NewPCG(seed, 7)), nodes: newRestarters(t, "ap", "eu", "us"), first: map[string]time.Duration{}, counted: map[string]bool{}}
		h.say("seed %d", seed)
		for range 20 + h.rng.IntN(120) {
			h.step()
		}
		h.heal(10)
		want := ""
		if n := len(h.counted); n > 0 {
			want = fmt.Sprint(5 * n)
		}
		h.check("counted", func(r *restarter) bool { return r.value(t) == want })
		for i := range 6 { // what a start has found stays until somebody writes
			h.attempt(h.nodes[i%3], fmt.Sprint("end", i), false)
			h.heal(4)
		}
		h.heal(20)
		h.check("forgotten", func(r *restarter) bool { return r.onceCells() == 0 })
		written := func() (n int) {
			for _, r := range h.nodes {
				n += len(r.frames)
			}
			return n
		}
		before := written()
		h.heal(30)
		if n := written() - before; n >= 30 { // some origins end late, by clocks that were set back
			t.Fatalf("seed %d: %d frames while nothing happens", seed, n)
		}
	}
}
