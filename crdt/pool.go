package crdt

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// A node takes a fresh origin at every start, and a counter has a shard for each that
// incremented it. When an origin is folded, everybody has seen it to its end: its shards
// never change any more, and whatever removes them from then on has seen all of them.
// So what is left of the folded origins of one node is kept as one sum, its pool.

// PoolID names the pool of one node.
type PoolID uint64

// PoolOf returns the pool of the node that made a declaration: the first eight bytes of
// the SHA-256 of region, a zero byte and node.
func PoolOf(d Declaration) PoolID {
	sum := sha256.Sum256([]byte(d.Region + "\x00" + d.Node))
	return PoolID(binary.BigEndian.Uint64(sum[:]))
}

// Pool is what is left of one node's folded origins in one counter.
//
// Invariant: its shards are removed together or not at all, so its newest one stands for
// all: who has seen that and lacks the pool has removed it.
type Pool struct {
	ID PoolID
	// Tag is that of the newest shard.
	Tag
	// Total is the sum of the shards, less what resets had seen of them.
	Total Total
}

func poolDot(p Pool) clock.Dot { return p.Dot }

// Folding says that an origin is folded into a pool, and by which updates; several when
// the node that decided was restored from an older copy and decided again.
type Folding struct {
	Origin clock.Origin
	Pool   PoolID
	By     []clock.Dot // ascending
}

// Folds is an unchanging table of folded origins. Whether one of them is folded in a
// state depends on what the state contains: nil folds nothing.
type Folds struct {
	entries map[clock.Origin]Folding
}

// Folded tells into which pool an origin is folded, if it is. nil folds nothing.
type Folded func(clock.Origin) (PoolID, bool)

// With returns a table that also holds the given foldings.
func (f *Folds) With(list ...Folding) *Folds {
	next := &Folds{entries: make(map[clock.Origin]Folding, f.Len()+len(list))}
	if f != nil {
		maps.Copy(next.entries, f.entries)
	}
	for _, x := range list {
		x.By = sortDots(append(slices.Clone(x.By), next.entries[x.Origin].By...))
		next.entries[x.Origin] = x
	}
	return next
}

// Len returns the number of folded origins.
func (f *Folds) Len() int {
	if f == nil {
		return 0
	}
	return len(f.entries)
}

// All returns the foldings, ascending by origin.
func (f *Folds) All() []Folding {
	if f == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(f.entries), func(a, b Folding) int { return cmp.Compare(a.Origin, b.Origin) })
}

// Get returns the pool of an origin of the table.
func (f *Folds) Get(o clock.Origin) (PoolID, bool) {
	x, ok := f.entries[o]
	return x.Pool, ok
}

// At returns what is folded in a state that contains v.
func (f *Folds) At(v clock.VersionVector) Folded {
	if f.Len() == 0 {
		return nil
	}
	return func(o clock.Origin) (PoolID, bool) {
		x, ok := f.entries[o]
		return x.Pool, ok && slices.ContainsFunc(x.By, v.Covers)
	}
}

// Beyond reports whether some origin of a pool is folded at v and not at w.
func (f *Folds) Beyond(id PoolID, v, w clock.VersionVector) bool {
	for _, x := range f.All() {
		if x.Pool == id && slices.ContainsFunc(x.By, v.Covers) && !slices.ContainsFunc(x.By, w.Covers) {
			return true
		}
	}
	return false
}

// Pools returns the pools of the table, ascending.
func (f *Folds) Pools() (ids []PoolID) {
	for _, x := range f.All() {
		ids = append(ids, x.Pool)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Fold moves the shards of folded origins into their pools. It changes no value.
func (c *Counter) Fold(in Folded) {
	if !c.Names(in) {
		return
	}
	pools := slices.Clone(c.Pools)
	for _, s := range c.Shards {
		if id, ok := in(s.Origin); ok {
			pools = pool(pools, Pool{id, Tag{s.Dot(), s.Time}, c.net(s)})
		}
	}
	c.Pools = pools
	c.drop(in)
}

// EmptyPools applies a reset made in ctx.
func (c *Counter) EmptyPools(ctx Context) { c.Pools = without(c.Pools, poolDot, ctx.Covers) }

// hide drops the shards and pools that covers covers: resets that had seen them have
// taken them out of the counters of their writers.
func (c *Counter) hide(covers func(clock.Dot) bool) {
	c.Pools = without(c.Pools, poolDot, covers)
	c.Shards = without(c.Shards, Shard.Dot, covers)
	c.normalize()
}

// Names reports whether the counter has a shard or a floor of a folded origin.
func (c *Counter) Names(in Folded) bool {
	pass := func(o clock.Origin) bool { _, ok := in(o); return ok }
	return in != nil && (slices.ContainsFunc(c.Shards, func(s Shard) bool { return pass(s.Origin) }) ||
		slices.ContainsFunc(c.Floors, func(f Floor) bool { return pass(f.Origin) }))
}

// drop removes the shards and floors of folded origins.
func (c *Counter) drop(in Folded) {
	if in == nil {
		return
	}
	pass := func(o clock.Origin) bool { _, ok := in(o); return ok }
	c.Shards = orNil(slices.DeleteFunc(slices.Clone(c.Shards), func(s Shard) bool { return pass(s.Origin) }))
	c.Floors = orNil(slices.DeleteFunc(slices.Clone(c.Floors), func(f Floor) bool { return pass(f.Origin) }))
	c.Voids = orNil(slices.DeleteFunc(slices.Clone(c.Voids), func(v Void) bool { return pass(v.Dot.Origin) }))
}

// pool adds p to the pools, which ascend by id.
func pool(pools []Pool, p Pool) []Pool {
	i, ok := slices.BinarySearchFunc(pools, p.ID, func(x Pool, id PoolID) int { return cmp.Compare(x.ID, id) })
	if !ok {
		return slices.Insert(pools, i, p)
	}
	pools[i].Total = pools[i].Total.Add(p.Total)
	if newerFirst(p.Tag, pools[i].Tag) < 0 {
		pools[i].Tag = p.Tag
	}
	return pools
}

func (c *Counter) pool(id PoolID) (Pool, bool) {
	i := slices.IndexFunc(c.Pools, func(p Pool) bool { return p.ID == id })
	if i < 0 {
		return Pool{}, false
	}
	return c.Pools[i], true
}

// mergePools joins the pools of two counters. Of the origins that only one side has
// folded, that side knows all there is to know, so the other side's shards are dropped.
func (c *Counter) mergePools(a, b *Counter, v Vectors) {
	ours, theirs := v.Folds.At(v.Ours), v.Folds.At(v.Theirs)
	a.Fold(ours)
	b.Fold(theirs)
	for _, id := range poolIDs(a, b) {
		x, inA := a.pool(id)
		y, inB := b.pool(id)
		switch {
		case inA && inB && v.Folds.Beyond(id, v.Theirs, v.Ours):
			c.Pools = append(c.Pools, y)
		case inA && (inB || b.holds(x) || !v.Theirs.Covers(x.Dot)):
			c.Pools = append(c.Pools, x)
		case !inA && (a.holds(y) || !v.Ours.Covers(y.Dot)):
			c.Pools = append(c.Pools, y)
		}
	}
	a.drop(theirs)
	b.drop(ours)
}

// holds reports whether the shard that stands for a pool is here, not folded yet.
func (c *Counter) holds(p Pool) bool {
	_, ok := c.shard(p.Dot.Origin)
	return ok
}

func poolIDs(a, b *Counter) (ids []PoolID) {
	for _, p := range slices.Concat(a.Pools, b.Pools) {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// appendPools appends uvarint pools, each id u64, tag, total.
func appendPools(b []byte, pools []Pool) []byte {
	b = appendUvarint(b, uint64(len(pools)))
	for _, p := range pools {
		b = binary.BigEndian.AppendUint64(b, uint64(p.ID))
		b = p.Total.appendTo(appendTag(b, p.Tag))
	}
	return b
}

func (d *decoder) pools() (pools []Pool) {
	n := d.count(8 + tagBytesMin + 1)
	d.need(n > 0)
	for range n {
		p := Pool{ID: PoolID(d.uint64()), Tag: d.tag(), Total: d.total()}
		if k := len(pools); k > 0 && pools[k-1].ID >= p.ID {
			d.fail("pools not in order")
		}
		pools = append(pools, p)
	}
	return pools
}
