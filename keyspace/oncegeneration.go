package keyspace

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// First attempts are noted in generations of one window each, by how long the node has run: a generation is dropped as one
// range. They are numbered. A start begins one after all that it finds, and counts what it finds as noted in that one. So
// each is a window old at least when the second one after it begins, whatever became of the clock in between.

// onceGeneration is what is known of the first attempts of one generation.
type onceGeneration struct {
	number uint32
	noted  int    // how many there are; of an earlier run one
	last   uint32 // the generation in which the last one was noted, or found
	blind  bool   // see onceblind.go
	// upTo covers these attempts and all that were noted before them: see settleGenerations.
	upTo clock.VersionVector
}

// onceGenerations are those that are noted, ascending.
type onceGenerations struct {
	list   []*onceGeneration
	base   uint32        // the first one of this run
	opened time.Duration // when it began, as the HLC's Elapsed
	noted  int           // first attempts in all of them
	// unsettled: of some it is not known what covers them.
	unsettled bool
}

// onceNow returns the present generation.
func (c *Core) onceNow() uint32 {
	return c.once.first.base + uint32((c.hlc.Elapsed()-c.once.first.opened)/c.cfg.OnceWindow)
}

// aged tells that no client sends again any more what was noted last in a generation.
func (c *Core) aged(last uint32) bool { return last+2 <= c.onceNow() }

// presentGeneration returns the present generation, for adding to it.
func (c *Core) presentGeneration() *onceGeneration {
	now, list := c.onceNow(), c.once.first.list
	next := &onceGeneration{number: now, last: now}
	if k := len(list); k > 0 {
		if list[k-1].number == now {
			return list[k-1]
		}
		next.upTo = list[k-1].upTo
	}
	c.once.first.list = append(list, next)
	return next
}

// findGenerations returns the generations that a store holds, and whether the node is blind for them; with an error those
// before what cannot be read.
func (c *Core) findGenerations(src store.Reader) (found map[uint32]bool, err error) {
	found = map[uint32]bool{}
	for g, more := uint32(0), true; more && err == nil; g++ {
		more = false
		err = scan(src, c.blindKey(g), c.onceClass(onceRetry), func(k, _ []byte) (bool, error) {
			if more = isNote(k); more {
				g = binary.BigEndian.Uint32(k[6:])
				found[g] = isBlind(k)
			}
			return false, nil
		})
	}
	return found, err
}

// foundGenerations adds generations that the store holds, and whether the node is blind for them. The present one comes
// after those of earlier runs.
func (c *Core) foundGenerations(found map[uint32]bool) {
	c.beginAfter(found)
	first := &c.once.first
	for _, x := range first.list {
		x.blind = x.blind || found[x.number]
		delete(found, x.number)
	}
	for g, blind := range found {
		first.list = append(first.list, &onceGeneration{number: g, noted: 1, last: c.onceNow(), blind: blind})
		first.noted++
		first.unsettled = true
	}
	slices.SortFunc(first.list, func(x, y *onceGeneration) int { return int(int64(x.number) - int64(y.number)) })
}

// beginAfter lets the present generation come after those that were found; what is noted is as old as that one then.
func (c *Core) beginAfter(found map[uint32]bool) {
	now := c.onceNow()
	newest := now
	for g := range found {
		newest = max(newest, g)
	}
	if newest == now {
		return
	}
	c.once.first.base += newest + 1 - now
	for _, x := range c.once.first.list {
		x.last = newest + 1
	}
	for h := range c.once.retries {
		c.once.retries[h] = newest + 1
	}
}

// settleGenerations learns what generations of earlier runs may hold: what the node has applied. While a transfer is open
// there may be notes of what it has not applied.
func (c *Core) settleGenerations() {
	if !c.once.first.unsettled || c.aheadOrActive() {
		return
	}
	for _, x := range c.once.first.list {
		x.upTo.Join(c.vv)
	}
	c.once.first.unsettled = false
}

// firstKeys returns where a first attempt of an operation may be noted: where clients may send it again and, for a retry
// of somebody who had seen so much, where he had not seen all. Whoever had seen the first attempt would have known it.
func (c *Core) firstKeys(h onceHash, retry *crdt.Context) (keys [][]byte) {
	seen := retry == nil
	for _, x := range slices.Backward(c.once.first.list) {
		seen = seen || !c.once.first.unsettled && coversAll(x.upTo)(*retry)
		if !seen || !c.aged(x.last) {
			keys = append(keys, c.firstKey(x.number, h))
		}
	}
	return keys
}

// coversAll returns the test whether a writer had seen all of a vector.
func coversAll(v clock.VersionVector) func(crdt.Context) bool {
	return func(ctx crdt.Context) bool {
		return !slices.ContainsFunc(v.Entries(), func(e clock.Entry) bool { return !ctx.Covers(clock.Dot(e)) })
	}
}

// forgetGenerations forgets first attempts that no client sends again any more and that all members have applied, and where
// more are noted than may be kept the oldest.
func (c *Core) forgetGenerations() {
	c.settleGenerations()
	for first := &c.once.first; len(first.list) > 0; first.list = first.list[1:] {
		x := first.list[0]
		if !c.aged(x.last) || first.noted <= c.once.most.kept && !c.knownEverywhere(x) {
			return
		}
		c.batch.drops = append(c.batch.drops, store.Range{Lo: c.blindKey(x.number), Hi: c.blindKey(x.number + 1)})
		first.noted -= x.noted
	}
}

// knownEverywhere tells that all members are known, by their own records, to have applied the attempts of a generation:
// whatever they did before is here.
func (c *Core) knownEverywhere(x *onceGeneration) bool {
	if c.cfg.Mistakes.Has(mistake.RetryForgotten) {
		return true
	}
	return c.cfg.Ends.Members != nil && !c.once.first.unsettled && c.tells(x) && c.reportedBy(coversAll(x.upTo))
}

// tells tells that no other node waits for a record of this one that covers the attempts of a generation.
func (c *Core) tells(x *onceGeneration) bool {
	var others clock.VersionVector
	for _, e := range x.upTo.Entries() {
		if c.owner(e.Origin) != c.self() {
			others.Advance(e.Origin, e.Seq)
		}
	}
	return others.Len() == 0 || c.reports(coversAll(others))
}

// owesGenerations tells that others wait for a record of this node that covers first attempts.
func (c *Core) owesGenerations() bool {
	for _, x := range slices.Backward(c.once.first.list) {
		if c.aged(x.last) {
			return !c.once.first.unsettled && !c.tells(x)
		}
	}
	return false
}
