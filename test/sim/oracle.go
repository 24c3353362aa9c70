package sim

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/oplog"
)

// update is one write as the oracle knows it: its name, its rules' view of it a key,
// and what became of it. Its context is what the writer's vector said.
type update struct {
	id      int
	dot     clock.Dot
	stamp   clock.Timestamp
	saw     clock.VersionVector
	node    *node
	ops     map[string]crdttest.Op
	durable bool
	acked   bool
	lost    bool // by a restored older disk
}

// record registers a write that the core has just made.
func (w *world) record(n *node, saw clock.VersionVector, ops map[string]crdttest.Op) *update {
	head := n.core.Head(n.core.Origin())
	u := &update{id: len(w.updates), dot: clock.Dot{Origin: head.Origin, Seq: head.Seq}, stamp: head.Time, saw: saw, node: n, ops: ops}
	for _, v := range w.updates {
		if v.dot == u.dot {
			w.fail("I-01: the name %v was given twice", u.dot)
		}
		if saw.Covers(v.dot) && v.stamp >= u.stamp {
			w.fail("I-02: stamp %v of %v is not above %v of %v, which it saw", u.stamp, u.dot, v.stamp, v.dot)
		}
	}
	w.updates = append(w.updates, u)
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
			if u.saw.Covers(s.dot) {
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
		if !n.up || w.failed() {
			continue
		}
		for _, key := range w.keys {
			want := crdttest.Spec(w.visible(n.core.Vector(), key))
			got, card, err := n.look(key)
			if err != nil {
				w.fail("node %s: read %s: %v", n.id, key, err)
				return
			}
			if !reflect.DeepEqual(want, got) {
				w.fail("I-10: node %v shows for %s\n  %v, the rules give\n  %v", n, key, got, want)
				return
			}
			if len(want.Siblings) > 1 {
				sometimes.hit("register had siblings")
			}
			if len(want.Members) > 0 && want.Value != "" {
				sometimes.hit("type conflict")
			}
			if want.Type == "set" && card != len(want.Members) {
				w.fail("I-46: node %v counts %d members of %s, there are %d", n, card, key, len(want.Members))
				return
			}
		}
	}
	w.checkEqual()
}

// checkEqual: equal vectors, equal digests. Digests are dear, so a part of the chances
// is taken; at the end of a run all are.
func (w *world) checkEqual() {
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			if !w.settled && !w.chance(25) {
				continue
			}
			if !a.up || !b.up || !a.core.Idle() || !b.core.Idle() || !a.core.Vector().Equal(b.core.Vector()) {
				continue
			}
			da, err := a.digest()
			db, err2 := b.digest()
			if err != nil || err2 != nil {
				w.fail("digest: %v %v", err, err2)
				return
			}
			if da.Sum != db.Sum || da.Cells != db.Cells {
				w.fail("I-09: nodes %v and %v hold the same updates, their digests differ (%d and %d cells)", a, b, da.Cells, db.Cells)
				return
			}
			sometimes.hit("equal vectors compared")
		}
	}
}

func (n *node) digest() (keyspace.Digest, error) {
	seen := func(o clock.Origin) crdt.Context {
		h := n.core.Head(o)
		return crdt.Context{Seen: h.Dep, Self: clock.Dot{Origin: o, Seq: h.Seq}}
	}
	return keyspace.ComputeDigest(n.disk, 0, 0, n.core.Vector(), seen)
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
	if v.Type == "set" {
		if r, err = n.read(command.SCard{Key: k}); err != nil {
			return v, 0, err
		}
	}
	return v, int(r.Int), nil
}

func (n *node) read(c keyspace.Command) (keyspace.Reply, error) {
	r, _, err := n.core.Execute([]keyspace.Command{c})
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
	for _, s := range h.Register.Siblings {
		c.view.Siblings = append(c.view.Siblings, string(s.Value))
	}
	c.view.Sum = h.Counter.Sum().String()
	if value, ok := h.Value(); ok {
		c.view.Value = string(value)
	}
	return keyspace.Reply{}, tx.Members(c.key, nil, func(m []byte) bool {
		c.view.Members = append(c.view.Members, string(m))
		return true
	})
}

// shippedFrame checks a frame that reached a node against what was written.
func (w *world) shippedFrame(to *node, f *oplog.Frame) {
	for seq := f.First; seq <= f.Last(); seq++ {
		i := slices.IndexFunc(w.updates, func(u *update) bool { return u.dot == clock.Dot{Origin: f.Origin, Seq: seq} })
		switch {
		case i < 0:
			w.fail("I-13: node %s was sent %v:%d, which nobody wrote, and took it", to.id, f.Origin, seq)
		case !w.updates[i].durable:
			w.fail("I-11: %v reached %s before it was durable at %s", w.updates[i].dot, to.id, w.updates[i].node.id)
		}
	}
}

// checkAcked: nothing acknowledged is missing anywhere.
func (w *world) checkAcked() {
	for _, u := range w.updates {
		for _, n := range w.nodes {
			if u.acked && !u.lost && !n.core.Vector().Covers(u.dot) {
				w.fail("I-12: %v was acknowledged by %s and is missing at %v", u.dot, u.node.id, n)
				return
			}
		}
	}
}

// loseTail marks what goes with a disk that is replaced by an older copy: updates that
// no other node holds.
func (w *world) loseTail(n *node) {
	for _, u := range w.updates {
		held := slices.ContainsFunc(w.nodes, func(p *node) bool {
			return p != n && u.dot.Seq <= p.disk.durable.heads[u.dot.Origin].Seq
		})
		if !held {
			u.lost = true
		}
	}
}

// originsOf returns the incarnations of n that the given state knows.
func (w *world) originsOf(n *node, _ any) []clock.Origin {
	var own []clock.Origin
	for _, u := range w.updates {
		_, known := n.disk.latest.heads[u.dot.Origin]
		if u.node == n && known && !slices.Contains(own, u.dot.Origin) {
			own = append(own, u.dot.Origin)
		}
	}
	clock.SortOrigins(own)
	return own
}

func (w *world) newOrigin(n *node) clock.Origin {
	for {
		if o := clock.Origin(w.rng.Uint64()); o != 0 {
			w.note("node %s takes origin %v", n.id, o)
			return o
		}
	}
}
