package keyspace

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// First attempts are noted in generations of one window each, by how long the node has run: a generation is dropped as one
// range. While a member is away, and none can be dropped, the youngest one goes on, so that there are few to look into. What
// a start finds is as young as the start, whatever became of the clock in between.

// generationsMost is how many generations there are before the youngest goes on for longer than a window.
const generationsMost = 6

// onceGeneration is what is known of the first attempts of one generation.
type onceGeneration struct {
	number uint32        // in its key
	noted  int           // how many there are; of an earlier run one
	begun  time.Duration // as the HLC's Elapsed
	last   time.Duration // when the last one was noted, or found
	blind  bool          // see onceblind.go
	upTo   clock.VersionVector
}

// onceGenerations are those that are noted, the oldest first.
type onceGenerations struct {
	list  []*onceGeneration
	next  uint32 // the number of the next one
	noted int    // first attempts in all of them
	// unsettled: of some it is not known what covers them.
	unsettled bool
}

// aged tells that no client sends again any more what was noted last at a time.
func (c *Core) aged(last time.Duration) bool { return c.hlc.Elapsed()-last >= c.cfg.OnceWindow }

// presentGeneration returns the youngest generation, for adding to it.
func (c *Core) presentGeneration() *onceGeneration {
	first, now := &c.once.first, c.hlc.Elapsed()
	if k := len(first.list); k > 0 && !c.isOver(first.list[k-1], now) {
		first.list[k-1].last = now
		return first.list[k-1]
	}
	return c.nextGeneration(now)
}

// isOver tells that a generation takes no more: it may only go on while there are many, and it is neither blind nor half
// full.
func (c *Core) isOver(x *onceGeneration, now time.Duration) bool {
	return now-x.begun >= c.cfg.OnceWindow && (len(c.once.first.list) < generationsMost || x.blind || x.noted >= c.once.most.first/2)
}

func (c *Core) nextGeneration(now time.Duration) *onceGeneration {
	x := &onceGeneration{number: c.once.first.next, begun: now, last: now}
	c.once.first.list = append(c.once.first.list, x)
	c.once.first.next++
	return x
}

// findGenerations returns the generations that a store holds, and whether the node is blind for them; with an error those
// before what cannot be read.
func (c *Core) findGenerations(src store.Reader) (found map[uint32]bool, err error) {
	found = map[uint32]bool{}
	for g, more := uint32(0), true; more && g < math.MaxUint32 && err == nil; g++ {
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

// foundGenerations adds generations that the store holds, and whether the node is blind for them. Those that were not known
// may be of any age, and so may what is in the others beside them.
func (c *Core) foundGenerations(found map[uint32]bool) {
	first, now := &c.once.first, c.hlc.Elapsed()
	for _, x := range first.list {
		x.blind = x.blind || found[x.number]
		x.last = now
		delete(found, x.number)
	}
	var older []*onceGeneration
	for g, blind := range found {
		older = append(older, &onceGeneration{number: g, noted: 1, begun: now - c.cfg.OnceWindow, last: now, blind: blind})
		first.next = max(first.next, g+1)
	}
	slices.SortFunc(older, func(x, y *onceGeneration) int { return int(int64(x.number) - int64(y.number)) })
	first.list = append(older, first.list...)
	first.noted += len(older)
	first.unsettled = first.unsettled || len(older) > 0
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

// firstKeys returns where a first attempt of an operation may be noted: anywhere for a retry. What is none is looked for
// where clients may send it again, in case that they do not tell, and in the youngest one, which it may be noted in.
func (c *Core) firstKeys(h onceHash, retry bool) (keys [][]byte) {
	list := c.once.first.list
	for i, x := range slices.Backward(list) {
		if !retry && i < len(list)-1 && c.aged(x.last) {
			break
		}
		keys = append(keys, c.firstKey(x.number, h))
	}
	return keys
}

// forgetGenerations forgets first attempts that no client sends again any more and that all members have applied, and where
// more are noted than may be kept the oldest.
func (c *Core) forgetGenerations() {
	c.settleGenerations()
	first := &c.once.first
	for ; len(first.list) > 0 && c.aged(first.list[0].last); first.list = first.list[1:] {
		x := first.list[0]
		if first.noted <= c.once.most.kept && !c.knownEverywhere(x) {
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
	return c.cfg.Ends.Members != nil && !c.once.first.unsettled && c.tells(x.upTo) && c.reportedBy(coversAll(x.upTo))
}

// tells tells that a record of this node covers what a vector has of others.
func (c *Core) tells(v clock.VersionVector) bool {
	var others clock.VersionVector
	for _, e := range v.Entries() {
		if c.owner(e.Origin) != c.self() {
			others.Advance(e.Origin, e.Seq)
		}
	}
	return others.Len() == 0 || c.reports(coversAll(others))
}

// coversAll returns the test whether a writer had seen all of a vector.
func coversAll(v clock.VersionVector) func(crdt.Context) bool {
	return func(ctx crdt.Context) bool {
		return !slices.ContainsFunc(v.Entries(), func(e clock.Entry) bool { return !ctx.Covers(clock.Dot(e)) })
	}
}

// owesGenerations tells that others wait for a record of this node that covers first attempts, as far as it has applied
// them.
func (c *Core) owesGenerations() bool {
	return !c.once.first.unsettled && slices.ContainsFunc(c.once.first.list, func(x *onceGeneration) bool {
		return c.aged(x.last) && !c.tells(x.upTo.Meet(c.vv))
	})
}
