package keyspace

import (
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store/oplog"
)

// This file holds the planted mistakes of the corridor. In builds without the tag
// "mistakes" every guard is constantly false.

// applyHeader applies a change to a header: rightly, unless a mistake is planted.
func (c *Core) applyHeader(h *crdt.Header, ch *crdt.Change, tag crdt.Tag, ctx crdt.Context) {
	if c.cfg.Mistakes.Has(mistake.ResetWithoutFloors) && ch.Clear {
		wrong := *ch
		wrong.Floors = nil
		h.Counter = crdt.Counter{}
		ch = &wrong
	}
	h.Apply(ch, tag, ctx)
	if c.cfg.Mistakes.Has(mistake.WinnerOnly) && len(h.Register.Siblings) > 1 {
		h.Register.Siblings = h.Register.Siblings[:1]
	}
}

// removing returns the context that a remove acts with.
func (c *Core) removing(ctx crdt.Context) crdt.Context {
	if c.cfg.Mistakes.Has(mistake.RemoveAll) {
		ctx.Seen = c.vv
	}
	return ctx
}

// addAgain applies the increments of a frame that is already applied.
func (c *Core) addAgain(f *oplog.Frame) {
	r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
	if err != nil {
		return
	}
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return
		}
		r.Advance(rec)
		u, err := crdt.DecodeUpdate(rec.Body)
		if err != nil {
			return
		}
		for _, ch := range u.Changes {
			if h, err := c.batch.header(ch.Key); err == nil && ch.Increment != nil {
				h.Counter.Shards = slices.Clone(h.Counter.Shards)
				for i := range h.Counter.Shards {
					if h.Counter.Shards[i].Origin == f.Origin {
						h.Counter.Shards[i].Total = h.Counter.Shards[i].Total.Add(ch.Increment.Delta)
					}
				}
				c.batch.putHeader(ch.Key, h)
			}
		}
	}
}

// resume goes on with the origin that this node declared before.
func (c *Core) resume() *oplog.Builder {
	for _, o := range c.vv.Entries() {
		d, err := c.batch.declared(o.Origin)
		if err == nil && d.Region == c.cfg.Region && d.Node == c.cfg.Node {
			h := c.heads[o.Origin]
			return oplog.ResumeBuilder(uint32(c.cfg.Shard), h.Origin, h.Seq, h.Dep, h.Hash)
		}
	}
	return nil
}

// contextOf returns the record with the context that it is applied with.
func (c *Core) contextOf(r *oplog.Reader, rec oplog.Record) oplog.Record {
	if !c.cfg.Mistakes.Has(mistake.ContextAtEnd) {
		return rec
	}
	last := rec
	for ahead := *r; ahead.More(); {
		next, err := ahead.Peek()
		if err != nil {
			return rec
		}
		ahead.Advance(next)
		last = next
	}
	rec.Dep = last.Dep
	return rec
}
