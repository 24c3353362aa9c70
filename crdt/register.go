package crdt

import (
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Sibling is one value of a register that no later write has replaced.
type Sibling struct {
	Tag
	Value []byte
}

// Register is a last-writer-wins register that keeps its concurrent siblings. The
// greatest stamp wins when it is read, not when states merge: keeping only the winner
// would diverge, because a delete that saw one sibling only has different effects
// where the other one was already dropped.
//
// Invariant: siblings are sorted by stamp, greatest first, and have different dots.
type Register struct {
	Siblings []Sibling
}

func siblingDot(s Sibling) clock.Dot { return s.Dot }

// Assign replaces what ctx covers by value.
func (r *Register) Assign(value []byte, tag Tag, ctx Context) {
	r.Remove(ctx)
	r.Siblings = append(slices.Clip(r.Siblings), Sibling{tag, value})
	r.sort()
}

// Remove drops the siblings that ctx covers.
func (r *Register) Remove(ctx Context) {
	r.Siblings = without(r.Siblings, siblingDot, ctx.Covers)
}

// Shown returns the sibling that reads show.
func (r *Register) Shown() (Sibling, bool) {
	if len(r.Siblings) == 0 {
		return Sibling{}, false
	}
	return r.Siblings[0], true
}

// Merge returns the least upper bound of two registers.
func (r Register) Merge(o Register, v Vectors) Register {
	out := Register{join(r.Siblings, o.Siblings, siblingDot, v)}
	out.sort()
	return out
}

func (r *Register) sort() {
	if len(r.Siblings) > 1 {
		slices.SortFunc(r.Siblings, func(a, b Sibling) int { return newerFirst(a.Tag, b.Tag) })
	}
}

// appendTo appends: uvarint count, then tag, uvarint length and bytes of each sibling.
func (r *Register) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(len(r.Siblings)))
	for _, s := range r.Siblings {
		b = appendTag(b, s.Tag)
		b = appendBytes(b, s.Value)
	}
	return b
}

func (d *decoder) register() Register {
	n := d.count(tagBytesMin + 1)
	var r Register
	if n > 0 {
		r.Siblings = make([]Sibling, 0, n)
	}
	for range n {
		s := Sibling{Tag: d.tag(), Value: d.bytes()}
		if k := len(r.Siblings); k > 0 && newerFirst(r.Siblings[k-1].Tag, s.Tag) >= 0 {
			d.fail("siblings not in order")
		}
		r.Siblings = append(r.Siblings, s)
	}
	return r
}
