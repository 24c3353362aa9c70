package keyspace

import (
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// This file holds the planted mistakes of the corridor. In builds without the tag
// "mistakes" every guard is constantly false.

// applyHeader applies a change to a header: rightly, unless a mistake is planted.
func (c *Core) applyHeader(h *crdt.Header, ch *crdt.Change, tag crdt.Tag, ctx crdt.Context) {
	if !mistake.Enabled {
		h.Apply(ch, tag, ctx)
		return
	}
	wrong := c.spoilChange(*ch, tag)
	if c.cfg.Mistakes.Has(mistake.ResetWithoutFloors) && ch.Clear {
		wrong.Floors, h.Counter = nil, crdt.Counter{}
	}
	h.Apply(&wrong, tag, ctx)
	c.spoilHeader(h, ch, tag)
}

// spoilChange returns what a planted mistake makes of a change before it is applied.
func (c *Core) spoilChange(ch crdt.Change, tag crdt.Tag) crdt.Change {
	if c.cfg.Mistakes.Has(mistake.CounterWithoutBase) && ch.Increment != nil {
		inc := *ch.Increment
		inc.Base, ch.Increment = 1, &inc
	}
	if c.cfg.Mistakes.Has(mistake.UnclaimAlways) && len(ch.Removes) > 0 {
		ch.Unclaim = true
	}
	if c.cfg.Mistakes.Has(mistake.ListUnclaimed) && slices.ContainsFunc(ch.Items, func(x crdt.FieldChange) bool { return !x.Assign }) {
		ch.UnclaimList = true
	}
	if c.cfg.Mistakes.Has(mistake.OwnFloorForgotten) {
		own := func(f crdt.Floor) bool { return f.Origin == tag.Dot.Origin }
		ch.Floors = slices.DeleteFunc(slices.Clone(ch.Floors), own)
	}
	return ch
}

// spoilHeader does to a header what a planted mistake does after a change.
func (c *Core) spoilHeader(h *crdt.Header, ch *crdt.Change, tag crdt.Tag) {
	if c.cfg.Mistakes.Has(mistake.WinnerOnly) && len(h.Register.Siblings) > 1 {
		h.Register.Siblings = h.Register.Siblings[:1]
	}
	if c.cfg.Mistakes.Has(mistake.LastArrivedWins) && ch.Assign {
		h.Register.Siblings = []crdt.Sibling{{Tag: tag, Value: ch.Value}}
	}
	if c.cfg.Mistakes.Has(mistake.DeadlineOverwritten) && ch.Expiry != nil {
		h.Expiry = slices.DeleteFunc(slices.Clone(h.Expiry), func(d crdt.Deadline) bool { return d.Dot != tag.Dot })
	}
	if c.cfg.Mistakes.Has(mistake.HiddenTooMuch) && ch.Clear && h.Hidden.Len() > 0 {
		h.Hidden.Join(c.vv)
	}
	if c.cfg.Mistakes.Has(mistake.ClaimDropped) && ch.Assign {
		h.Claims = nil
	}
}

// addMember adds a member, unless a mistake is planted.
func (c *Core) addMember(x *crdt.Member, dot clock.Dot, ctx crdt.Context) {
	x.Add(dot, ctx)
	if c.cfg.Mistakes.Has(mistake.DotsOverwritten) {
		x.Dots = []clock.Dot{dot}
	}
	if c.cfg.Mistakes.Has(mistake.DotsUnsorted) {
		x.Dots = append([]clock.Dot{dot}, slices.DeleteFunc(slices.Clone(x.Dots), func(d clock.Dot) bool { return d == dot })...)
	}
}

// spoilItem does to an element of a list, a register of a HyperLogLog or a stream's cell what a planted mistake does
// after a change.
func (c *Core) spoilItem(t crdt.Type, f *crdt.Field) {
	if c.cfg.Mistakes.Has(mistake.RankWinnerOnly) && t == crdt.TypeSketch && len(f.Register.Siblings) > 1 {
		f.Register.Siblings = f.Register.Siblings[:1]
	}
	if c.cfg.Mistakes.Has(mistake.MarkWinnerOnly) && t == crdt.TypeStream && len(f.Register.Siblings) > 1 {
		f.Register.Siblings = f.Register.Siblings[:1]
	}
	if c.cfg.Mistakes.Has(mistake.ItemWinnerOnly) && t == crdt.TypeList && len(f.Register.Siblings) > 1 {
		f.Register.Siblings = f.Register.Siblings[:1]
	}
}

// spoilFieldEnds does to the deadlines of a field what a planted mistake does after a change.
func (c *Core) spoilFieldEnds(before, f *crdt.Field, e *crdt.Edit, tag crdt.Tag) {
	if c.cfg.Mistakes.Has(mistake.FieldDeadlineOverwritten) && e.Expiry != nil {
		f.Expiry = slices.DeleteFunc(slices.Clone(f.Expiry), func(d crdt.Deadline) bool { return d.Dot != tag.Dot })
	}
	if c.cfg.Mistakes.Has(mistake.FieldDeadlineKept) && e.Assign && e.Expiry == nil && len(before.Expiry) > 0 {
		f.Expiry = []crdt.Deadline{{Tag: tag, At: before.Until(), Of: tag.Dot}}
	}
}

// clearing returns the context that an edit of a field acts with.
func (c *Core) clearing(e *crdt.Edit, ctx crdt.Context) crdt.Context {
	if e.Clear && !e.Assign {
		return c.removing(ctx)
	}
	return ctx
}

// removing returns the context that a remove acts with.
func (c *Core) removing(ctx crdt.Context) crdt.Context {
	if c.cfg.Mistakes.Has(mistake.RemoveAll) {
		ctx.Seen = c.vv
	}
	return ctx
}

// contextOfRecord returns the context of the record that is being made.
func (c *Core) contextOfRecord() clock.VersionVector {
	if c.cfg.Mistakes.Has(mistake.ContextStale) {
		return c.stale
	}
	return c.vv
}

// crowdOut makes room at the gate where a mistake is planted.
func (c *Core) crowdOut(o clock.Origin) {
	if c.cfg.Mistakes.Has(mistake.GateKeepsOne) && c.gate.first(o) != nil {
		c.gate.pop(o)
	}
}

// unchecked reports whether a frame is taken whatever its hash.
func (c *Core) unchecked(f *oplog.Frame, head store.Head) bool {
	return c.cfg.Mistakes.Has(mistake.HashUnchecked) || c.cfg.Mistakes.Has(mistake.GapApplied) && f.First > head.Seq+1
}

// recordsOf returns the records of f that follow head.
func (c *Core) recordsOf(f *oplog.Frame, head store.Head) (*oplog.Reader, error) {
	if c.cfg.Mistakes.Has(mistake.GapApplied) {
		head.Seq = max(head.Seq, f.First-1)
	}
	return f.Records(head.Seq, head.Dep, head.Hash)
}

// keep returns what is left of a frame of which some passed and the rest must wait.
func (c *Core) keep(passed, left *oplog.Frame, why wait) *oplog.Frame {
	lost := c.cfg.Mistakes.Has(mistake.LeftoverLost) && passed != nil ||
		c.cfg.Mistakes.Has(mistake.ParkedDropped) && why == waitClock
	if lost {
		return nil
	}
	return left
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

// endAtBegin moves the vector when a transfer begins.
func (c *Core) endAtBegin() {
	if !c.cfg.Mistakes.Has(mistake.VectorBeforeEnd) {
		return
	}
	for _, h := range c.transfer.pass.heads {
		if h.Seq > c.heads[h.Origin].Seq {
			c.skipTo(h)
		}
	}
}

// spoilNames lets a planted mistake lose the namespaces of what comes from elsewhere.
func (c *Core) spoilNames(u *crdt.Update) {
	if !c.cfg.Mistakes.Has(mistake.NamespaceDropped) {
		return
	}
	u.Changes = slices.Clone(u.Changes)
	for i := range u.Changes {
		_, user := namespace.Cut(u.Changes[i].Key)
		u.Changes[i].Key = namespace.Default.Key(user)
	}
}

// bodyOf appends the encoding of an update: rightly, unless a mistake is planted.
func (c *Core) bodyOf(u crdt.Update, b []byte) []byte {
	if c.cfg.Mistakes.Has(mistake.BeyondDropped) {
		u.Changes = slices.Clone(u.Changes)
		for i := range u.Changes {
			u.Changes[i].Beyond = clock.VersionVector{}
		}
	}
	if c.cfg.Mistakes.Has(mistake.CountersUnnamed) {
		u.Changes = slices.Clone(u.Changes)
		for i := range u.Changes {
			if u.Changes[i].Clear {
				u.Changes[i].Fields = nil
			}
		}
	}
	if c.cfg.Mistakes.Has(mistake.ScoresUnnamed) {
		u.Changes = slices.Clone(u.Changes)
		for i := range u.Changes {
			if u.Changes[i].Clear {
				u.Changes[i].Scores = nil
			}
		}
	}
	return u.Append(b)
}

// leavesPlace writes a member without its place, where a mistake is planted.
func (c *Core) leavesPlace(key []byte, t crdt.Type, name []byte, f crdt.Field) bool {
	if !c.cfg.Mistakes.Has(mistake.PlaceLeft) || t != crdt.TypeZSet || c.transfer.pass == nil {
		return false
	}
	c.batch.put(fieldKey(key, t, name), &cell{field: &f})
	return true
}

// refused returns what Get gives for a cell that cannot be read.
func (g *guarded) refused(err error) ([]byte, error) {
	if g.mistakes.Has(mistake.DamageAbsent) && IsDamage(err) {
		return nil, nil
	}
	return nil, err
}

// forgetQuarantine forgets what an earlier run had quarantined.
func (c *Core) forgetQuarantine() {
	if c.cfg.Mistakes.Has(mistake.QuarantineForgotten) {
		c.quarantine.list = nil
	}
}
