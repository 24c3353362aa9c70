package crdt

import (
	"slices"

	"github.com/atollkv/atoll/clock"
)

// An increment that is sent again, since its answer was lost, may be carried out in two regions that do not hear of each
// other. Both write ordinary increments. Whoever sees both makes the later one void: its origin's shard keeps what it
// has, and the void takes that one increment out of the sum.

// Void says that the increment by one update does not count.
//
// Invariant: a void is here only while its increment is: inside the present life of its origin's shard, and above what
// any reset has seen. So it needs no dot of its own: who lacks it while the increment is here has not seen it, and
// whoever makes it again makes the same.
type Void struct {
	// Dot names the update whose increment does not count.
	Dot clock.Dot
	// Delta is what that update added.
	Delta Total
}

func compareVoids(a, b Void) int { return a.Dot.Compare(b.Dot) }

// Counts tells whether an increment by an update is here, and not void.
func (c *Counter) Counts(d clock.Dot) bool {
	_, void := slices.BinarySearchFunc(c.Voids, Void{Dot: d}, compareVoids)
	return !void && c.living(d)
}

// living tells whether an increment by an update is here: no reset has seen it.
func (c *Counter) living(d clock.Dot) bool {
	i, ok := c.shard(d.Origin)
	if !ok || d.Seq < c.Shards[i].Base || d.Seq > c.Shards[i].Seq {
		return false
	}
	f, ok := c.floor(d.Origin)
	return !ok || f.Seq < d.Seq
}

// Annul applies voids, ascending. What is not here, or void already, needs none.
func (c *Counter) Annul(list []Void) {
	all := slices.Clip(c.Voids)
	for _, v := range list {
		if c.Counts(v.Dot) {
			all = append(all, v)
		}
	}
	c.setVoids(all)
}

func (c *Counter) setVoids(list []Void) {
	list = slices.Clone(list)
	slices.SortFunc(list, compareVoids)
	c.Voids = orNil(slices.CompactFunc(list, func(a, b Void) bool { return a.Dot == b.Dot }))
}

// dropVoids drops those whose increments are gone.
func (c *Counter) dropVoids() {
	c.Voids = without(c.Voids, func(v Void) clock.Dot { return v.Dot }, func(d clock.Dot) bool { return !c.living(d) })
}

// annulled returns what the voids take out of the shard of an origin.
func (c *Counter) annulled(o clock.Origin) (sum Total) {
	for _, v := range c.Voids {
		if v.Dot.Origin == o {
			sum = sum.Add(v.Delta)
		}
	}
	return sum
}

// appendVoids appends uvarint voids, each dot and total.
func appendVoids(b []byte, list []Void) []byte {
	b = appendUvarint(b, uint64(len(list)))
	for _, v := range list {
		b = v.Delta.appendTo(appendDot(b, v.Dot))
	}
	return b
}

func (d *decoder) voids() (list []Void) {
	n := d.count(dotBytesMin + 1)
	d.need(n > 0)
	for range n {
		v := Void{Dot: d.dot(), Delta: d.total()}
		if k := len(list); k > 0 && compareVoids(list[k-1], v) >= 0 {
			d.fail("voids not in order")
		}
		list = append(list, v)
	}
	return list
}

// checkVoids refuses voids of increments that are not here.
func (d *decoder) checkVoids(c *Counter) {
	for _, v := range c.Voids {
		if d.err == nil && !c.living(v.Dot) {
			d.fail("void %v without its increment", v.Dot)
		}
	}
}
