package crdt

import (
	"cmp"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Shard is one origin's part of a counter: absolute, so that seeing it twice counts
// once. Only its origin writes it.
type Shard struct {
	Origin clock.Origin
	// Seq is the update that wrote it last, Time that update's stamp.
	Seq  clock.Seq
	Time clock.Timestamp
	// Base is the update that began the present life: the first after a reset of
	// everything before.
	Base clock.Seq
	// Total is the sum of the origin's increments since Base.
	Total Total
}

// Dot names the update that wrote the shard last.
func (s Shard) Dot() clock.Dot { return clock.Dot{Origin: s.Origin, Seq: s.Seq} }

// Floor is what a reset has seen of one origin's shard. Increments up to it are gone;
// later ones remain.
type Floor struct {
	Origin clock.Origin
	Seq    clock.Seq
	Total  Total
	// By names the reset while the origin itself is not known to have seen it: until it
	// has, it may go on adding to the old life, so the floor must stay. A floor that its
	// origin has seen has a zero By, and stays only while a living shard needs it.
	By clock.Dot
}

func (f Floor) settled() bool { return f.By.Seq == 0 }

func compareFloors(a, b Floor) int {
	return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Seq, b.Seq), a.By.Compare(b.By))
}

// Counter counts increments of all origins, less those that a reset has seen.
//
// value = Σ over pools of Total + Σ over shards of: Total - Total of the greatest floor
// if that floor is of this life (floor.Seq ≥ shard.Base), else Total; less the voids.
//
// Invariant (normal form): shards ascend by origin, floors by origin, seq, reset. A
// shard that a floor covers wholly is dropped. Of an origin's settled floors only the
// greatest stays, and only while it lies inside a shard's life and above all others.
// Floors that are not settled always stay: whether one is depends on nothing but the
// updates seen, so replicas that have seen the same keep the same.
type Counter struct {
	Shards []Shard
	Floors []Floor
	Pools  []Pool // ascending by id
	Voids  []Void // ascending by dot; see there
}

func (c *Counter) shard(o clock.Origin) (int, bool) {
	return slices.BinarySearchFunc(c.Shards, o, func(s Shard, o clock.Origin) int { return cmp.Compare(s.Origin, o) })
}

// floors returns the range of the floors of o.
func (c *Counter) floors(o clock.Origin) (lo, hi int) {
	for lo < len(c.Floors) && c.Floors[lo].Origin < o {
		lo++
	}
	for hi = lo; hi < len(c.Floors) && c.Floors[hi].Origin == o; hi++ {
	}
	return lo, hi
}

// floor returns the greatest floor of o.
func (c *Counter) floor(o clock.Origin) (Floor, bool) {
	lo, hi := c.floors(o)
	if lo == hi {
		return Floor{}, false
	}
	return c.Floors[hi-1], true
}

// Live reports whether an increment remains.
func (c *Counter) Live() bool { return len(c.Shards)+len(c.Pools) > 0 }

// Empty reports whether nothing is left that the counter needs to keep.
func (c *Counter) Empty() bool { return len(c.Shards)+len(c.Floors)+len(c.Pools) == 0 }

// Unsettled reports whether a floor waits for its origin to see the reset.
func (c *Counter) Unsettled() bool {
	return slices.ContainsFunc(c.Floors, func(f Floor) bool { return !f.settled() })
}

// Newest returns the tag of the remaining increment with the greatest stamp.
func (c *Counter) Newest() (Tag, bool) {
	var best Tag
	take := func(t Tag) {
		if best.Time == 0 || newerFirst(t, best) < 0 {
			best = t
		}
	}
	for _, s := range c.Shards {
		take(Tag{s.Dot(), s.Time})
	}
	for _, p := range c.Pools {
		take(p.Tag)
	}
	return best, c.Live()
}

// Sum returns the sum of the remaining increments.
func (c *Counter) Sum() Total {
	var sum Total
	for _, s := range c.Shards {
		sum = sum.Add(c.net(s))
	}
	for _, p := range c.Pools {
		sum = sum.Add(p.Total)
	}
	return sum
}

// net returns what resets have left of a shard.
func (c *Counter) net(s Shard) Total {
	total := s.Total
	if f, ok := c.floor(s.Origin); ok && f.Seq >= s.Base {
		total = total.Sub(f.Total)
	}
	if len(c.Voids) > 0 {
		total = total.Sub(c.annulled(s.Origin))
	}
	return total
}

// Increment returns the shard that origin tag.Dot.Origin writes to add delta: its own
// shard grown, or the first of a new life when resets have covered it wholly.
func (c *Counter) Increment(delta Total, tag Tag) Shard {
	next := Shard{Origin: tag.Dot.Origin, Seq: tag.Dot.Seq, Time: tag.Time, Base: tag.Dot.Seq, Total: delta}
	if i, ok := c.shard(tag.Dot.Origin); ok {
		next.Base = c.Shards[i].Base
		next.Total = c.Shards[i].Total.Add(next.Total)
	}
	return next
}

// Observed returns the floors that a reset made now leaves: one for each living shard.
// Pools need none: whoever resets has seen all of them.
func (c *Counter) Observed() []Floor {
	var out []Floor
	for _, s := range c.Shards {
		out = append(out, Floor{Origin: s.Origin, Seq: s.Seq, Total: s.Total})
	}
	return out
}

// Raise applies an increment: s becomes its origin's shard.
func (c *Counter) Raise(s Shard) {
	i, ok := c.shard(s.Origin)
	switch {
	case !ok:
		c.Shards = slices.Insert(slices.Clip(c.Shards), i, s)
	case c.Shards[i].Seq < s.Seq:
		c.Shards = slices.Clone(c.Shards)
		c.Shards[i] = s
	}
	c.normalize()
}

// Reset applies the floors that the reset named by left. An origin has seen its own
// resets.
func (c *Counter) Reset(floors []Floor, by clock.Dot) {
	if len(floors) == 0 {
		return
	}
	all := slices.Clone(c.Floors)
	for _, f := range floors {
		f.By = clock.Dot{}
		if f.Origin != by.Origin {
			f.By = by
		}
		all = append(all, f)
	}
	slices.SortFunc(all, compareFloors)
	c.Floors = all
	c.normalize()
}

// normalize restores the invariant.
func (c *Counter) normalize() {
	if len(c.Floors) > 0 {
		c.normalizeFloors()
	}
	if len(c.Voids) > 0 {
		c.dropVoids()
	}
}

// normalizeFloors restores the invariant of shards and floors, origin by origin.
func (c *Counter) normalizeFloors() {
	shards := make([]Shard, 0, len(c.Shards))
	floors := make([]Floor, 0, len(c.Floors))
	living, left := c.Shards, c.Floors
	for len(left) > 0 {
		o, n := left[0].Origin, 1
		for n < len(left) && left[n].Origin == o {
			n++
		}
		for len(living) > 0 && living[0].Origin < o {
			shards, living = append(shards, living[0]), living[1:]
		}
		var s *Shard
		if len(living) > 0 && living[0].Origin == o {
			s, living = &living[0], living[1:]
		}
		if s != nil && left[n-1].Seq >= s.Seq {
			s = nil // covered wholly
		}
		if s != nil {
			shards = append(shards, *s)
		}
		floors = appendNeeded(floors, left[:n], s)
		left = left[n:]
	}
	c.Shards, c.Floors = orNil(append(shards, living...)), orNil(floors)
}

// appendNeeded appends those of one origin's floors, ascending, that must stay; s is
// its shard, nil if none remains.
func appendNeeded(out, of []Floor, s *Shard) []Floor {
	for i, f := range of {
		// Settled floors sort before others of the same seq, so the last of the greatest seq
		// is settled only if all of that seq are.
		inLife := i == len(of)-1 && s != nil && f.Seq >= s.Base
		if !f.settled() || inLife {
			out = append(out, f)
		}
	}
	return out
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// Settle marks the floors whose origins have seen the reset: their next increment
// begins a new life where everything was reset. seen returns the context of the last
// applied record of an origin, that record included; it is a function of the version
// vector alone, so replicas with equal vectors settle alike.
func (c *Counter) Settle(seen func(clock.Origin) Context) {
	settled := false
	floors := slices.Clone(c.Floors)
	for i, f := range floors {
		if !f.settled() && seen(f.Origin).Covers(f.By) {
			floors[i].By = clock.Dot{}
			settled = true
		}
	}
	if !settled {
		return
	}
	slices.SortFunc(floors, compareFloors)
	c.Floors = floors
	c.normalize()
}

// Merge returns the least upper bound of two settled counters.
func (c Counter) Merge(o Counter, v Vectors) Counter {
	var out Counter
	out.mergePools(&c, &o, v)
	for _, origin := range c.origins(o) {
		out.mergeShard(c, o, origin, v)
		out.mergeFloors(c, o, origin, v)
	}
	if len(c.Voids)+len(o.Voids) > 0 {
		out.setVoids(slices.Concat(c.Voids, o.Voids))
	}
	out.normalize()
	return out
}

func (c *Counter) origins(o Counter) []clock.Origin {
	var list []clock.Origin
	for _, x := range []*Counter{c, &o} {
		for _, s := range x.Shards {
			list = append(list, s.Origin)
		}
		for _, f := range x.Floors {
			list = append(list, f.Origin)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (c *Counter) mergeShard(a, b Counter, o clock.Origin, v Vectors) {
	i, inA := a.shard(o)
	j, inB := b.shard(o)
	switch {
	case inA && (!inB || a.Shards[i].Seq >= b.Shards[j].Seq):
		if inB || !v.Theirs.Covers(a.Shards[i].Dot()) {
			c.Shards = append(c.Shards, a.Shards[i])
		}
	case inB:
		if inA || !v.Ours.Covers(b.Shards[j].Dot()) {
			c.Shards = append(c.Shards, b.Shards[j])
		}
	}
}

// mergeFloors joins the floors not settled by their resets' dots: one that only one
// side has was settled on the other if that side has seen the reset. Of settled ones
// all are taken; normalize keeps what is needed.
func (c *Counter) mergeFloors(a, b Counter, o clock.Origin, v Vectors) {
	split := func(x Counter) (open, settled []Floor) {
		lo, hi := x.floors(o)
		for _, f := range x.Floors[lo:hi] {
			if f.settled() {
				settled = append(settled, f)
			} else {
				open = append(open, f)
			}
		}
		return open, settled
	}
	openA, settledA := split(a)
	openB, settledB := split(b)
	floors := join(openA, openB, func(f Floor) clock.Dot { return f.By }, v)
	floors = append(append(floors, settledA...), settledB...)
	slices.SortFunc(floors, compareFloors)
	c.Floors = append(c.Floors, floors...)
}

func sortDots(dots []clock.Dot) []clock.Dot {
	slices.SortFunc(dots, clock.Dot.Compare)
	return slices.Compact(dots)
}

// appendTo appends: uvarint shards, each {origin, uvarint seq, time, uvarint base,
// total}; uvarint floors, each {origin, uvarint seq, total, 0 or 1 and a dot}.
func (c *Counter) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(len(c.Shards)))
	for _, s := range c.Shards {
		b = appendTag(b, Tag{s.Dot(), s.Time})
		b = appendUvarint(b, uint64(s.Base))
		b = s.Total.appendTo(b)
	}
	b = appendUvarint(b, uint64(len(c.Floors)))
	for _, f := range c.Floors {
		b = appendFloor(b, f)
		if f.settled() {
			b = append(b, 0)
		} else {
			b = appendDot(append(b, 1), f.By)
		}
	}
	return b
}

func appendFloor(b []byte, f Floor) []byte {
	b = appendDot(b, clock.Dot{Origin: f.Origin, Seq: f.Seq})
	return f.Total.appendTo(b)
}

func (d *decoder) counter() Counter {
	var c Counter
	for range d.count(tagBytesMin + 2) {
		s := d.shard(d.tag())
		if k := len(c.Shards); k > 0 && c.Shards[k-1].Origin >= s.Origin {
			d.fail("shards not in order")
		}
		c.Shards = append(c.Shards, s)
	}
	for range d.count(dotBytesMin + 2) {
		f := d.floor()
		switch d.byte() {
		case 0:
		case 1:
			f.By = d.dot()
		default:
			d.fail("bad floor")
		}
		if k := len(c.Floors); k > 0 && compareFloors(c.Floors[k-1], f) >= 0 {
			d.fail("floors not in order")
		}
		c.Floors = append(c.Floors, f)
	}
	d.checkNormal(&c)
	return c
}

func (d *decoder) shard(t Tag) Shard {
	s := Shard{Origin: t.Dot.Origin, Seq: t.Dot.Seq, Time: t.Time, Base: clock.Seq(d.uvarint()), Total: d.total()}
	if s.Base == 0 || s.Base > s.Seq {
		d.fail("shard's life begins after its end")
	}
	return s
}

func (d *decoder) floor() Floor {
	dot := d.dot()
	return Floor{Origin: dot.Origin, Seq: dot.Seq, Total: d.total()}
}

// checkNormal refuses bytes that decode to a counter that is not in normal form.
func (d *decoder) checkNormal(c *Counter) {
	if d.err != nil || len(c.Floors) == 0 {
		return
	}
	n := *c
	n.normalize()
	if len(n.Shards) != len(c.Shards) || len(n.Floors) != len(c.Floors) {
		d.fail("counter not in normal form")
	}
}
