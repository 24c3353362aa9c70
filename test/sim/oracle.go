package sim

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/store/oplog"
)

// update is one write as the oracle knows it: its name, its rules' view of it a key,
// and what became of it. Its context is what the writer's vector said.
type update struct {
	id      int
	dot     clock.Dot
	stamp   clock.Timestamp
	saw     clock.VersionVector
	beyond  map[string]clock.VersionVector // what it saw of each of its keys
	node    *node
	ops     map[string]crdttest.Op
	durable bool
	acked   bool
	lost    bool // by a restored older disk
	late    bool // of a removed member, beyond its seal
	// again is the late update that this one issues again.
	again clock.Dot
}

type dot = clock.Dot

// record registers a write that the core has just made.
func (w *world) record(n *node, saw clock.VersionVector, ops map[string]crdttest.Op) *update {
	head := n.core.Head(n.core.Origin())
	u := &update{id: len(w.updates), dot: clock.Dot{Origin: head.Origin, Seq: head.Seq}, stamp: head.Time, saw: saw, node: n, ops: ops}
	if w.byDot[u.dot] != nil {
		w.fail("I-01", "the name %v was given twice", u.dot)
	}
	for _, v := range w.updates {
		if saw.Covers(v.dot) && v.stamp >= u.stamp {
			w.fail("I-02", "stamp %v of %v is not above %v of %v, which it saw", u.stamp, u.dot, v.stamp, v.dot)
		}
	}
	w.updates = append(w.updates, u)
	w.byDot[u.dot] = u
	return u
}

// visible returns the rules' operations on key that a version vector names.
func (w *world) visible(v clock.VersionVector, key string) []crdttest.Op {
	var ops []crdttest.Op
	for _, u := range w.updates {
		op, touches := u.ops[key]
		if !touches || !v.Covers(u.dot) {
			continue
		}
		op.ID, op.Time, op.Origin = u.id, uint64(u.stamp), uint64(u.dot.Origin)
		op.Saw = map[int]bool{}
		for _, s := range w.updates {
			if u.saw.Covers(s.dot) || u.beyond[key].Covers(s.dot) {
				op.Saw[s.id] = true
			}
		}
		ops = append(ops, op)
	}
	return ops
}

// check compares what every live node shows with the rules, and equal nodes with each
// other.
func (w *world) check() {
	for _, n := range w.nodes {
		if n.up && !w.failed() {
			w.checkNode(n)
		}
	}
	if !w.failed() {
		w.checkEqual()
	}
}

func (w *world) checkNode(n *node) {
	if !n.seen.LessEq(n.core.Vector()) {
		w.fail("I-04", "node %v was at %v before", n, n.seen)
	}
	n.seen = n.core.Vector()
	w.checkClock(n)
	w.checkSeals(n)
	var registers, values []string
	for _, key := range w.keys {
		holds, whole := n.core.VectorOf(fullKey(key))
		if !whole {
			continue // a transfer is in the middle of it
		}
		got, served := w.checkKey(n, key, holds)
		if w.failed() {
			return
		}
		if !served {
			continue
		}
		if isRegister(key) && !w.replayed[key] {
			w.check23(n, key, got.Siblings)
			registers, values = append(registers, key), append(values, got.Value)
		}
	}
	if !n.core.TransferState().Ahead { // else one key may show what another lacks
		w.history.read(n.process(), registers, values)
	}
}

// checkKey compares what a node shows of a key with the rules, at the vector that it holds
// of that key. served is false when it refuses, and rightly so.
func (w *world) checkKey(n *node, key string, holds clock.VersionVector) (got crdttest.View, served bool) {
	want := n.asSeen(crdttest.Spec(w.visible(holds, key)))
	got, card, err := n.look(key)
	if n.refuses(err, key) {
		sometimes.hit("read refused on damage")
		return got, false
	}
	switch {
	case err != nil:
		w.fail("I-33", "node %s: read %s: %v", n.id, key, err)
	case !reflect.DeepEqual(want, got):
		w.fail("I-10", "node %v shows for %s\n  %v, the rules give\n  %v", n, key, got, want)
	case want.Type == "set" && card != len(want.Members):
		w.fail("I-46", "node %v counts %d members of %s, there are %d", n, card, key, len(want.Members))
	case want.Type == "hash" && card != len(want.Fields):
		w.fail("I-46", "node %v counts %d fields of %s, there are %d", n, card, key, len(want.Fields))
	}
	if want.Type == "zset" && card != len(want.Scores) && !w.failed() {
		w.fail("I-46", "node %v counts %d members of %s, there are %d", n, card, key, len(want.Scores))
	}
	if want.Type == "list" && card != len(want.Items) && !w.failed() {
		w.fail("I-46", "node %v counts %d elements of %s, there are %d", n, card, key, len(want.Items))
	}
	if want.Bounded != "" && !w.failed() {
		w.checkBound(n, key, want.Bounded)
	}
	if want.Type == "stream" {
		sometimes.hit("stream shown")
		w.checkGroup(n, key, holds)
		w.checkCursors(n, key)
	}
	if want.Type == "hyperloglog" {
		sometimes.hit("HyperLogLog shown")
	}
	if want.Type == "list" {
		sometimes.hit("list shown")
	}
	if len(want.Items) > 0 && want.Type != "list" {
		sometimes.hit("list beside another type")
	}
	if len(want.Siblings) > 1 {
		sometimes.hit("register had siblings")
	}
	if len(want.Members) > 0 && want.Value != "" {
		sometimes.hit("type conflict")
	}
	if len(want.Fields) > 0 && (len(want.Members) > 0 || want.Value != "") {
		sometimes.hit("hash beside another type")
	}
	if len(want.Scores) > 0 && (len(want.Fields) > 0 || len(want.Members) > 0 || want.Value != "") {
		sometimes.hit("sorted set beside another type")
	}
	if want.Type == "zset" {
		sometimes.hit("sorted set shown")
	}
	if want.Type == "hash" {
		sometimes.hit("hash shown")
	}
	return got, true
}

// checkClock: nothing but this node's own past may have put its clock far ahead.
func (w *world) checkClock(n *node) {
	const slack = 100 * time.Millisecond
	last := n.hlc.Last()
	if n.hlc.Ahead(last) > maxOffset+slack && last.WallMillis() > n.floor(n.disk.latest.sortedHeads()).WallMillis() {
		w.fail("I-03", "clock of %s is %v ahead of its time", n.id, n.hlc.Ahead(last))
	}
	if n.hlc.Carries() > 0 {
		sometimes.hit("clock carried")
	}
}

// checkEqual: equal vectors, equal digests. Digests are dear, so a part of the chances
// is taken; at the end of a run all are.
func (w *world) checkEqual() {
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			if !w.settled && !w.roll(forDigest, a.number<<8|b.number).chance(25) {
				continue
			}
			if !a.up || !b.up || !a.core.Idle() || !b.core.Idle() || !a.core.Vector().Equal(b.core.Vector()) ||
				a.core.TransferState().Ahead || b.core.TransferState().Ahead || a.hurt() || b.hurt() {
				continue
			}
			da, err := a.digest()
			db, err2 := b.digest()
			if err != nil || err2 != nil {
				w.fail("I-33", "digest: %v %v", err, err2)
				return
			}
			if da.Sum != db.Sum || da.Cells != db.Cells {
				w.fail("I-09", "nodes %v and %v hold the same updates, their digests differ (%d and %d cells)", a, b, da.Cells, db.Cells)
				return
			}
			sometimes.hit("equal vectors compared")
		}
	}
}

// look reads a key through commands, as a client does.
func (n *node) look(key string) (v crdttest.View, card int, err error) {
	k := []byte(key)
	v.Type, v.Sum = "none", "0"
	r, err := n.read(inspect{key: k, view: &v})
	if err != nil {
		return v, 0, err
	}
	if v.Type == "string" {
		if r, err = n.read(command.Get{Key: k}); err != nil || !r.Found || string(r.Value) != v.Value {
			return v, 0, fmt.Errorf("GET gives %q (%v, %v), the header %q", r.Value, r.Found, err, v.Value)
		}
	}
	switch v.Type {
	case "set":
		r, err = n.read(command.SCard{Key: k})
	case "hash":
		r, err = n.read(command.HLen{Key: k})
	case "zset":
		if err := n.lookRanges(key, &v); err != nil {
			return v, 0, err
		}
		r, err = n.read(command.ZCard{Key: k})
	case "stream":
		card, err = n.lookStream(key, &v)
		return v, card, err
	case "hyperloglog":
		card = len(v.Ranks)
		return v, card, nil
	case "bcounter":
		if r, err = n.read(command.BGet{Key: k}); err == nil && !strings.HasPrefix(v.Bounded, fmt.Sprintf("%d ≥ ", r.Int)) {
			return v, 0, fmt.Errorf("GET gives %d, the cells %s", r.Int, v.Bounded)
		}
	case "list":
		card, err = n.lookList(key, &v)
		return v, card, err
	}
	return v, int(r.Int), err
}

func (n *node) read(c keyspace.Command) (keyspace.Reply, error) {
	r, _, err := n.core.Execute(placed([]keyspace.Command{c}))
	if err != nil {
		return keyspace.Reply{}, err
	}
	return r[0], nil
}

// inspect is a command that sees the whole of a key, hidden content included.
type inspect struct {
	key  []byte
	view *crdttest.View
}

func (inspect) Name() string     { return "INSPECT" }
func (c inspect) Keys() [][]byte { return [][]byte{c.key} }
func (inspect) Writes() bool     { return false }
func (c inspect) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	t, h, err := tx.Type(c.key)
	if err != nil {
		return keyspace.Reply{}, err
	}
	c.view.Type = t.String()
	c.view.SetExpiry(&h, t)
	for _, s := range h.Register.Siblings {
		c.view.Siblings = append(c.view.Siblings, string(s.Value))
	}
	c.view.Sum = h.Counter.Sum().String()
	if value, ok := h.Value(); ok {
		c.view.Value = string(value)
	}
	err = tx.Members(c.key, nil, func(m []byte) bool {
		c.view.Members = append(c.view.Members, string(m))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	err = tx.EachField(c.key, crdt.TypeHash, func(name []byte, f *crdt.Field) bool {
		c.view.Fields = append(c.view.Fields, crdttest.FieldView(string(name), *f))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	err = tx.EachField(c.key, crdt.TypeZSet, func(name []byte, f *crdt.Field) bool {
		c.view.Scores = append(c.view.Scores, crdttest.ScoreView(string(name), *f))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	accounts := map[string]crdt.Field{}
	err = tx.EachField(c.key, crdt.TypeBounded, func(name []byte, f *crdt.Field) bool {
		accounts[string(name)], err = crdt.DecodeField(f.Append(nil))
		return err == nil
	})
	if c.view.Bounded = crdttest.BoundedView(accounts); err != nil {
		return keyspace.Reply{}, err
	}
	err = tx.EachField(c.key, crdt.TypeSketch, func(name []byte, f *crdt.Field) bool {
		c.view.Ranks = append(c.view.Ranks, crdttest.RankView(string(name), *f))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	err = tx.EachField(c.key, crdt.TypeStream, func(name []byte, f *crdt.Field) bool {
		c.view.Stream = append(c.view.Stream, crdttest.EntryView(string(name), *f))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	err = tx.EachField(c.key, crdt.TypeGroups, func(name []byte, f *crdt.Field) bool {
		c.view.Groups = append(c.view.Groups, crdttest.ItemView(string(name), *f))
		return true
	})
	if err != nil {
		return keyspace.Reply{}, err
	}
	return keyspace.Reply{}, tx.EachField(c.key, crdt.TypeList, func(at []byte, f *crdt.Field) bool {
		c.view.Items = append(c.view.Items, crdttest.ItemView(string(at), *f))
		return true
	})
}

// checkShipped checks a frame that reached a node against what was written.
func (w *world) checkShipped(to *node, f *oplog.Frame) {
	for seq := f.First; seq <= f.Last(); seq++ {
		u := w.byDot[clock.Dot{Origin: f.Origin, Seq: seq}]
		switch {
		case u == nil:
			w.fail("I-13", "node %s was sent %v:%d, which nobody wrote, and took it", to.id, f.Origin, seq)
		case !u.durable:
			w.fail("I-11", "%v reached %s before it was durable at %s", u.dot, to.id, u.node.id)
		}
	}
}

// checkTruncation: the op log is truncated by what every member has, or had before an
// older copy was put in its disk's place.
func (w *world) checkTruncation(n *node, e clock.Entry) {
	for _, p := range w.nodes {
		if w.twin(p) != nil || n.stateOf(p.identity) == registry.Removed {
			continue // what one of two clones has acknowledged the other may lack
		}
		if p.reached.Get(e.Origin) < e.Seq {
			w.fail("I-19", "node %s truncates %v up to %d, %s never had more than %d", n.id, e.Origin, e.Seq, p.id, p.reached.Get(e.Origin))
		}
	}
}

// loseTail marks what goes with a disk that is replaced by an older copy: updates that
// no other node holds.
func (w *world) loseTail(n *node) {
	for _, u := range w.updates {
		held := slices.ContainsFunc(w.nodes, func(p *node) bool {
			return p != n && p.disk.durable.vector().Covers(u.dot)
		})
		if !held {
			u.lost = true
		}
	}
}

func (w *world) newOrigin(n *node) clock.Origin {
	d := n.roll(forOrigin)
	if w.planted.Has(mistake.OriginCounted) {
		d = diceOf(uint64(n.number), uint64(len(n.owned(0))))
	}
	o := clock.Origin(d.next() | 1)
	w.writers[o] = n.identity
	w.note("node %s takes origin %v", n.id, o)
	return o
}
