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
	if f.First > head.Seq+1 && !c.cfg.Mistakes.Has(mistake.GapApplied) {
		return nil, f, waitGap, nil
	}
	if f.Last() <= head.Seq {
		if c.cfg.Mistakes.Has(mistake.ReplicatedAdditions) {
			c.addAgain(f)
		}
		if f.Last() == head.Seq && f.Hash != head.Hash && !c.unchecked(f, head) {
			return nil, nil, 0, fmt.Errorf("%w: %v", ErrDiverged, clock.Dot{Origin: f.Origin, Seq: head.Seq})
		}
		return nil, nil, 0, nil
	}
	r, err := c.recordsOf(f, head)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.Verify() != f.Hash && !c.unchecked(f, head) {
		return nil, nil, 0, fmt.Errorf("%w: %v %d…%d", ErrDiverged, f.Origin, f.First, f.Last())
	}
	wait, err = c.mergeRecords(r, f.Origin)
	passed, left = r.Passed(max(head.Seq+1, f.First))
	return passed, c.keep(passed, left, wait), wait, err
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
	rec.Dep = rec.Dep.Carry(c.ends.table)
	if w, err := c.limited(o, rec); w != 0 || err != nil {
		return w, err
	}
	if !rec.Dep.LessEq(c.vv) && !c.cfg.Mistakes.Has(mistake.NoGate) {
		c.gate.needed, c.gate.beyond = rec.Dep, clock.VersionVector{}
		return waitContext, nil
	}
	if c.cfg.Mistakes.Has(mistake.ParkedObserved) {
		c.hlc.Observe(rec.Time)
	}
	if c.early(clock.Dot{Origin: o, Seq: rec.Seq}, rec.Time) && !c.cfg.Mistakes.Has(mistake.FutureApplied) {
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
	c.spoilNames(&u)
	if lacks := c.lacks(&u); lacks.Len() > 0 {
		c.gate.needed, c.gate.beyond = rec.Dep, lacks
		return waitState, nil
	}
	if u.Controls() && !c.admits(&u, dot) {
		return waitEnd, nil
	}
	ctx := crdt.ContextOf(dot, rec.Dep)
	if c.tooLate(ctx) {
		c.bar(o, rec.Seq-1, c.owner(o))
		return waitSealed, nil
	}
	if c.held(dot, ctx) {
		return waitFence, nil
	}
	if !c.cfg.Mistakes.Has(mistake.ObserveMissing) {
		c.hlc.Observe(rec.Time)
	}
	err = c.apply(&u, crdt.Tag{Dot: dot, Time: rec.Time}, ctx)
	if err != nil && c.failed == nil {
		return waitDamage, nil
	}
	if err == nil {
		c.noteWishes(&u, dot)
	}
	if err == nil && u.Replays.Seq > 0 {
		err = c.replayed(u.Replays)
		c.failed = err // what is applied cannot be taken back
	}
	return 0, err
}

// apply changes the cells that an update names. It is where both doors meet. When one of
// them is damaged, nothing is changed. Any other failure to read a cell is final for the
// shard.
func (c *Core) apply(u *crdt.Update, tag crdt.Tag, ctx crdt.Context) error {
	defer c.guard.forget()
	err := c.prefetch(u)
	var op *operation
	if err == nil {
		op, err = c.operationOf(u, tag)
	}
	if IsDamage(err) {
		return fmt.Errorf("apply %v: %w", tag.Dot, err)
	}
	if err == nil {
		err = c.applyUpdate(u, tag, ctx)
	}
	if err == nil && op != nil {
		err = c.noteOnce(op, u.Once.Retry, tag)
	}
	if err != nil {
		c.failed = fmt.Errorf("apply %v: %w", tag.Dot, err)
	}
	return err
}

func (c *Core) applyUpdate(u *crdt.Update, tag crdt.Tag, ctx crdt.Context) error {
	c.replaying = u.Replays.Seq > 0
	c.arrivals.note(c.vv, u, tag.Dot, c.cfg.Mistakes)
	if u.Declare != nil {
		d := crdt.Update{Declare: u.Declare}
		c.batch.set(originKey(c.cfg.Shard, tag.Dot.Origin), d.Append(nil))
		c.batch.set(firstKey(c.cfg.Shard, tag.Dot.Origin), ctx.Seen.Append(nil))
	}
	for i := range u.Changes {
		if err := c.applyAndNote(&u.Changes[i], tag, ctx); err != nil {
			return err
		}
	}
	c.applyEnds(u, tag, ctx)
	return nil
}

// applyAndNote applies one change; what a command here did is noted by itself.
func (c *Core) applyAndNote(ch *crdt.Change, tag crdt.Tag, ctx crdt.Context) error {
	if tag.Dot.Origin == c.Origin() {
		return c.applyChange(ch, tag, ctx)
	}
	before := c.glance(ch.Key)
	before.ended = before.known && !before.gone && c.deletesEnded(ch)
	err := c.applyChange(ch, tag, ctx)
	if err == nil {
		c.noteMerged(ch.Key, before, ch)
	}
	return err
}

// applyChange applies one change. Cells that a transfer has taken over together with
// this update are left as they are.
func (c *Core) applyChange(ch *crdt.Change, tag crdt.Tag, ctx crdt.Context) error {
	done, whole := c.ahead(ch.Key)
	if done.Covers(tag.Dot) {
		return nil
	}
	ctx = ctx.With(ch.Beyond)
	h, err := c.batch.header(ch.Key)
	if err != nil {
		return err
	}
	counts, err := c.openCounts(ch.Key, &h, whole)
	if err != nil {
		return err
	}
	due, ending := c.dueAt(&h), fieldsMayEnd(crdt.TypeHash, &h)
	var groups []*ReaderGroup
	if ch.Clear {
		if groups, err = c.groupsAt(ch.Key, nil, &h); err != nil {
			return err
		}
	}
	if c.transfer.extras.at(headerKey(ch.Key)).Covers(tag.Dot) {
		h.HideAgain(ch, ctx)
	} else {
		before := h.Register
		c.applyHeader(&h, ch, tag, ctx)
		if tag.Dot.Origin != c.Origin() {
			c.lost(ch.Key, crdt.TypeString, nil, &before, &h.Register)
		}
	}
	if ch.Clear {
		c.clearCounts(&counts, &h, ch, whole)
		if err := c.noteCleared(ch.Key, groups, &h); err != nil {
			return err
		}
	}
	if err := c.applyMembers(ch, tag, ctx, &h, &counts.set.count); err != nil {
		return err
	}
	for _, t := range fieldTypes {
		if err := c.applyFields(ch, t, tag, ctx, &h, &counts.of(t).count); err != nil {
			return err
		}
	}
	c.putHeader(ch.Key, due, h)
	c.forgetEndsFrom(ch.Key, ending, &h)
	for _, t := range crdt.Collections {
		if n := counts.of(t); n.had || ch.Claims(t) {
			c.batch.putCount(ch.Key, t, n.count)
		}
	}
	c.queueSweep(ch.Key, &h)
	return nil
}

// openCount is the count of a collection while a change is applied.
type openCount struct {
	count
	// had: there may be elements, or a count cell.
	had bool
}

// openCounts are those of all collections of a key.
type openCounts struct{ set, hash, zset, list, stream, bounded, sketch, groups openCount }

func (o *openCounts) of(t crdt.Type) *openCount {
	switch t {
	case crdt.TypeHash:
		return &o.hash
	case crdt.TypeZSet:
		return &o.zset
	case crdt.TypeList:
		return &o.list
	case crdt.TypeStream:
		return &o.stream
	case crdt.TypeBounded:
		return &o.bounded
	case crdt.TypeSketch:
		return &o.sketch
	case crdt.TypeGroups:
		return &o.groups
	default:
		return &o.set
	}
}

// fieldTypes are the collections whose elements are fields: of hashes, and members of
// sorted sets with their scores, elements of lists by their positions, and cells of streams, bounded counters
// and HyperLogLogs. Groups come before the entries of their stream: see late.go.
var fieldTypes = [...]crdt.Type{crdt.TypeHash, crdt.TypeZSet, crdt.TypeList, crdt.TypeGroups, crdt.TypeStream, crdt.TypeBounded, crdt.TypeSketch}

// openCounts reads the counts of a key's collections. Where a transfer has merged a part
// of the key, elements may be here that the header does not claim yet.
func (c *Core) openCounts(key []byte, h *crdt.Header, whole bool) (counts openCounts, err error) {
	for _, t := range crdt.Collections {
		if _, claimed := h.Claimed(t); !claimed && whole {
			continue
		}
		n, err := c.batch.loadCount(key, t)
		if err != nil {
			return counts, err
		}
		*counts.of(t) = openCount{n, true}
	}
	return counts, nil
}

// clearCounts sets the counts after a deletion. What it had not seen survives; how much
// that is takes a scan to tell.
func (c *Core) clearCounts(counts *openCounts, h *crdt.Header, ch *crdt.Change, whole bool) {
	for _, t := range crdt.Collections {
		if n := counts.of(t); n.had {
			n.count = count{unknown: !whole || c.survives(h, ch, t)}
		}
	}
}

func (c *Core) applyMembers(ch *crdt.Change, tag crdt.Tag, ctx crdt.Context, h *crdt.Header, n *count) error {
	for _, m := range ch.Removes {
		if err := c.applyMember(ch.Key, m, tag.Dot, h, n, func(x *crdt.Member) { x.Remove(c.removing(ctx)) }); err != nil {
			return err
		}
	}
	for _, m := range ch.Adds {
		if err := c.applyMember(ch.Key, m, tag.Dot, h, n, func(x *crdt.Member) { c.addMember(x, tag.Dot, ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Core) applyFields(ch *crdt.Change, t crdt.Type, tag crdt.Tag, ctx crdt.Context, h *crdt.Header, n *count) error {
	list := ch.FieldsOf(t)
	var before map[string]*ReaderGroup
	if t == crdt.TypeGroups && len(list) > 0 {
		var err error
		if before, err = c.cursorsOf(ch.Key, namesOf(list), h); err != nil {
			return err
		}
	}
	for i := range list {
		if err := c.applyField(ch.Key, t, &list[i], tag, ctx, h, n); err != nil {
			return err
		}
	}
	switch t {
	case crdt.TypeHash:
		c.raiseEndsFrom(ch.Key, h)
		return nil
	case crdt.TypeStream:
		return c.noteEntries(ch.Key, list, tag, h)
	case crdt.TypeGroups:
		return c.noteCursors(ch.Key, before, h, tag.Dot.Origin == c.Origin())
	default:
		return nil
	}
}

func namesOf(list []crdt.FieldChange) (names [][]byte) {
	for i := range list {
		names = append(names, list[i].Name)
	}
	return names
}

// queueSweep queues a key that has something to sweep.
func (c *Core) queueSweep(key []byte, h *crdt.Header) {
	if h.Hidden.Len() > 0 || h.Counter.Unsettled() {
		c.batch.set(sweepKey(key), []byte{})
		c.sweep.wake()
	}
}

// survives reports whether a claim of a collection is left beside the one that the change
// itself makes.
func (c *Core) survives(h *crdt.Header, ch *crdt.Change, t crdt.Type) bool {
	if c.cfg.Mistakes.Has(mistake.CountTrusted) {
		return false
	}
	left := 0
	for _, claim := range h.Claims {
		if claim.Type == t {
			left++
		}
	}
	if ch.Claims(t) {
		left--
	}
	return left > 0
}

func (c *Core) applyMember(key, name []byte, dot clock.Dot, h *crdt.Header, n *count, change func(*crdt.Member)) error {
	if c.transfer.extras.at(memberKey(key, name)).Covers(dot) {
		return nil
	}
	m, err := c.batch.member(key, name)
	if err != nil {
		return err
	}
	m.Hide(h.Hidden)
	was := m.Live()
	change(&m)
	n.change(was, m.Live())
	c.noteSweep(crdt.TypeSet, key, name, was, m.Live())
	c.batch.putMember(key, name, m)
	return nil
}

func (c *Core) applyField(key []byte, t crdt.Type, ch *crdt.FieldChange, tag crdt.Tag, ctx crdt.Context, h *crdt.Header, n *count) error {
	if c.transfer.extras.at(fieldKey(key, t, ch.Name)).Covers(tag.Dot) {
		return nil
	}
	f, err := c.batch.field(key, t, ch.Name, h.Hidden)
	if err != nil {
		return err
	}
	before, was := f, f.Live()
	f.Apply(&ch.Edit, tag, c.clearing(&ch.Edit, ctx))
	if tag.Dot.Origin != c.Origin() {
		c.lostField(key, t, ch.Name, &before, &f)
	}
	c.spoilItem(t, &f)
	if mistake.Enabled && t == crdt.TypeHash {
		c.spoilFieldEnds(&before, &f, &ch.Edit, tag)
	}
	n.change(was, f.Live())
	c.noteSweep(t, key, ch.Name, was, f.Live())
	c.putField(key, t, ch.Name, f)
	return nil
}

// putField writes a field, and queues it if it has something to settle.
func (c *Core) putField(key []byte, t crdt.Type, name []byte, f crdt.Field) {
	if !c.leavesPlace(key, t, name, f) {
		c.batch.putField(key, t, name, f)
	}
	if f.Counter.Unsettled() {
		c.batch.set(sweepFieldKey(key, t, name), []byte{})
		c.sweep.wake()
	}
}

func (c *Core) noteSweep(t crdt.Type, key, name []byte, was, is bool) {
	if !c.cfg.Mistakes.Has(mistake.SweepMiscounts) {
		c.sweep.note(t, key, name, was, is)
	}
}
