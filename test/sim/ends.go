package sim

import (
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// endsConfig lets nodes end their earlier origins, in a part of the runs.
func (n *node) endsConfig() keyspace.EndsConfig {
	w := n.w
	if !w.cond.ends || w.scenario.has(doClone) {
		return keyspace.EndsConfig{}
	}
	return keyspace.EndsConfig{
		Members: func() (active, removed []crdt.Declaration) {
			for _, n := range w.nodes {
				active = append(active, crdt.Declaration{Region: n.id, Node: "n1"})
			}
			return active, nil
		},
		After: w.cond.endAfter, ReportAfter: 100 * time.Millisecond, Stale: n.stale,
	}
}

// recordControl registers the record that a tick has made, if it made one: it changes no
// key, or grants rights of bounded counters.
func (w *world) recordControl(n *node, saw clock.VersionVector) {
	o := n.core.Origin()
	if o == 0 || n.core.Vector().Get(o) == saw.Get(o) {
		return
	}
	head := n.core.Head(o)
	if w.byDot[clock.Dot{Origin: o, Seq: head.Seq}] != nil {
		return // it is registered: an increment that is void
	}
	saw.Advance(o, head.Seq-1)
	saw.Join(head.Dep) // the same tick may have merged what was parked
	u := w.record(n, saw, n.granted(clock.Dot{Origin: o, Seq: head.Seq}))
	u.beyond = map[string]clock.VersionVector{}
	for key := range u.ops {
		u.beyond[key], _ = n.core.VectorOf(fullKey(key))
		u.beyond[key] = u.beyond[key].Without(o)
	}
	n.open = append(n.open, u)
	w.note("%s ends, reports or grants in %v: %+v %v", n.id, u.dot, n.core.Ends(), u.ops)
	if e := n.core.Ends(); e.Retired > 0 {
		sometimes.hit("origin retired")
		if e.Folded > 0 {
			sometimes.hit("origin folded")
		}
	}
}

// stale reports whether a peer has told of ended origins that a node lacks: its disk
// is an old copy, and it must not write before it has caught up.
func (n *node) stale() bool {
	for _, s := range n.pulls {
		for _, h := range s.sink.Heads(0) {
			if h.Ended {
				n.ended.Advance(h.Origin, h.Seq)
			}
		}
	}
	return !n.ended.LessEq(n.core.Vector())
}

// replaceSuperseded does what an operator does with a node that takes no more writes: it
// begins again without data.
func (w *world) replaceSuperseded(n *node) {
	w.note("%s takes no more writes: %v", n.id, n.core.Ends().Superseded)
	sometimes.hit("superseded node begins anew")
	n.crash("superseded")
	w.loseTail(n)
	n.rollBack(newImage())
	n.start()
	w.accidents[doRestore]++
}

// drawEnds decides whether nodes end their earlier origins.
func (c *conditions) drawEnds(d *dice) bool {
	c.ends = d.chance(40)
	c.endAfter = pick(d, 0, 0, 300*time.Millisecond)
	return c.ends
}

// endVerbs lets nodes restart often.
func endVerbs(verbs []verb) []verb {
	verbs = slices.DeleteFunc(slices.Clone(verbs), func(v verb) bool { return v == doClone })
	for range 2 + len(verbs)/2 {
		verbs = append(verbs, doRestart)
	}
	return verbs
}
