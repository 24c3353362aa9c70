package keyspace

import (
	"bytes"
	"maps"
	"math"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// sweepOnce forgets what need not be known any more, a little at a time.
func (c *Core) sweepOnce() error {
	now := c.generation(c.onceNow())
	c.forgetFirst(now)
	switch {
	case len(c.once.retries) == 0:
		return nil
	case c.once.rest > 0:
		c.once.rest--
		return nil
	default:
		return c.sweepRetries(now)
	}
}

// forgetFirst forgets first attempts that no client sends again any more: those of generations that every other member has
// come past, and where more are noted than may be kept the oldest.
func (c *Core) forgetFirst(now uint32) {
	past := min(now, c.pastOf())
	for g := range c.once.first {
		if g+2 <= past {
			c.forgetGeneration(g)
		}
	}
	if c.once.noted <= c.once.most.kept {
		return
	}
	for _, g := range slices.Sorted(maps.Keys(c.once.first)) {
		if c.once.noted > c.once.most.kept && g+2 <= now {
			c.forgetGeneration(g)
		}
	}
}

func (c *Core) forgetGeneration(g uint32) {
	c.batch.drops = append(c.batch.drops, store.Range{Lo: c.blindKey(g), Hi: c.blindKey(g + 1)})
	c.once.noted -= c.once.first[g]
	delete(c.once.first, g)
	delete(c.once.blind, g)
}

// pastOf returns the generation that every other member is known, by a record of its own, to have come to: whatever it did
// before is here.
func (c *Core) pastOf() uint32 {
	if c.cfg.Mistakes.Has(mistake.RetryForgotten) {
		return math.MaxUint32
	}
	if c.cfg.Ends.Members == nil {
		return 0
	}
	come := map[crdt.Declaration]uint32{c.self(): math.MaxUint32}
	for o, h := range c.heads {
		who := c.owner(o)
		come[who] = max(come[who], c.generation(h.Time))
	}
	past := uint32(math.MaxUint32)
	active, _ := c.cfg.Ends.Members()
	for _, m := range active {
		past = min(past, come[m])
	}
	return past
}

// sweepRetries looks at some notes of retries.
func (c *Core) sweepRetries(now uint32) error {
	lo, hi := c.onceClass(onceRetry), c.onceClass(onceDuty)
	if c.once.walked != nil {
		lo = append(bytes.Clone(c.once.walked), 0)
	}
	n, ended := 0, true
	err := scan(c.batch.raw(), lo, hi, func(k, v []byte) (bool, error) {
		if n++; n > onceSweep {
			ended = false
			return false, nil
		}
		c.once.walked = bytes.Clone(k)
		note, err := crdt.DecodeOnceNote(v)
		if _, changed := c.batch.extra[string(k)]; changed || err != nil || !c.mayForget(&note, now) {
			return err == nil, err
		}
		c.batch.set(c.once.walked, nil)
		delete(c.once.retries, hashOf(k))
		return true, nil
	})
	if ended || IsDamage(err) {
		c.once.walked, c.once.rest = nil, onceRest
	}
	if IsDamage(err) {
		return nil // the store knows, and what cannot be read stays
	}
	return err
}

// mayForget tells that a retry is old enough, and known to all members by their own records.
func (c *Core) mayForget(n *crdt.OnceNote, now uint32) bool {
	for _, a := range n.Attempts {
		if c.generation(a.Time)+2 > now {
			return false
		}
	}
	return c.everywhere(n)
}

// everywhere tells that all members are known, by their own records, to have applied all attempts of a note.
func (c *Core) everywhere(n *crdt.OnceNote) bool {
	if c.cfg.Mistakes.Has(mistake.RetryForgotten) {
		return true
	}
	for _, a := range n.Attempts {
		covers := func(ctx crdt.Context) bool { return ctx.Covers(a.Dot) }
		if c.cfg.Ends.Members == nil || !c.reportedBy(covers) {
			return false
		}
	}
	return true
}

// owesOnce tells that others wait for a record of this node: one which covers a retry, or one that is later than any
// retry of a first attempt.
func (c *Core) owesOnce() bool {
	if g := c.once.heardFirst; g > 0 && g+2 <= c.generation(c.onceNow()) {
		if !c.wroteIn(g + 2) {
			return true
		}
		c.once.heardFirst = 0
	}
	for _, e := range c.once.heard.Entries() {
		d := clock.Dot(e)
		if c.owner(d.Origin) == c.self() || c.reports(func(ctx crdt.Context) bool { return ctx.Covers(d) }) {
			continue
		}
		return true
	}
	c.once.heard = clock.VersionVector{}
	return false
}

// wroteIn tells that this node has written in a generation, or later.
func (c *Core) wroteIn(generation uint32) bool {
	for o, h := range c.heads {
		if c.owner(o) == c.self() && c.generation(h.Time) >= generation {
			return true
		}
	}
	return false
}

// OnceStats counts what is noted of operations with ids.
type OnceStats struct {
	// Retries are notes that stay until every member has applied them.
	Retries int
	// First are first attempts that this run has noted and not forgotten.
	First int
	// Duties are attempts that are to be void and are not yet.
	Duties int
	// Annulled are increments that this node has made void since it was started.
	Annulled uint64
}

// Once returns what is noted of operations with ids.
func (c *Core) Once() OnceStats {
	return OnceStats{Retries: len(c.once.retries), First: c.once.noted, Duties: len(c.once.duties), Annulled: c.once.annulled}
}
