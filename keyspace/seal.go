package keyspace

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Limits says how far records of members that are removed, or are being removed, may be
// applied. What was decided is stored by whoever decides; a Core is told at its start and
// at every change.
//
// Invariant: nothing of an origin above its seal is applied, by record or by transfer.
type Limits struct {
	// Held are nodes of which nothing more is applied until it is decided how far.
	Held []crdt.Declaration
	// Barred are nodes of which no origin is taken that has no seal.
	Barred []crdt.Declaration
	// Seals are the last updates that count, by origin; 0 when none does. What comes after
	// is kept aside.
	Seals map[clock.Origin]clock.Seq
}

// limits is what a core knows of Limits.
type limits struct {
	Limits
	// writers remembers who declared an origin, while somebody is held or barred.
	writers map[clock.Origin]crdt.Declaration
	// late: a transfer was on its way when the limits came, or one has broken off and left updates of
	// a node that is held, or perhaps of one. It may end above what is held, so nobody may be told
	// yet how far this shard has come.
	late bool
	// above is what this shard applied beyond the seals before it learned of them.
	above []clock.Origin
}

// SetLimits replaces the limits. What waited for them is applied or kept aside. It returns
// ErrTransfer while state is being taken over: the limits hold then, but how far this shard
// comes is not known before the end.
func (c *Core) SetLimits(l Limits) error {
	if c.failed != nil {
		return c.failed
	}
	c.take(l)
	c.drainAll()
	if c.limits.late && len(l.Held) > 0 {
		return fmt.Errorf("%w: state is being taken over", ErrTransfer)
	}
	return nil
}

// above returns the origins, ascending, of which this shard has applied more than counts:
// it took part in something that the others do not know. It does not change while the
// limits hold.
func (c *Core) above() []clock.Origin {
	var out []clock.Origin
	for o, end := range c.limits.Seals {
		if c.end(o).Seq > end {
			out = append(out, o)
		}
	}
	slices.Sort(out)
	return out
}

// Counts returns the last update of an origin that counts, if there is such a bound.
func (c *Core) Counts(o clock.Origin) (last clock.Seq, bounded bool) { return c.sealOf(o) }

// sealOf returns the last update of an origin that counts, if that was decided.
func (c *Core) sealOf(o clock.Origin) (clock.Seq, bool) {
	end, ok := c.limits.Seals[o]
	if a, kept := c.aside[o]; kept && (!ok || a.base < end) {
		return a.base, true
	}
	return end, ok
}

// limited tells what keeps a record from being applied because of decisions about members:
// waitHeld, waitSealed, or 0.
func (c *Core) limited(o clock.Origin, rec oplog.Record) (wait, error) {
	l := &c.limits
	if c.cfg.Mistakes.Has(mistake.SealIgnored) {
		return 0, nil
	}
	if len(l.Seals)+len(l.Held)+len(l.Barred)+len(c.aside) == 0 {
		return 0, nil
	}
	end, sealed := c.sealOf(o)
	if sealed && rec.Seq > end {
		return waitSealed, nil
	}
	who, err := c.writer(o, rec)
	switch {
	case err != nil:
		return 0, err
	case slices.Contains(l.Held, who) && !c.merged(clock.Dot{Origin: o, Seq: rec.Seq}) && !c.cfg.Mistakes.Has(mistake.HeldApplied):
		return waitHeld, nil
	case c.foreign(rec.Dep) || !sealed && slices.Contains(l.Barred, who):
		c.bar(o, rec.Seq-1, who)
		return waitSealed, nil
	}
	return 0, nil
}

// merged tells that a transfer which was on its way when the limits came has brought an update
// in some range. It must be applied whole: until then nobody can be told how far this shard is.
func (c *Core) merged(d clock.Dot) bool { return c.limits.late && c.transfer.extras.covers(d) }

// foreign tells that a context names updates that do not count: its writer had applied what
// nobody here ever will.
func (c *Core) foreign(dep clock.VersionVector) bool {
	if dep.LessEq(c.vv) {
		return false
	}
	for _, e := range dep.Entries() {
		if e.Seq <= c.vv.Get(e.Origin) {
			continue
		}
		if end, sealed := c.sealOf(e.Origin); sealed && e.Seq > end {
			return true
		}
	}
	return false
}

// writer returns the node that declared the origin of a record; nothing when that is not
// known.
func (c *Core) writer(o clock.Origin, rec oplog.Record) (crdt.Declaration, error) {
	if len(c.limits.Held)+len(c.limits.Barred) == 0 {
		return crdt.Declaration{}, nil
	}
	who, known := c.limits.writers[o]
	if known {
		return who, nil
	}
	if rec.Seq == 1 {
		// What does not decode is judged where it would be applied.
		if u, err := crdt.DecodeUpdate(rec.Body); err == nil && u.Declare != nil {
			return *u.Declare, nil
		}
		return who, nil
	}
	who, err := c.batch.declared(o)
	if err != nil {
		return who, fmt.Errorf("who declared %v: %w", o, err)
	}
	c.limits.writers[o] = who
	return who, nil
}

// checkLimits refuses the state of a donor that has applied what does not count, or may not:
// the node of an origin that is not declared, here or in declared, is not known.
func (c *Core) checkLimits(v clock.VersionVector, declared map[clock.Origin]crdt.Declaration) error {
	l := &c.limits
	for _, e := range v.Entries() {
		end, sealed := c.sealOf(e.Origin)
		switch {
		case sealed && e.Seq > end:
			return fmt.Errorf("%w: the donor holds %v, the seal is at %d", ErrSealed, clock.Dot(e), end)
		case len(l.Held)+len(l.Barred) == 0 || e.Seq <= c.vv.Get(e.Origin):
			continue
		}
		who, err := c.batch.declared(e.Origin)
		if err != nil {
			return err
		}
		if who == (crdt.Declaration{}) {
			who = declared[e.Origin]
		}
		unknown := who == (crdt.Declaration{})
		if !sealed && len(l.Barred) > 0 && (unknown || slices.Contains(l.Barred, who)) {
			return fmt.Errorf("%w: the donor holds %v, which may be of a member that was removed", ErrSealed, clock.Dot(e))
		}
		// A transfer that was on its way before a member was held may end.
		if len(l.Held) > 0 && !l.late && (unknown || slices.Contains(l.Held, who)) {
			return fmt.Errorf("%w: a member is being removed, and the donor holds %v", ErrSealed, clock.Dot(e))
		}
	}
	return nil
}

// sealedHead returns the head of an origin at its end, if the shard has come that far.
func (c *Core) sealedHead(o clock.Origin, end clock.Seq) (store.Head, bool) {
	h := c.end(o)
	return h, h.Seq == end
}

// openLimits takes over the limits that the core begins with, and what is kept aside.
func (c *Core) openLimits(src store.Reader) (err error) {
	if c.aside, err = loadAside(src, c.cfg.Shard); err != nil {
		return fmt.Errorf("read what is kept aside: %w", err)
	}
	c.take(c.cfg.Limits)
	return nil
}

func (c *Core) take(l Limits) {
	c.limits = limits{Limits: l, writers: map[clock.Origin]crdt.Declaration{}}
	c.limits.late = c.bringsHeld()
	c.lowerAside()
	c.limits.above = c.above()
}

// bringsHeld tells that a transfer is on its way, or has left updates above the shard's vector whose node is held,
// or not known. What it left of others keeps nobody waiting: it may need the removal to become whole.
func (c *Core) bringsHeld() bool {
	t := &c.transfer
	return t.pass != nil || slices.ContainsFunc(t.extras.steps, func(s extraStep) bool { return c.ofHeld(s.vector) })
}

// ofHeld tells that a vector has an origin above the shard's whose node is held, or not known.
func (c *Core) ofHeld(v clock.VersionVector) bool {
	return len(c.limits.Held) > 0 && slices.ContainsFunc(v.Entries(), func(e clock.Entry) bool {
		if e.Seq <= c.vv.Get(e.Origin) {
			return false
		}
		who, err := c.batch.declared(e.Origin)
		return err != nil || who == (crdt.Declaration{}) || slices.Contains(c.limits.Held, who)
	})
}

// mergeOrKeep merges a frame as far as it counts, or keeps it aside.
func (c *Core) mergeOrKeep(f *oplog.Frame) (passed, left *oplog.Frame, w wait, err error) {
	if !c.beyond(f) {
		return c.mergeFrame(f)
	}
	if w, err = c.keepAside(f); w != 0 {
		left = f
	}
	return nil, left, w, err
}

// MadeMeta names the node metadata that tells that this data directory, and not another of
// the same node, made an origin.
func MadeMeta(s store.ShardID, o clock.Origin) string { return fmt.Sprintf("made/%d/%v", s, o) }
