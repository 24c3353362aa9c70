package keyspace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// A node draws a fresh origin at its first write after each start, so origins would pile
// up. Each goes through three ends, all decided by records of its own node:
//
//	closed   a later incarnation names it: it will have no more than its node has
//	retired  every member has reported the same end of it: it leaves vectors and heads
//	folded   every member has seen it retired: its counter shards join the pool
//
// A member reports by writing: the context of its records tells what it has. What a
// shard knows of ends is a function of the updates it holds.

// EndsConfig says when origins of earlier incarnations are ended.
type EndsConfig struct {
	// Members returns the nodes of the cluster whose reports are needed, and those that
	// were removed. nil ends nothing.
	Members func() (active, removed []crdt.Declaration)
	// After is how long an origin stays closed before it is retired, and retired before it
	// is folded.
	After time.Duration
	// ReportAfter is how long a member that has nothing to write waits before it writes an
	// empty record, as its report.
	ReportAfter time.Duration
	// Stale tells that this shard may be an older copy that has not caught up: what it wrote
	// now could come too late. nil is never. It must be quick.
	Stale func() bool
}

// errFetchAgain drops a waiting frame of an origin that was closed: if anybody still
// holds it, it comes again.
var errFetchAgain = errors.New("origin was closed: its frames are fetched again")

// ends is what a core knows of origins that have ended.
type ends struct {
	closed  map[clock.Origin]*closedOrigin
	retired map[clock.Origin]*retiredOrigin
	pending []clock.Origin // retired, not folded; ascending
	table   *clock.Retired // of retired
	folds   *crdt.Folds    // of those that are folded
	last    []store.Head   // of retired, ascending; nil when it must be made anew
	fences  []clock.Dot    // one an author, ascending
	owners  map[clock.Origin]crdt.Declaration

	superseded error // set once: no writes any more
	condemned  error // set once, and kept: no reads either
	owing      int64 // since when a report is due, in Unix milliseconds; 0 when none is
	allClosed  bool  // no earlier origin of this node is left to close
}

// closedOrigin is an origin that its node's later incarnations have closed.
type closedOrigin struct {
	by []clock.Dot
	at clock.Timestamp // of the last close
}

// retiredOrigin is an origin that is gone from vectors and heads.
type retiredOrigin struct {
	seal   clock.Seq
	hash   oplog.Hash
	by     []clock.Dot
	at     clock.Timestamp // of the last retirement
	foldBy []clock.Dot     // ascending; none while it is not folded
	pool   crdt.PoolID     // once it is folded
	fence  clock.Dot       // by, followed through folded authors
}

func (x *retiredOrigin) folded() bool { return len(x.foldBy) > 0 }

const (
	endVersion = 1
	endClosed  = 1
	endRetired = 2
	endFolded  = 3
)

func endKey(s store.ShardID, o clock.Origin) []byte {
	b := originKey(s, o)
	b[0] = store.SpaceRetired
	return b
}

// encode returns version, state 1, stamp u64, uvarint dots, dots.
func (x *closedOrigin) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{endVersion, endClosed}, uint64(x.at))
	return appendDots(b, x.by)
}

// encode returns version, state 2 or 3, stamp u64, uvarint dots, dots, uvarint seal,
// hash u64, and in state 3 pool u64, uvarint dots, dots.
func (x *retiredOrigin) encode() []byte {
	state := byte(endRetired)
	if x.folded() {
		state = endFolded
	}
	b := binary.BigEndian.AppendUint64([]byte{endVersion, state}, uint64(x.at))
	b = appendUvarint(appendDots(b, x.by), uint64(x.seal))
	b = binary.BigEndian.AppendUint64(b, uint64(x.hash))
	if x.folded() {
		b = appendDots(binary.BigEndian.AppendUint64(b, uint64(x.pool)), x.foldBy)
	}
	return b
}

func appendDots(b []byte, dots []clock.Dot) []byte {
	b = appendUvarint(b, uint64(len(dots)))
	for _, d := range dots {
		b = binary.BigEndian.AppendUint64(b, uint64(d.Origin))
		b = appendUvarint(b, uint64(d.Seq))
	}
	return b
}

func newEnds() ends {
	return ends{
		closed: map[clock.Origin]*closedOrigin{}, retired: map[clock.Origin]*retiredOrigin{},
		owners: map[clock.Origin]crdt.Declaration{},
	}
}

// loadEnds reads what a shard has stored of ends.
func loadEnds(src store.Reader, shard store.ShardID) (ends, error) {
	e := newEnds()
	lo, hi := endKey(shard, 1), append(endKey(shard, ^clock.Origin(0)), 0)
	err := scan(src, lo, hi, func(k, v []byte) (bool, error) {
		if len(k) != len(lo) {
			return false, fmt.Errorf("%w: key %x is not shard and origin", ErrDamaged, k)
		}
		o := clock.Origin(binary.BigEndian.Uint64(k[5:]))
		if err := e.decode(o, v); err != nil {
			return false, fmt.Errorf("%w: end of %v: %w", ErrDamaged, o, err)
		}
		return true, nil
	})
	if err != nil {
		return e, err
	}
	e.rebuild()
	return e, e.loadCondemned(src, shard)
}

// condemnedKey is where a shard remembers why its node was condemned.
func condemnedKey(shard store.ShardID) []byte {
	return store.MetaKey(fmt.Sprintf("condemned/%d", shard))
}

func (e *ends) loadCondemned(src store.Reader, shard store.ShardID) error {
	why, err := src.Get(condemnedKey(shard))
	if err == nil && why != nil {
		e.condemned = fmt.Errorf("%w: %s", ErrSuperseded, why)
		e.superseded = e.condemned
	}
	return err
}

func (e *ends) decode(o clock.Origin, b []byte) error {
	if len(b) < 11 || b[0] != endVersion {
		return fmt.Errorf("%d bytes, or a version this build does not read", len(b))
	}
	state, at := b[1], clock.Timestamp(binary.BigEndian.Uint64(b[2:]))
	by, b, err := takeDots(b[10:])
	if err != nil {
		return err
	}
	if state == endClosed && len(b) == 0 {
		e.closed[o] = &closedOrigin{by, at}
		return nil
	}
	seal, b, err := clock.Uvarint(b)
	if err != nil || len(b) < 8 || state != endRetired && state != endFolded {
		return ErrMalformed
	}
	x := &retiredOrigin{seal: clock.Seq(seal), hash: oplog.Hash(binary.BigEndian.Uint64(b)), by: by, at: at}
	if b = b[8:]; state == endFolded && len(b) > 8 {
		x.pool = crdt.PoolID(binary.BigEndian.Uint64(b))
		if x.foldBy, b, err = takeDots(b[8:]); err != nil {
			return err
		}
	}
	if len(b) > 0 || x.folded() != (state == endFolded) {
		return ErrMalformed
	}
	e.retired[o] = x
	return nil
}

// takeDots reads what appendDots wrote from the front of b; there is at least one dot.
func takeDots(b []byte) (dots []clock.Dot, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n == 0 || n > uint64(len(b)/9) {
		return nil, nil, fmt.Errorf("%d dots: %w", n, ErrMalformed)
	}
	for range n {
		if len(b) < 9 {
			return nil, nil, ErrMalformed
		}
		d := clock.Dot{Origin: clock.Origin(binary.BigEndian.Uint64(b))}
		var s uint64
		if s, b, err = clock.Uvarint(b[8:]); err != nil {
			return nil, nil, err
		}
		d.Seq = clock.Seq(s)
		dots = append(dots, d)
	}
	return dots, b, nil
}

// rebuild derives what is kept for speed from what was loaded.
func (e *ends) rebuild() {
	var list []clock.Retirement
	for _, o := range slices.Sorted(maps.Keys(e.retired)) {
		r := e.retired[o]
		list = append(list, clock.Retirement{Origin: o, Seal: r.seal, By: r.by})
		if !r.folded() {
			e.pending = append(e.pending, o)
		}
	}
	if len(list) > 0 {
		e.table = e.table.With(list...)
	}
	if folds := e.foldings(); len(folds) > 0 {
		e.folds = e.folds.With(folds...)
	}
	e.refence()
}

// heads returns the last heads of retired origins, ascending. The list is not changed
// afterwards.
func (e *ends) heads() []store.Head {
	if len(e.last) != len(e.retired) {
		e.last = make([]store.Head, 0, len(e.retired))
		for _, o := range slices.Sorted(maps.Keys(e.retired)) {
			e.last = append(e.last, e.retired[o].head(o))
		}
	}
	return e.last
}

// Ended returns the last heads of the retired origins, ascending, and the table that
// vectors of the shard are under. The list must not be changed.
func (c *Core) Ended() ([]store.Head, *clock.Retired) { return c.ends.heads(), c.ends.table }

// ReadEnded returns what Ended would of a shard that is stored.
func ReadEnded(src store.Reader, shard store.ShardID) ([]store.Head, *clock.Retired, error) {
	e, err := loadEnds(src, shard)
	return e.heads(), e.table, err
}

// end returns how far an origin goes here, retired or not.
func (c *Core) end(o clock.Origin) store.Head {
	if x := c.ends.retired[o]; x != nil {
		return x.head(o)
	}
	return c.heads[o]
}

// foldings returns the folded origins, ascending.
func (e *ends) foldings() (list []crdt.Folding) {
	for _, o := range slices.Sorted(maps.Keys(e.retired)) {
		if x := e.retired[o]; x.folded() {
			list = append(list, crdt.Folding{Origin: o, Pool: x.pool, By: x.foldBy})
		}
	}
	return list
}

// openEnds loads the ends and takes retired origins out of vectors.
func (c *Core) openEnds(src store.Reader) (err error) {
	if c.ends, err = loadEnds(src, c.cfg.Shard); err != nil {
		return err
	}
	c.batch.below.retired = c.ends.table
	c.batch.below.folded = c.folded()
	for _, o := range slices.Sorted(maps.Keys(c.heads)) {
		h := c.heads[o]
		h.Dep = h.Dep.Carry(c.ends.table)
		c.heads[o] = h
	}
	c.vv = c.vv.Under(c.ends.table)
	return nil
}

// shorten takes the retired origins out of a head's context that the head covers without
// naming them.
func (e *ends) shorten(h store.Head, heads int) clock.VersionVector {
	if e.table == nil || h.Dep.Len() < heads {
		return h.Dep.Carry(e.table)
	}
	v := h.Dep
	v.Advance(h.Origin, h.Seq)
	return v.Under(e.table).Without(h.Origin)
}

// owner returns the node that declared an origin; it is zero when that is not known.
func (c *Core) owner(o clock.Origin) crdt.Declaration {
	if who, ok := c.ends.owners[o]; ok {
		return who
	}
	who, err := c.batch.declared(o)
	if err != nil || who == (crdt.Declaration{}) {
		return crdt.Declaration{}
	}
	c.ends.owners[o] = who
	return who
}

func (c *Core) self() crdt.Declaration {
	return crdt.Declaration{Region: c.cfg.Region, Node: c.cfg.Node}
}

// Ends describes the origins of a shard.
type Ends struct {
	// Live, Closed and Retired count origins; Retired includes Folded.
	Live, Closed, Retired, Folded int
	// Superseded tells why this node takes no writes any more, if so.
	Superseded error
}

// Ends returns how many origins there are in each state.
func (c *Core) Ends() Ends {
	e := &c.ends
	return Ends{
		Live: len(c.heads) - len(e.closed), Closed: len(e.closed),
		Retired: len(e.retired), Folded: len(e.retired) - len(e.pending), Superseded: e.superseded,
	}
}

// firstKey is where a shard remembers the context of an origin's first record.
func firstKey(s store.ShardID, o clock.Origin) []byte { return append(originKey(s, o), 1) }

// firstContext returns the context of an origin's first record.
func (c *Core) firstContext(o clock.Origin) (clock.VersionVector, error) {
	b := c.batch.extra[string(firstKey(c.cfg.Shard, o))]
	if b == nil {
		var err error
		if b, err = c.batch.raw().Get(firstKey(c.cfg.Shard, o)); err != nil || b == nil {
			return clock.VersionVector{}, err
		}
	}
	v, _, err := clock.DecodeVector(b)
	return v.Carry(c.ends.table), err
}
