package keyspace

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store/oplog"
)

// This file applies the ends of origins that records name.

// admits reports whether the ends that an update decides can be applied here. They can
// unless this replica holds more of an origin than every member had when it was retired:
// then a copy of the origin's node that is newer than the one in use has come up.
func (c *Core) admits(u *crdt.Update, dot clock.Dot) bool {
	for _, r := range u.Retires {
		has := c.vv.Get(r.Origin)
		if known := c.ends.retired[r.Origin]; known != nil {
			has = known.seal
		}
		if has != r.Seal {
			c.condemn(fmt.Errorf("%v retired %v at its update %d, here it has %d", dot, r.Origin, r.Seal, has))
			return false
		}
	}
	return true
}

// condemn stops local writes and reads for good, over restarts as well: updates of this node
// are applied here that the others refuse, so what it shows is nobody else's state.
func (c *Core) condemn(why error) {
	if c.ends.condemned == nil {
		c.supersede(why)
		c.ends.condemned = fmt.Errorf("%w: %w", ErrSuperseded, why)
		c.batch.set(condemnedKey(c.cfg.Shard), []byte(why.Error()))
	}
}

// supersede stops local writes until the next start, under a fresh origin.
func (c *Core) supersede(why error) {
	if c.ends.superseded == nil {
		c.ends.superseded = fmt.Errorf("%w: %w", ErrSuperseded, why)
	}
}

// applyEnds applies the ends that an update decides.
func (c *Core) applyEnds(u *crdt.Update, tag crdt.Tag, ctx crdt.Context) {
	for _, o := range u.Closes {
		c.applyClose(o, tag)
	}
	for _, r := range u.Retires {
		c.applyRetire(r, tag)
	}
	if len(u.Retires) > 0 {
		c.batch.below.retired = c.ends.table
		c.batch.forget()
	}
	for _, o := range u.Folds {
		c.applyFold(o, tag.Dot, ctx)
	}
	if len(u.Folds) > 0 {
		c.ends.refence()
		c.foldCounters()
	}
}

func (c *Core) applyClose(o clock.Origin, tag crdt.Tag) {
	if c.ends.retired[o] != nil {
		return
	}
	if o == c.Origin() {
		c.supersede(fmt.Errorf("another process with this node's name has begun to write (%v): a copy of this data directory is in use", tag.Dot))
	}
	x := c.ends.closed[o]
	if x == nil {
		x = &closedOrigin{}
		c.ends.closed[o] = x
	}
	x.by = append(x.by, tag.Dot)
	slices.SortFunc(x.by, clock.Dot.Compare)
	x.at = max(x.at, tag.Time)
	c.batch.set(endKey(c.cfg.Shard, o), x.encode())
	// What waits came from the process that is gone. If a member holds it, it comes again;
	// if none does, it must not appear after members have reported the end.
	for c.gate.first(o) != nil {
		c.gate.drop(o, errFetchAgain)
	}
}

func (c *Core) applyRetire(r crdt.Retire, tag crdt.Tag) {
	e := &c.ends
	x := e.retired[r.Origin]
	if x == nil {
		x = &retiredOrigin{seal: r.Seal, hash: oplog.Hash(r.Hash)}
		e.retired[r.Origin] = x
		at, _ := slices.BinarySearch(e.pending, r.Origin)
		e.pending = slices.Insert(e.pending, at, r.Origin)
	}
	x.by = append(x.by, tag.Dot)
	slices.SortFunc(x.by, clock.Dot.Compare)
	x.at = max(x.at, tag.Time)
	delete(e.closed, r.Origin)
	delete(c.heads, r.Origin)
	delete(c.batch.heads, r.Origin)
	c.batch.retired = append(c.batch.retired, r.Origin)
	c.batch.set(endKey(c.cfg.Shard, r.Origin), x.encode())
	c.batch.set(firstKey(c.cfg.Shard, r.Origin), nil)
	e.table = e.table.With(clock.Retirement{Origin: r.Origin, Seal: x.seal, By: []clock.Dot{tag.Dot}})
	for w := c.gate.first(r.Origin); w != nil; w = c.gate.first(r.Origin) {
		_, err := e.judge(w.frame)
		c.gate.drop(r.Origin, err)
	}
	// The retirement is covered only once its record counts: see advance.
	c.vv = c.vv.Carry(nil)
}

// judge tells the fate of a frame whose origin is retired.
func (e *ends) judge(f *oplog.Frame) (retired bool, err error) {
	x := e.retired[f.Origin]
	switch {
	case x == nil:
		return false, nil
	case f.Last() > x.seal:
		return true, fmt.Errorf("%w: %v, sealed at %d", ErrSealed, clock.Dot{Origin: f.Origin, Seq: f.Last()}, x.seal)
	case f.Last() == x.seal && f.Hash != x.hash:
		return true, fmt.Errorf("%w: %v", ErrDiverged, clock.Dot{Origin: f.Origin, Seq: f.Last()})
	default:
		return true, nil
	}
}
