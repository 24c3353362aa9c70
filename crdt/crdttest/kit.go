package crdttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Alphabet is what the writers of a history do, by relative frequency.
type Alphabet map[string]int

// Tester is the part of testing.TB that the kit needs.
type Tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Run plays histories seeds 1…n and fails t at the first law that does not hold; the
// message names the seed.
func Run(t Tester, n int, a Alphabet) {
	t.Helper()
	for seed := 1; seed <= n; seed++ {
		if err := Play(uint64(seed), a); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
			return
		}
	}
}

// Play runs one history and returns the first violation.
func Play(seed uint64, a Alphabet) error {
	h := newHistory(seed, a)
	steps := 8 + h.rng.IntN(32)
	for step := range steps {
		did := h.step()
		if err := h.check(); err != nil {
			return fmt.Errorf("step %d (%s): %w\n%s", step, did, err, h.trace)
		}
	}
	return nil
}

type replica struct {
	origin clock.Origin
	closed []clock.Origin // earlier origins, not folded
	seen   []int          // ids of applied updates, in order
	vv     clock.VersionVector
	heads  map[clock.Origin]crdt.Context
	state  State
	time   clock.Timestamp
}

type record struct {
	dot    clock.Dot
	dep    clock.VersionVector
	tag    crdt.Tag
	change crdt.Change
	folds  clock.Origin // a record that folds an origin changes nothing
}

type history struct {
	rng      *rand.Rand
	kinds    []string
	replicas []*replica
	records  []record
	ops      []Op
	folds    *crdt.Folds
	trace    string
}

func newHistory(seed uint64, a Alphabet) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 1))}
	for _, kind := range slices.Sorted(maps.Keys(a)) {
		for range a[kind] {
			h.kinds = append(h.kinds, kind)
		}
	}
	for range 2 + h.rng.IntN(3) {
		h.replicas = append(h.replicas, &replica{origin: clock.Origin(h.rng.Uint64() | 1), heads: map[clock.Origin]crdt.Context{}})
	}
	return h
}

// step lets a replica write or receive.
func (h *history) step() string {
	r := h.rng.IntN(len(h.replicas))
	if h.rng.IntN(2) == 0 {
		for range 4 {
			if id := h.rng.IntN(len(h.records) + 1); id < len(h.records) && h.deliver(h.replicas[r], id) {
				return h.note("%d receives %d", r, id)
			}
		}
	}
	return h.write(r)
}

func (h *history) note(format string, args ...any) string {
	s := fmt.Sprintf(format, args...)
	h.trace += s + "\n"
	return s
}

// deliver applies a record if causal order allows it.
func (h *history) deliver(r *replica, id int) bool {
	rec := h.records[id]
	if r.vv.Get(rec.dot.Origin) != rec.dot.Seq-1 || !rec.dep.LessEq(r.vv) {
		return false
	}
	h.apply(r, id)
	return true
}

func (h *history) apply(r *replica, id int) {
	rec := h.records[id]
	if rec.folds == 0 {
		r.state.fold(h.folds.At(r.vv))
		r.state.apply(&rec.change, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	}
	r.vv.Advance(rec.dot.Origin, rec.dot.Seq)
	r.heads[rec.dot.Origin] = crdt.Context{Seen: rec.dep, Self: rec.dot}
	r.seen = append(r.seen, id)
	r.time = max(r.time, rec.tag.Time)
}

func (h *history) write(i int) string {
	r := h.replicas[i]
	// Now and then a writer takes a new origin, as after a restart.
	if h.rng.IntN(12) == 0 {
		if r.vv.Get(r.origin) > 0 {
			r.closed = append(r.closed, r.origin)
		}
		r.origin = clock.Origin(h.rng.Uint64() | 1)
	}
	r.time = max(r.time+1, clock.Timestamp(1+h.rng.IntN(60)))
	dot := clock.Dot{Origin: r.origin, Seq: r.vv.Get(r.origin) + 1}
	rec := record{dot: dot, dep: r.vv.Without(r.origin), tag: crdt.Tag{Dot: dot, Time: r.time}}
	op := Op{ID: len(h.ops), Kind: h.kinds[h.rng.IntN(len(h.kinds))], Time: uint64(r.time), Origin: uint64(r.origin), Saw: map[int]bool{}}
	for _, id := range r.seen {
		op.Saw[id] = true
	}
	if o := h.foldable(r); o != 0 {
		op.Kind, rec.folds = "fold", o
		pool := crdt.PoolOf(crdt.Declaration{Node: strconv.Itoa(i)})
		h.folds = h.folds.With(crdt.Folding{Origin: o, Pool: pool, By: []clock.Dot{dot}})
	} else {
		rec.change = h.command(r, &op, &rec)
	}
	h.records, h.ops = append(h.records, rec), append(h.ops, op)
	h.apply(r, op.ID)
	return h.note("%d writes %d at %d: %s %s %s %d %v until %d clears %v", i, op.ID, r.time, op.Kind, op.Field, op.Value, op.Delta, op.Score, op.Until, op.Clears)
}

// foldable returns an earlier origin of r that can be folded: every replica has seen it to
// its end, and r has seen every update whose writer had not.
func (h *history) foldable(r *replica) clock.Origin {
	for i, o := range r.closed {
		end := clock.Dot{Origin: o, Seq: r.vv.Get(o)}
		unseen := func(rec record) bool {
			return !r.vv.Covers(rec.dot) && (!crdt.ContextOf(rec.dot, rec.dep).Covers(end) || rec.annuls(o))
		}
		ready := !slices.ContainsFunc(h.replicas, func(x *replica) bool { return !x.vv.Covers(end) })
		if ready && !slices.ContainsFunc(h.records, unseen) {
			r.closed = slices.Delete(r.closed, i, i+1)
			return o
		}
	}
	return 0
}

// seen returns the operations that a replica has applied.
func (h *history) seen(r *replica) (ops []Op) {
	for _, id := range r.seen {
		ops = append(ops, h.ops[id])
	}
	return ops
}

func (h *history) knowledge(r *replica) crdt.Knowledge {
	return crdt.Knowledge{Seen: func(o clock.Origin) crdt.Context { return r.heads[o] }, Folded: h.folds.At(r.vv)}
}

func (h *history) vectors(a, b clock.VersionVector) crdt.Vectors {
	return crdt.Vectors{Ours: a, Theirs: b, Folds: h.folds}
}

func (h *history) canonical(r *replica) State { return h.settle(r.state, r) }

func (h *history) settle(s State, by *replica) State { return s.canonical(h.knowledge(by)) }

func (h *history) bytes(r *replica) []byte { return r.state.bytes(h.knowledge(r)) }
