package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
)

// sweepOnce forgets what need not be known any more, a little at a time.
func (c *Core) sweepOnce() error {
	c.forgetGenerations()
	c.seeAgain()
	switch {
	case len(c.once.retries) == 0:
		return nil
	case c.once.rest > 0:
		c.once.rest--
		return nil
	default:
		return c.sweepRetries()
	}
}

// sweepRetries looks at some notes of retries.
func (c *Core) sweepRetries() error {
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
		if _, changed := c.batch.extra[string(k)]; changed || err != nil || !c.aged(c.once.retries[hashOf(k)]) || !c.everywhere(&note) {
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

// owesOnce tells that others wait for a record of this node which covers attempts.
func (c *Core) owesOnce() bool {
	if c.owesGenerations() {
		return true
	}
	var later clock.VersionVector // what this node has not applied yet
	for _, e := range c.once.heard.Entries() {
		d := clock.Dot(e)
		if !c.vv.Covers(d) {
			later.Advance(d.Origin, d.Seq)
			continue
		}
		if c.owner(d.Origin) == c.self() || c.reports(func(ctx crdt.Context) bool { return ctx.Covers(d) }) {
			continue
		}
		return true
	}
	c.once.heard = later
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
	return OnceStats{Retries: len(c.once.retries), First: c.once.first.noted, Duties: len(c.once.duties), Annulled: c.once.annulled}
}
