package keyspace

import (
	"bytes"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// readmitMax bounds the frames that one step of readmitting merges.
const readmitMax = 64

// Readmit merges what is kept aside of an origin like frames that a peer sends: its member takes part again, and
// nobody has ended the origin, so it is an ordinary one: see [Readmitted]. It is forgotten with the commit that has
// merged the last of it. Done is the last record merged: it stays behind what is kept while a record waits for
// others, and where the records are barred for another reason.
func (c *Core) Readmit(o clock.Origin) (n Replayed, err error) {
	if c.failed != nil {
		return n, c.failed
	}
	if _, sealed := c.limits.Seals[o]; sealed || c.asideOpen(o) {
		return n, nil // decided otherwise meanwhile, or not yet in the store
	}
	a, err := c.keptOf(o)
	if err != nil || a.base+a.done > 0 {
		return n, err
	}
	frames, err := c.keptAside(o, c.heads[o].Seq+1)
	if err != nil {
		return n, err
	}
	delete(c.aside, o)
	for _, f := range frames {
		c.Merge(f, func(failed error) { err = failed })
		if n.Done = c.heads[o].Seq; err != nil || n.Done < f.Last() {
			c.keepRest(o, a)
			return n, err
		}
		n.Records += int(f.Count)
	}
	if n.Done, n.More = c.heads[o].Seq, len(frames) == readmitMax; !n.More {
		lo, hi := asideRangeOf(c.cfg.Shard, o)
		c.batch.drops = append(c.batch.drops, store.Range{Lo: lo, Hi: hi})
	}
	return n, nil
}

// keptOf returns what is known of an origin that is kept aside, or was until an earlier step.
func (c *Core) keptOf(o clock.Origin) (a aside, err error) {
	if a, ok := c.aside[o]; ok {
		return a, nil
	}
	b, err := c.batch.Get(asideKey(c.cfg.Shard, o, 0))
	if err != nil || b == nil {
		return a, err
	}
	return decodeAside(b)
}

// keepRest notes that the rest of what was kept aside is barred anew, if it is.
func (c *Core) keepRest(o clock.Origin, a aside) {
	if again, barred := c.aside[o]; barred {
		again.head = a.head
		c.settleAside(o, again)
	}
}

// asideOpen reports whether the open batch keeps something of an origin aside.
func (c *Core) asideOpen(o clock.Origin) bool {
	_, open := c.batch.extra[string(asideKey(c.cfg.Shard, o, 0))]
	return open
}

// keptAside returns the first frames that are kept aside of an origin and end at a record or behind it.
func (c *Core) keptAside(o clock.Origin, from clock.Seq) (frames []*oplog.Frame, err error) {
	_, hi := asideRangeOf(c.cfg.Shard, o)
	err = scan(c.batch.raw(), asideKey(c.cfg.Shard, o, from), hi, func(_, v []byte) (bool, error) {
		f, err := oplog.Decode(bytes.Clone(v))
		if err != nil {
			return false, fmt.Errorf("%w: kept aside of %v: %w", store.ErrCorrupt, o, err)
		}
		frames = append(frames, f)
		return len(frames) < readmitMax, nil
	})
	return frames, err
}

// asideRangeOf bounds everything that is kept aside of an origin.
func asideRangeOf(s store.ShardID, o clock.Origin) (lo, hi []byte) {
	return asideKey(s, o, 0), append(asideKey(s, o, ^clock.Seq(0)), 0)
}
