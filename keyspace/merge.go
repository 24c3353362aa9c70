package keyspace

import (
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// mergeFrame applies the records of f that follow what the shard has, as far as the
// gate lets them. passed is the part applied now, left what waits, and wait why.
//
// Invariant: a record (o, s) is applied only if the shard has o up to s-1 and covers
// its context. Data, op-log frame and vector go into one batch.
func (c *Core) mergeFrame(f *oplog.Frame) (passed, left *oplog.Frame, wait wait, err error) {
	head := c.heads[f.Origin]
	head.Origin = f.Origin
	if f.First > head.Seq+1 {
		return nil, f, waitGap, nil
	}
	if f.Last() <= head.Seq {
		if c.cfg.Mistakes.Has(mistake.ReplicatedAdditions) {
			c.addAgain(f)
		}
		if f.Last() == head.Seq && f.Hash != head.Hash {
			return nil, nil, 0, fmt.Errorf("%w: %v", ErrDiverged, clock.Dot{Origin: f.Origin, Seq: head.Seq})
		}
		return nil, nil, 0, nil
	}
	r, err := f.Records(head.Seq, head.Dep, head.Hash)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.Verify() != f.Hash {
		return nil, nil, 0, fmt.Errorf("%w: %v %d…%d", ErrDiverged, f.Origin, f.First, f.Last())
	}
	wait, err = c.mergeRecords(r, f.Origin)
	passed, left = r.Passed(head.Seq + 1)
	return passed, left, wait, err
}

func (c *Core) mergeRecords(r *oplog.Reader, o clock.Origin) (wait, error) {
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if w, err := c.mergeRecord(o, c.contextOf(r, rec)); w != 0 || err != nil {
			return w, err
		}
		r.Advance(rec)
		c.advance(store.Head{Origin: o, Seq: rec.Seq, Hash: r.Hash(), Time: rec.Time, Dep: rec.Dep})
	}
	return 0, nil
}

// mergeRecord applies one record, or tells what it waits for.
func (c *Core) mergeRecord(o clock.Origin, rec oplog.Record) (wait, error) {
	if !rec.Dep.LessEq(c.vv) && !c.cfg.Mistakes.Has(mistake.NoGate) {
		return waitContext, nil
	}
	if c.hlc.Ahead(rec.Time) > c.cfg.MaxOffset {
		return waitClock, nil
	}
	u, err := crdt.DecodeUpdate(rec.Body)
	if errors.Is(err, crdt.ErrUnknownUpdate) {
		return waitVersion, nil
	}
	dot := clock.Dot{Origin: o, Seq: rec.Seq}
	if err == nil {
		err = u.Check(dot)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %v: %w", ErrMalformed, dot, err)
	}
	c.hlc.Observe(rec.Time)
	return 0, c.apply(&u, crdt.Tag{Dot: dot, Time: rec.Time}, crdt.ContextOf(dot, rec.Dep))
}

// apply changes the cells that an update names. It is where both doors meet. A failure
// to read a cell leaves the batch half changed: it is final for the shard.
func (c *Core) apply(u *crdt.Update, tag crdt.Tag, ctx crdt.Context) error {
	err := c.applyUpdate(u, tag, ctx)
	if err != nil {
		c.failed = fmt.Errorf("apply %v: %w", tag.Dot, err)
	}
	return err
}

func (c *Core) applyUpdate(u *crdt.Update, tag crdt.Tag, ctx crdt.Context) error {
	if u.Declare != nil {
		d := crdt.Update{Declare: u.Declare}
		c.batch.set(originKey(c.cfg.Shard, tag.Dot.Origin), d.Append(nil))
	}
	for i := range u.Changes {
		if err := c.applyChange(&u.Changes[i], tag, ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *Core) applyChange(ch *crdt.Change, tag crdt.Tag, ctx crdt.Context) error {
	h, err := c.batch.header(ch.Key)
	if err != nil {
		return err
	}
	hadMembers := len(h.Claims) > 0
	c.applyHeader(&h, ch, tag, ctx)
	var n count
	if hadMembers {
		if n, err = c.batch.loadCount(ch.Key); err != nil {
			return err
		}
	}
	if ch.Clear && hadMembers {
		// What the deletion had not seen survives; how much that is takes a scan to tell.
		n = count{unknown: len(h.Claims) > 0 && c.survives(h, ch)}
	}
	for _, m := range ch.Removes {
		if err := c.applyMember(ch.Key, m, &h, &n, func(x *crdt.Member) { x.Remove(c.removing(ctx)) }); err != nil {
			return err
		}
	}
	for _, m := range ch.Adds {
		if err := c.applyMember(ch.Key, m, &h, &n, func(x *crdt.Member) { x.Add(tag.Dot, ctx) }); err != nil {
			return err
		}
	}
	c.batch.putHeader(ch.Key, h)
	if hadMembers || len(ch.Adds) > 0 {
		c.batch.putCount(ch.Key, n)
	}
	if h.Hidden.Len() > 0 || h.Counter.Unsettled() {
		c.batch.set(sweepKey(c.batch.below.ns, ch.Key), []byte{})
		c.sweep.wake()
	}
	return nil
}

// survives reports whether a claim is left beside those that the change itself makes.
func (c *Core) survives(h crdt.Header, ch *crdt.Change) bool {
	own := 0
	if len(ch.Adds) > 0 {
		own = 1
	}
	return len(h.Claims) > own
}

func (c *Core) applyMember(key, name []byte, h *crdt.Header, n *count, change func(*crdt.Member)) error {
	m, err := c.batch.member(key, name)
	if err != nil {
		return err
	}
	m.Hide(h.Hidden)
	was := m.Live()
	change(&m)
	n.change(was, m.Live())
	c.sweep.note(key, name, was, m.Live())
	c.batch.putMember(key, name, m)
	return nil
}
