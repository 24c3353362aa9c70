package keyspace

import (
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Fences keep late writers out: those who had not seen a retired origin to its end. When
// an origin is retired, every member has reported its end, so every update not yet known
// to the node that retires it has seen all of it, unless its writer runs on a copy of a
// data directory that is older than its own report. Such an update is held back from
// here on until the node that decides has seen it; once that node has folded the origin
// without it, it is barred. So no replica folds with it and another without.

// held reports whether an update, by its context, must wait for the node that decides.
func (c *Core) held(dot clock.Dot, ctx crdt.Context) bool {
	for _, o := range c.ends.pending {
		x := c.ends.retired[o]
		if !ctx.Covers(clock.Dot{Origin: o, Seq: x.seal}) && c.owner(o) != c.self() && !c.released(o, x, dot) {
			return true
		}
	}
	return false
}

// released reports whether the node that retired o has seen the update since. It would
// have kept it aside, had it folded o before: so a record of its that waits here for
// nothing but this update is as good as one that is applied.
func (c *Core) released(o clock.Origin, x *retiredOrigin, dot clock.Dot) bool {
	who := c.owner(o)
	for _, p := range c.origins() {
		if ctx := c.Seen(p); c.owner(p) == who && x.reported(ctx) && ctx.Covers(dot) {
			return true
		}
	}
	for _, p := range c.gate.origins() {
		if w := c.gate.first(p); w.needs.Covers(dot) && c.author(p, w) == who {
			return true
		}
	}
	return false
}

// author returns the node that declared the origin of a waiting frame.
func (c *Core) author(o clock.Origin, w *waiting) crdt.Declaration {
	if who := c.owner(o); who != (crdt.Declaration{}) {
		return who
	}
	region, node := w.declared()
	return crdt.Declaration{Region: region, Node: node}
}

// tooLate reports whether an update's writer had not seen the end of a folded origin.
// Such an update is kept aside: see bar.
func (c *Core) tooLate(ctx crdt.Context) bool {
	return slices.ContainsFunc(c.ends.fences, func(f clock.Dot) bool { return !ctx.Covers(f) }) && c.lacksFolded(ctx)
}

// lacksFolded looks at every folded origin: a writer may have seen it without having seen
// its retirement.
func (c *Core) lacksFolded(ctx crdt.Context) bool {
	for _, o := range slices.Sorted(maps.Keys(c.ends.retired)) {
		if x := c.ends.retired[o]; x.folded() && !ctx.Covers(clock.Dot{Origin: o, Seq: x.seal}) {
			return true
		}
	}
	return false
}

// refence follows the retirements of folded origins through folded authors: to have seen
// the fences is to have seen the end of every folded origin.
func (e *ends) refence() {
	fences := map[clock.Origin]clock.Seq{}
	for _, o := range slices.Sorted(maps.Keys(e.retired)) {
		x := e.retired[o]
		if !x.folded() {
			continue
		}
		x.fence = e.follow(x)
		fences[x.fence.Origin] = max(fences[x.fence.Origin], x.fence.Seq)
	}
	e.fences = nil
	for _, o := range slices.Sorted(maps.Keys(fences)) {
		e.fences = append(e.fences, clock.Dot{Origin: o, Seq: fences[o]})
	}
}

// follow returns the fence of a folded origin, and shortens the way for the next time.
func (e *ends) follow(x *retiredOrigin) clock.Dot {
	var path []*retiredOrigin
	for x.fence.Seq == 0 || e.folded(x.fence.Origin) {
		path = append(path, x)
		if x.fence.Seq == 0 {
			x.fence = x.by[0]
			continue
		}
		x = e.retired[x.fence.Origin]
	}
	for _, p := range path {
		p.fence = x.fence
	}
	return x.fence
}

func (e *ends) folded(o clock.Origin) bool {
	x := e.retired[o]
	return x != nil && x.folded()
}

// applyFold folds a retired origin.
func (c *Core) applyFold(o clock.Origin, by clock.Dot, ctx crdt.Context) {
	x := c.ends.retired[o]
	if x == nil {
		return
	}
	again := x.folded()
	x.pool, x.foldBy = crdt.PoolOf(c.owner(o)), mergeDots(x.foldBy, by)
	c.batch.set(endKey(c.cfg.Shard, o), x.encode())
	if again {
		return
	}
	c.ends.pending = without(c.ends.pending, o)
	c.checkOwn(o, x, ctx)
}

// checkOwn finds out whether updates of this very node are barred elsewhere: those of an
// incarnation that had not seen the end of o, and that nobody who decided had seen.
func (c *Core) checkOwn(o clock.Origin, x *retiredOrigin, ctx crdt.Context) {
	for _, p := range c.origins() {
		if c.owner(p) != c.self() || ctx.Covers(clock.Dot{Origin: p, Seq: 1}) {
			continue
		}
		first, err := c.firstContext(p)
		if err == nil && !first.Covers(clock.Dot{Origin: o, Seq: x.seal}) {
			c.condemn(fmt.Errorf("it was restored from an old copy and wrote (%v) before it had caught up; the other nodes refuse these writes", p))
		}
	}
}

func without(list []clock.Origin, o clock.Origin) []clock.Origin {
	out := make([]clock.Origin, 0, len(list))
	for _, p := range list {
		if p != o {
			out = append(out, p)
		}
	}
	return out
}
