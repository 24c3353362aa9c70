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

// ErrNotAside: nothing of the origin is kept aside.
var ErrNotAside = errors.New("nothing is kept aside")

// asideKeysMax bounds the different keys that are counted of one origin.
const asideKeysMax = 100_000

// AsideCount is what is kept aside, in short.
type AsideCount struct {
	// Origins have records that were neither replayed nor dropped, Records of them.
	Origins, Records int
}

// AsideCount counts what is kept aside.
func (c *Core) AsideCount() (n AsideCount) {
	for _, a := range c.aside {
		if left := int(a.head.Seq) - int(max(a.done, a.base)); a.head.Seq > 0 && left > 0 {
			n.Origins++
			n.Records += left
		}
	}
	return n
}

// Aside is what is kept aside of one origin.
type Aside struct {
	Origin clock.Origin
	// Writer is the node that declared the origin; empty when it is not known.
	Writer crdt.Declaration
	// Base is the last record that counts, Done the last one replayed or dropped, Last the
	// last one kept.
	Base, Done, Last clock.Seq
	Records          uint64
	Bytes            uint64
	// Keys counts different keys, up to a bound.
	Keys int
	// First and Newest are the stamps of the first and last record left.
	First, Newest clock.Timestamp
}

// ReadAside is a command that lists what is kept aside, ascending by origin.
type ReadAside struct{ Found []Aside }

// Name implements Command.
func (*ReadAside) Name() string { return "SALVAGE" }

// Keys implements Command.
func (*ReadAside) Keys() [][]byte { return nil }

// Writes implements Command.
func (*ReadAside) Writes() bool { return false }

// Run implements Command.
func (q *ReadAside) Run(tx *Tx) (_ Reply, err error) {
	s, ok := tx.cells.(*stored)
	if !ok {
		return Reply{}, ErrReadOnly
	}
	q.Found, err = ListAside(s.src, s.shard)
	return Reply{}, err
}

// ListAside returns what a shard keeps aside, ascending by origin; also of what has no records left,
// how far it was settled. It reads all of it.
func ListAside(src store.Reader, shard store.ShardID) (found []Aside, err error) {
	var now *asideReader
	add := func() {
		if now != nil {
			now.out.Keys = len(now.keys)
			found = append(found, now.out)
		}
	}
	lo, hi := asideRange(shard)
	err = scan(src, lo, hi, func(k, v []byte) (bool, error) {
		o, last, err := splitAsideKey(k)
		switch {
		case err != nil:
		case last == 0:
			add()
			now, err = newAsideReader(o, v)
		case now == nil || now.out.Origin != o:
			err = fmt.Errorf("%w: frame of %v kept aside without its begin", store.ErrCorrupt, o)
		default:
			err = now.frame(v)
		}
		return true, err
	})
	add()
	return found, err
}

// asideReader sums up the frames of one origin.
type asideReader struct {
	out  Aside
	seen clock.Seq // frames may overlap
	keys map[string]struct{}
}

func newAsideReader(o clock.Origin, v []byte) (*asideReader, error) {
	a, err := decodeAside(v)
	out := Aside{Origin: o, Writer: a.who, Base: a.base, Done: max(a.done, a.base), Last: a.head.Seq}
	return &asideReader{out: out, seen: out.Done, keys: map[string]struct{}{}}, err
}

func (r *asideReader) frame(v []byte) error {
	f, err := oplog.Decode(v)
	if err != nil {
		return fmt.Errorf("%w: frame of %v kept aside: %w", store.ErrCorrupt, r.out.Origin, err)
	}
	r.out.Bytes += uint64(len(v))
	err = eachAside(f, r.seen, func(rec oplog.Record) error {
		r.record(rec)
		return nil
	})
	r.seen = max(r.seen, f.Last())
	return err
}

func (r *asideReader) record(rec oplog.Record) {
	r.out.Records++
	if r.out.First == 0 {
		r.out.First = rec.Time
	}
	r.out.Newest = max(r.out.Newest, rec.Time)
	u, err := crdt.DecodeUpdate(rec.Body)
	if err != nil {
		return // of a newer version: what it changes is not known
	}
	for i := range u.Changes {
		if len(r.keys) < asideKeysMax {
			r.keys[string(u.Changes[i].Key)] = struct{}{}
		}
	}
}

// eachAside calls fn for the records of a frame that follow after. Contexts are not those
// of the records: the frames before are not read.
func eachAside(f *oplog.Frame, after clock.Seq, fn func(oplog.Record) error) error {
	r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
	if err != nil {
		return err
	}
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return err
		}
		if rec.Seq > after {
			if err := fn(rec); err != nil {
				return err
			}
		}
		r.Advance(rec)
	}
	return nil
}

// Replayed says what one step of replaying did.
type Replayed struct {
	// Records were issued again, Empty ones changed nothing here, Skipped ones could not be
	// issued and were given up.
	Records, Empty, Skipped int
	// Done is the last record settled.
	Done clock.Seq
	// More tells that something is left.
	More bool
}

// Replay issues what is kept aside of an origin again, one frame at most: each record as
// one transaction of this node, made by translate. What was issued is marked and forgotten
// in the same commit, so it is issued at most once here. A record that cannot be issued
// stops it with an error, unless skip is set.
func (c *Core) Replay(o clock.Origin, translate func(*crdt.Update) []Command, skip bool) (n Replayed, err error) {
	a, f, err := c.firstAside(o)
	if err != nil || f == nil {
		return Replayed{Done: a.done, More: err == nil && a.done < a.head.Seq}, err
	}
	err = eachAside(f, a.done, func(rec oplog.Record) error {
		dot := clock.Dot{Origin: o, Seq: rec.Seq}
		switch written, err := c.reissue(dot, rec, translate); {
		case c.failed != nil:
			return c.failed
		case err != nil && !skip:
			return fmt.Errorf("replay %v: %w", dot, err)
		case err != nil:
			n.Skipped++
		case written:
			n.Records++
		default:
			n.Empty++
		}
		a.done = rec.Seq
		return nil
	})
	if c.cfg.Mistakes.Has(mistake.ReplayedTwice) {
		return Replayed{Done: c.aside[o].done}, err
	}
	c.settleAside(o, a)
	if a.done >= f.Last() {
		c.batch.set(asideKey(c.cfg.Shard, o, f.Last()), nil)
	}
	n.Done, n.More = a.done, a.done < a.head.Seq
	return n, err
}

func (c *Core) reissue(dot clock.Dot, rec oplog.Record, translate func(*crdt.Update) []Command) (written bool, err error) {
	u, err := crdt.DecodeUpdate(rec.Body)
	if err != nil {
		return false, err
	}
	cmds := translate(&u)
	if len(cmds) == 0 {
		return false, nil
	}
	_, written, err = c.execute(cmds, dot)
	return written, err
}

// replayed settles what is kept aside up to an update that another member has issued again, in the
// commit that applies it. So whoever has applied it does not issue it once more.
func (c *Core) replayed(d clock.Dot) error {
	a, begun := c.aside[d.Origin]
	if !begun {
		end, sealed := c.limits.Seals[d.Origin]
		if !sealed {
			return nil // the decision is on its way: marks of the registry settle it
		}
		a = aside{base: end}
	}
	if max(a.done, a.base) >= d.Seq {
		return nil
	}
	c.aside[d.Origin] = a
	_, err := c.DropAside(d.Origin, d.Seq)
	return err
}

// firstAside returns the first frame kept aside that is not settled; nil when there is none
// yet in the store.
func (c *Core) firstAside(o clock.Origin) (a aside, f *oplog.Frame, err error) {
	if c.failed != nil {
		return a, nil, c.failed
	}
	a, ok := c.aside[o]
	if !ok {
		return a, nil, fmt.Errorf("%w of %v", ErrNotAside, o)
	}
	a.done = max(a.done, a.base)
	lo, hi := asideKey(c.cfg.Shard, o, a.done+1), asideKey(c.cfg.Shard, o, ^clock.Seq(0))
	err = scan(c.batch.raw(), lo, hi, func(_, v []byte) (bool, error) {
		f, err = oplog.Decode(v)
		return false, err
	})
	if err != nil {
		return a, nil, fmt.Errorf("%w: kept aside of %v: %w", store.ErrCorrupt, o, err)
	}
	return a, f, nil
}

func (c *Core) settleAside(o clock.Origin, a aside) {
	c.aside[o] = a
	c.batch.set(asideKey(c.cfg.Shard, o, 0), a.encode(o))
}

// asideDropMax bounds the frames that one step of dropping forgets.
const asideDropMax = 1024

// DropAside forgets what is kept aside of an origin up to a record, that one included.
func (c *Core) DropAside(o clock.Origin, upTo clock.Seq) (n Replayed, err error) {
	a, ok := c.aside[o]
	switch {
	case c.failed != nil:
		return n, c.failed
	case !ok:
		return n, fmt.Errorf("%w of %v", ErrNotAside, o)
	}
	a.done = max(a.done, a.base)
	before := a.done
	lo, hi := asideKey(c.cfg.Shard, o, 1), append(asideKey(c.cfg.Shard, o, upTo), 0)
	frames := 0
	err = scan(c.batch.raw(), lo, hi, func(k, _ []byte) (bool, error) {
		_, last, err := splitAsideKey(k)
		c.batch.set(k, nil)
		a.done = max(a.done, last)
		frames++
		return frames < asideDropMax, err
	})
	if err != nil {
		return n, err
	}
	if n.More = frames == asideDropMax; !n.More {
		a.done = max(a.done, upTo)
	}
	if a.done > before {
		n.Skipped = int(min(a.done, a.head.Seq)) - int(min(before, a.head.Seq))
		c.settleAside(o, a)
	}
	n.Done = a.done
	return n, nil
}
