package crdttest

import (
	"bytes"
	"fmt"
	"maps"
	"math"
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

// command does at a replica what the keyspace does for a client: to a key that has ended it writes as if
// it had been deleted first.
func (h *history) command(r *replica, op *Op, rec *record) crdt.Change {
	r.state.fold(h.folds.At(r.vv))
	now := int64(r.time)
	gone, _ := r.state.Header.Gone(now, r.state.holdsAt(now))
	h.drawKind(op, &r.state, gone, now)
	h.drawFieldEnd(op, &r.state, gone, now)
	op.Prepare(h.seen(r), now)
	if !gone || op.Kind == "set" || op.Kind == "del" {
		c := h.commandOn(&r.state, op, rec)
		if op.Kind == "srem" || op.Kind == "hdel" {
			h.emptied(&r.state, &c, rec, now)
		}
		return c
	}
	clear := r.state.deletion(r.state.Header.Deletion(nil))
	after := r.state.clone()
	after.apply(&clear, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	return inOne(clear, h.commandOn(&after, op, rec))
}

// drawKind makes of a command one that changes something, and draws the time of one that sets any.
func (h *history) drawKind(op *Op, s *State, gone bool, now int64) {
	shown, _ := s.Header.Shown(s.holdsAt(now))
	op.Field, op.Value = "", ""
	switch op.Kind {
	case "hset", "hincr", "hdel", "hsetex", "hexpire", "hpersist":
		op.Field = string(rune('p' + h.rng.IntN(3)))
	case "sadd", "srem":
		op.Value = string(rune('a' + h.rng.IntN(3)))
	}
	switch op.Kind {
	case "srem", "hdel":
		if gone {
			op.Kind = "del"
		}
	case "void":
		if gone {
			op.Kind = "del"
		}
	case "expire", "persist":
		if op.Until = 0; op.Kind == "expire" {
			op.Until = now + 1 + int64(h.rng.IntN(40))
		}
		if op.Kind = "expire"; gone || shown == crdt.TypeNone {
			op.Kind = "del"
		}
	case "setex":
		op.Kind, op.Until = "set", now+1+int64(h.rng.IntN(40))
	case "keepttl":
		op.Kind, op.Until = "set", s.Header.Until(shown)
		if gone {
			op.Until = 0
		}
	}
}

// drawFieldEnd makes of a command about the end of a field one that changes something, and draws its time.
func (h *history) drawFieldEnd(op *Op, s *State, gone bool, now int64) {
	f := s.Fields[op.Field]
	switch op.Kind {
	case "hsetex":
		op.Kind, op.Until = "hset", now+1+int64(h.rng.IntN(40))
	case "hexpire", "hpersist":
		if op.Until = 0; op.Kind == "hexpire" {
			op.Until = now + 1 + int64(h.rng.IntN(40))
		}
		switch {
		case gone:
			op.Kind = "del"
		case !f.Live() || f.Gone(now):
			op.Kind = "hdel"
		default:
			op.Kind = "hexpire"
		}
	}
}

// inOne joins the deletion of a key with what the same update writes after it.
func inOne(clear, c crdt.Change) crdt.Change {
	c.Clear, c.Floors = true, clear.Floors
	for _, f := range clear.Fields {
		i, there := slices.BinarySearchFunc(c.Fields, f.Name, func(x crdt.FieldChange, name []byte) int { return bytes.Compare(x.Name, name) })
		if there {
			c.Fields[i].Clear, c.Fields[i].Floors = true, f.Floors
		} else {
			c.Fields = slices.Insert(c.Fields, i, f)
		}
	}
	return c
}

// seen returns the operations that a replica has applied.
func (h *history) seen(r *replica) (ops []Op) {
	for _, id := range r.seen {
		ops = append(ops, h.ops[id])
	}
	return ops
}

func (h *history) commandOn(s *State, op *Op, rec *record) crdt.Change {
	head, tag := &s.Header, rec.tag
	switch op.Kind {
	case "set":
		op.Value = h.value(op)
		c := s.deletion(head.Assignment(nil, []byte(op.Value)))
		if op.Until > 0 {
			c.Expiry = &crdt.Expiry{At: op.Until}
		}
		return c
	case "del":
		return s.deletion(head.Deletion(nil))
	case "incr":
		op.Delta = int64(h.rng.IntN(21) - 10)
		x := head.Counter.Increment(crdt.TotalOf(op.Delta), tag)
		return crdt.Change{Increment: &crdt.Increment{Base: x.Base, Total: x.Total, Delta: crdt.TotalOf(op.Delta)}}
	case "sadd":
		return crdt.Change{Adds: [][]byte{[]byte(op.Value)}}
	case "fincr":
		op.Score = float64(h.rng.IntN(161)-80) / 8
		x := head.Counter.Increment(crdt.TotalOfFloat(op.Score), tag)
		return crdt.Change{Increment: &crdt.Increment{Base: x.Base, Total: x.Total, Delta: crdt.TotalOfFloat(op.Score)}}
	case "expire":
		return crdt.Change{Expiry: head.Expire(op.Until)}
	case "hset", "hincr", "hdel", "hexpire":
		return h.fieldCommand(s, op, rec)
	case "zadd", "zincr", "zrem":
		return h.scoreCommand(s, op, tag)
	case "void":
		return h.voidCommand(s, op, tag)
	case "pfadd":
		return h.sketchCommand(s, op)
	case "gput", "gdrop":
		return h.groupCommand(s, op)
	case "xadd", "xdel":
		return h.streamCommand(s, op, tag)
	case "bcreate", "badd", "bgrant":
		return h.boundedCommand(s, op, tag)
	case "push", "linsert", "lset", "lrem":
		return h.listCommand(s, op, tag)
	default:
		_, there := s.Members[op.Value]
		empty := len(s.Members) == 0 || len(s.Members) == 1 && there
		return crdt.Change{Removes: [][]byte{[]byte(op.Value)}, Unclaim: empty}
	}
}

// emptied adds to a change what it means for the deadlines that it leaves nothing of the key.
func (h *history) emptied(s *State, c *crdt.Change, rec *record, now int64) {
	after := s.clone()
	after.apply(c, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	if t, _ := after.Header.Shown(after.holdsAt(now)); t == crdt.TypeNone && len(after.Header.Expiry) > 0 {
		c.Expiry = &crdt.Expiry{None: true}
	}
}

func (h *history) value(op *Op) string {
	if h.rng.IntN(2) == 0 {
		return strconv.Itoa(op.ID * 1000)
	}
	return "v" + strconv.Itoa(op.ID)
}

// scores are numbers that add up to others than their float64 sums, or to none at all.
var scores = []float64{0, 1, -1, 0.1, 1.1, -4.1, 2.5, 1e16, -1e300, math.MaxFloat64, 5e-324, math.Inf(1), math.Inf(-1)}

func (h *history) scoreCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	f := s.Scores[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field)}
	empties := false
	switch op.Kind {
	case "zadd":
		op.Score = scores[h.rng.IntN(len(scores))]
		change.Edit = f.Assignment(crdt.AppendScore(nil, op.Score))
	case "zincr":
		op.Score = scores[h.rng.IntN(len(scores)-2)]
		change.Edit.Add(&f.Counter, crdt.TotalOfFloat(op.Score), tag)
	default:
		change.Edit = f.Deletion()
		live := liveOf(s.Scores)
		empties = len(live) == 0 || len(live) == 1 && live[0] == op.Field
	}
	return crdt.Change{Scores: []crdt.FieldChange{change}, UnclaimZSet: empties}
}

// listCommand writes to a list. To the specification an insertion is an assignment at a new
// position.
func (h *history) listCommand(s *State, op *Op, tag crdt.Tag) crdt.Change {
	live, kind := liveOf(s.Items), op.Kind
	at := 0
	if len(live) > 0 {
		at = h.rng.IntN(len(live))
	} else if kind != "lrem" {
		kind = "push"
	}
	op.Kind, op.Value = "lset", h.value(op)
	switch kind {
	case "push", "linsert":
		op.Field = string(h.place(live, at, kind, tag))
	case "lrem":
		op.Kind = "lrem"
		if len(live) == 0 {
			return crdt.Change{UnclaimList: true}
		}
		fallthrough
	default:
		op.Field = live[at]
	}
	f := s.Items[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field), Edit: crdt.ItemEdit(&f, []byte(op.Value))}
	if op.Kind == "lrem" {
		change.Edit = f.Deletion()
	}
	return crdt.Change{Items: []crdt.FieldChange{change}, UnclaimList: op.Kind == "lrem" && len(live) == 1}
}

// place returns a position for a new element: at an end, or behind another.
func (h *history) place(live []string, after int, kind string, tag crdt.Tag) (p crdt.Position) {
	var err error
	x := crdt.Insertion{Tag: tag}
	switch front := h.rng.IntN(2) == 0; {
	case len(live) == 0:
		p, err = x.Back(nil)
	case kind == "push" && front:
		p, err = x.Front(crdt.Position(live[0]))
	case kind == "push":
		p, err = x.Back(crdt.Position(live[len(live)-1]))
	case after+1 < len(live):
		p, err = x.Between(crdt.Position(live[after]), crdt.Position(live[after+1]))
	default:
		p, err = x.Between(crdt.Position(live[after]), nil)
	}
	if err != nil {
		panic(err)
	}
	return p
}

func (h *history) fieldCommand(s *State, op *Op, rec *record) crdt.Change {
	f := s.Fields[op.Field]
	change := crdt.FieldChange{Name: []byte(op.Field)}
	if op.ClearsField {
		change.Edit = f.Deletion()
		f.Apply(&change.Edit, rec.tag, crdt.ContextOf(rec.dot, rec.dep))
	}
	switch op.Kind {
	case "hset":
		before := s.Fields[op.Field]
		op.Value = h.value(op)
		change.Edit = before.Assignment([]byte(op.Value))
		if op.Until > 0 {
			change.Expiry = &crdt.Expiry{At: op.Until}
		}
	case "hincr":
		op.Delta = int64(h.rng.IntN(21) - 10)
		change.Edit.Add(&f.Counter, crdt.TotalOf(op.Delta), rec.tag)
	case "hexpire":
		change.Expiry = f.Expire(op.Until)
	default:
		return deleteField(s, op.Field)
	}
	return crdt.Change{Fields: []crdt.FieldChange{change}}
}

// deleteField deletes a field. With the last one what is left over of deadlines of others goes too.
func deleteField(s *State, name string) crdt.Change {
	f, live := s.Fields[name], liveOf(s.Fields)
	c := crdt.Change{Fields: []crdt.FieldChange{{Name: []byte(name), Edit: f.Deletion()}}}
	if c.UnclaimHash = len(live) == 0 || len(live) == 1 && live[0] == name; !c.UnclaimHash {
		return c
	}
	for other, f := range s.Fields {
		if other != name && len(f.Expiry) > 0 {
			c.Fields = append(c.Fields, crdt.FieldChange{Name: []byte(other), Edit: f.Deletion()})
		}
	}
	slices.SortFunc(c.Fields, func(a, b crdt.FieldChange) int { return bytes.Compare(a.Name, b.Name) })
	return c
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

func (h *history) check() error {
	for i, r := range h.replicas {
		var visible []Op
		for _, id := range r.seen {
			visible = append(visible, h.ops[id])
		}
		if want, got := Spec(visible), r.state.look(); !reflect.DeepEqual(want, got) {
			return fmt.Errorf("replica %d shows\n %v, the rules give\n %v", i, got, want)
		}
		if err := r.state.checkBound(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
		if err := r.state.checkStream(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
		if err := r.state.roundTrip(); err != nil {
			return fmt.Errorf("replica %d: %w", i, err)
		}
	}
	for i, a := range h.replicas {
		for j, b := range h.replicas[:i] {
			if a.vv.Equal(b.vv) && !bytes.Equal(h.bytes(a), h.bytes(b)) {
				return fmt.Errorf("replicas %d and %d hold the same updates, but\n %x\n %x", i, j, h.bytes(a), h.bytes(b))
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
	want := h.bytes(both)
	if got := h.mergeByState(a, b).bytes(h.knowledge(both)); !bytes.Equal(got, want) {
		return fmt.Errorf("merged states\n %x, merged updates\n %x", got, want)
	}
	if got := h.mergeByState(b, a).bytes(h.knowledge(both)); !bytes.Equal(got, want) {
		return fmt.Errorf("merge does not commute:\n %x\n %x", got, want)
	}
	if got := h.mergeByState(a, a).bytes(h.knowledge(a)); !bytes.Equal(got, h.bytes(a)) {
		return fmt.Errorf("merge is not idempotent:\n %x\n %x", got, h.bytes(a))
	}
	return nil
}

func (h *history) mergeByState(a, b *replica) State {
	return merge(h.canonical(a), h.canonical(b), h.vectors(a.vv, b.vv))
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
	left := merge(h.settle(h.mergeByState(a, b), ab), h.canonical(c), h.vectors(ab.vv, c.vv))
	right := merge(h.canonical(a), h.settle(h.mergeByState(b, c), bc), h.vectors(a.vv, bc.vv))
	if l, r := left.bytes(h.knowledge(all)), right.bytes(h.knowledge(all)); !bytes.Equal(l, r) {
		return fmt.Errorf("merge is not associative:\n %x\n %x", l, r)
	}
	return nil
}
