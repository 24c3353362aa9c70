package crdttest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
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
	seen   []int // ids of applied updates, in order
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
}

type history struct {
	rng      *rand.Rand
	kinds    []string
	replicas []*replica
	records  []record
	ops      []Op
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
	r.state.apply(&rec.change, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	r.vv.Advance(rec.dot.Origin, rec.dot.Seq)
	r.heads[rec.dot.Origin] = crdt.Context{Seen: rec.dep, Self: rec.dot}
	r.seen = append(r.seen, id)
	r.time = max(r.time, rec.tag.Time)
}

func (h *history) write(i int) string {
	r := h.replicas[i]
	// Now and then a writer takes a new origin, as after a restart.
	if h.rng.IntN(12) == 0 {
		r.origin = clock.Origin(h.rng.Uint64() | 1)
	}
	r.time = max(r.time+1, clock.Timestamp(1+h.rng.IntN(60)))
	dot := clock.Dot{Origin: r.origin, Seq: r.vv.Get(r.origin) + 1}
	rec := record{dot: dot, dep: r.vv.Without(r.origin), tag: crdt.Tag{Dot: dot, Time: r.time}}
	op := Op{ID: len(h.ops), Kind: h.kinds[h.rng.IntN(len(h.kinds))], Time: uint64(r.time), Origin: uint64(r.origin), Saw: map[int]bool{}}
	for _, id := range r.seen {
		op.Saw[id] = true
	}
	rec.change = h.command(r, &op, rec.tag)
	h.records, h.ops = append(h.records, rec), append(h.ops, op)
	h.apply(r, op.ID)
	return h.note("%d writes %d: %s %s %d", i, op.ID, op.Kind, op.Value, op.Delta)
}

// command does at a replica what the keyspace does for a client.
func (h *history) command(r *replica, op *Op, tag crdt.Tag) crdt.Change {
	head := &r.state.Header
	switch op.Kind {
	case "set":
		op.Value = "v" + strconv.Itoa(op.ID)
		if h.rng.IntN(2) == 0 {
			op.Value = strconv.Itoa(op.ID * 1000)
		}
		return head.Assignment(nil, []byte(op.Value))
	case "del":
		return head.Deletion(nil)
	case "incr":
		op.Delta = int64(h.rng.IntN(21) - 10)
		s := head.Counter.Increment(op.Delta, tag)
		return crdt.Change{Increment: &crdt.Increment{Base: s.Base, Total: s.Total, Delta: crdt.TotalOf(op.Delta)}}
	case "sadd":
		op.Value = string(rune('a' + h.rng.IntN(3)))
		return crdt.Change{Adds: [][]byte{[]byte(op.Value)}}
	default:
		op.Value = string(rune('a' + h.rng.IntN(3)))
		_, there := r.state.Members[op.Value]
		empty := len(r.state.Members) == 0 || len(r.state.Members) == 1 && there
		return crdt.Change{Removes: [][]byte{[]byte(op.Value)}, Unclaim: empty}
	}
}

func (r *replica) context(o clock.Origin) crdt.Context { return r.heads[o] }

func (r *replica) canonical() State {
	s := r.state.clone()
	s.Header = s.Header.Canonical(r.context)
	return s
}

func (r *replica) bytes() []byte { return r.state.bytes(r.context) }

func (h *history) check() error {
	for i, r := range h.replicas {
		var visible []Op
		for _, id := range r.seen {
			visible = append(visible, h.ops[id])
		}
		if want, got := Spec(visible), r.state.look(); !reflect.DeepEqual(want, got) {
			return fmt.Errorf("replica %d shows\n %v, the rules give\n %v", i, got, want)
		}
		if err := r.state.roundTrip(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
	}
	for i, a := range h.replicas {
		for j, b := range h.replicas[:i] {
			if a.vv.Equal(b.vv) && !bytes.Equal(a.bytes(), b.bytes()) {
				return fmt.Errorf("replicas %d and %d hold the same updates, but\n %x\n %x", i, j, a.bytes(), b.bytes())
			}
			if err := h.checkMerge(a, b); err != nil {
				return fmt.Errorf("replicas %d and %d: %w", i, j, err)
			}
		}
	}
	return h.checkAssociative()
}

// checkMerge compares merging states with applying the missing updates.
func (h *history) checkMerge(a, b *replica) error {
	both := h.mergeByUpdates(a, b)
	want := both.bytes()
	if got := h.mergeByState(a, b).bytes(both.context); !bytes.Equal(got, want) {
		return fmt.Errorf("merged states\n %x, merged updates\n %x", got, want)
	}
	if got := h.mergeByState(b, a).bytes(both.context); !bytes.Equal(got, want) {
		return fmt.Errorf("merge does not commute:\n %x\n %x", got, want)
	}
	if got := h.mergeByState(a, a).bytes(a.context); !bytes.Equal(got, a.bytes()) {
		return fmt.Errorf("merge is not idempotent:\n %x\n %x", got, a.bytes())
	}
	return nil
}

func (h *history) mergeByState(a, b *replica) State {
	return merge(a.canonical(), b.canonical(), crdt.Vectors{Ours: a.vv, Theirs: b.vv})
}

func (h *history) mergeByUpdates(a, b *replica) *replica {
	out := &replica{vv: a.vv, heads: maps.Clone(a.heads), state: a.state.clone(), seen: slices.Clone(a.seen)}
	for _, id := range b.seen {
		h.deliver(out, id)
	}
	return out
}

func (h *history) checkAssociative() error {
	if len(h.replicas) < 3 {
		return nil
	}
	a, b, c := h.replicas[0], h.replicas[1], h.replicas[2]
	ab := h.mergeByUpdates(a, b)
	all := h.mergeByUpdates(ab, c)
	bc := h.mergeByUpdates(b, c)
	settle := func(s State, by *replica) State {
		s.Header = s.Header.Canonical(by.context)
		return s
	}
	left := merge(settle(h.mergeByState(a, b), ab), c.canonical(), crdt.Vectors{Ours: ab.vv, Theirs: c.vv})
	right := merge(a.canonical(), settle(h.mergeByState(b, c), bc), crdt.Vectors{Ours: a.vv, Theirs: bc.vv})
	if l, r := left.bytes(all.context), right.bytes(all.context); !bytes.Equal(l, r) {
		return fmt.Errorf("merge is not associative:\n %x\n %x", l, r)
	}
	return nil
}
