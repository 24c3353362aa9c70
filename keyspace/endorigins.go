package keyspace

import (
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// This file decides, by what this shard has applied, which origins of this node to end,
// and when this node must report.

// endOrigins writes a record when there is something to decide or to report, and tells
// whether it did. At most one a tick.
func (c *Core) endOrigins() (wrote bool, err error) {
	if c.cfg.Ends.Members == nil || c.ends.superseded != nil || c.transfer.pass != nil {
		return false, nil
	}
	if c.cfg.Ends.Stale != nil && c.cfg.Ends.Stale() {
		return false, nil
	}
	now, _ := c.hlc.Physical()
	var u crdt.Update
	if o := c.Origin(); o != 0 && c.heads[o].Seq > 0 {
		u.Closes = c.unclosed(o)
		u.Retires = c.retirable(now)
		u.Folds = c.foldable(now)
	}
	if !u.Controls() && !c.reportDue(now) {
		return false, nil
	}
	tx := c.begin(true)
	return true, c.record(u, tx.write)
}

// reportDue reports whether this node owes a report for long enough.
func (c *Core) reportDue(now int64) bool {
	switch {
	case !c.owesReport():
		c.ends.owing = 0
	case c.ends.owing == 0 || c.ends.owing > now:
		c.ends.owing = now
	case now-c.ends.owing >= c.cfg.Ends.ReportAfter.Milliseconds():
		c.ends.owing = 0
		return true
	}
	return false
}

// unclosed returns the earlier origins of this node that are not closed yet.
func (c *Core) unclosed(own clock.Origin) []clock.Origin {
	if c.cfg.Ends.Members == nil || c.ends.allClosed {
		return nil
	}
	var list []clock.Origin
	for _, o := range c.origins() {
		if o != own && c.ends.closed[o] == nil && c.owner(o) == c.self() {
			list = append(list, o)
		}
	}
	c.ends.allClosed = len(list) == 0
	return list
}

// reportedBy reports whether everybody has reported by records whose contexts pass:
// every member has one, and so has every origin that may still write. The present
// origin of this node, which decides, is left out.
func (c *Core) reportedBy(pass func(crdt.Context) bool) bool {
	active, removed := c.cfg.Ends.Members()
	reported := map[crdt.Declaration]bool{c.self(): true}
	for _, o := range c.origins() {
		who := c.owner(o)
		switch ok := pass(c.Seen(o)); {
		case ok:
			reported[who] = true
		case o == c.Origin() || c.ends.closed[o] != nil || slices.Contains(removed, who):
		default:
			return false
		}
	}
	if c.cfg.Mistakes.Has(mistake.RetireUnreported) {
		return true
	}
	return !slices.ContainsFunc(active, func(m crdt.Declaration) bool { return !reported[m] })
}

// retirable returns the closed origins of this node that everybody has seen to the same
// end.
func (c *Core) retirable(now int64) (list []crdt.Retire) {
	if len(c.once.duties) > 0 {
		return nil // what is to be void of an origin must be before it ends: see once.go
	}
	for _, o := range slices.Sorted(maps.Keys(c.ends.closed)) {
		x := c.ends.closed[o]
		if c.owner(o) != c.self() || now-x.at.WallMillis() < c.cfg.Ends.After.Milliseconds() {
			continue
		}
		h := c.heads[o]
		if c.reportedBy(x.reported(o, h.Seq)) {
			list = append(list, crdt.Retire{Origin: o, Seal: h.Seq, Hash: uint64(h.Hash)})
		}
	}
	return list
}

// reported returns the test whether a writer had seen the origin closed, and how far it
// goes.
func (x *closedOrigin) reported(o clock.Origin, end clock.Seq) func(crdt.Context) bool {
	return func(ctx crdt.Context) bool {
		return slices.ContainsFunc(x.by, ctx.Covers) && ctx.Seen.Get(o) == end
	}
}

// reported is the test whether a writer had seen the origin retired.
func (x *retiredOrigin) reported(ctx crdt.Context) bool { return slices.ContainsFunc(x.by, ctx.Covers) }

// foldable returns the retired origins of this node that everybody has seen retired.
func (c *Core) foldable(now int64) (list []clock.Origin) {
	for _, o := range c.ends.pending {
		x := c.ends.retired[o]
		if c.owner(o) != c.self() || now-x.at.WallMillis() < c.cfg.Ends.After.Milliseconds() {
			continue
		}
		if c.reportedBy(x.reported) {
			list = append(list, o)
		}
	}
	return list
}

// owesReport reports whether other nodes wait for a record of this one.
func (c *Core) owesReport() bool {
	if c.owesOnce() {
		return true
	}
	for _, o := range slices.Sorted(maps.Keys(c.ends.closed)) {
		x := c.ends.closed[o]
		if c.owner(o) != c.self() && !c.reports(x.reported(o, c.heads[o].Seq)) {
			return true
		}
	}
	for _, o := range c.ends.pending {
		x := c.ends.retired[o]
		if c.owner(o) != c.self() && !c.reports(x.reported) {
			return true
		}
		if c.owner(o) == c.self() && c.holdsUp(o, x) {
			return true
		}
	}
	return false
}

// reports reports whether this node's own origins have reported, all that may still
// write among them.
func (c *Core) reports(pass func(crdt.Context) bool) bool {
	some := false
	for _, o := range c.origins() {
		if c.owner(o) != c.self() {
			continue
		}
		switch {
		case pass(c.Seen(o)):
			some = true
		case c.ends.closed[o] == nil:
			return false
		}
	}
	return some
}

// holdsUp reports whether others hold back an update until a record of this node, which
// decides when o is folded, has seen it: see held.
func (c *Core) holdsUp(o clock.Origin, x *retiredOrigin) bool {
	if c.own == nil {
		return false
	}
	mine := c.Seen(c.Origin())
	for _, p := range c.origins() {
		h := c.heads[p]
		if p != c.Origin() && !c.Seen(p).Covers(clock.Dot{Origin: o, Seq: x.seal}) && !mine.Covers(clock.Dot{Origin: p, Seq: h.Seq}) {
			return true
		}
	}
	return false
}

// origins returns the origins that have a head, ascending.
func (c *Core) origins() []clock.Origin { return slices.Sorted(maps.Keys(c.heads)) }
