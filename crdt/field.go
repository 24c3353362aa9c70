package crdt

import (
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// Field is the content of one field of a hash: a register, a counter whose remaining
// increments are added to what the register shows, and deadlines. A key that holds a string has the same
// content, see [Header]. Elements of other collections have no deadlines.
//
// A deletion of the whole hash takes what it had seen of a field by the header's Hidden;
// for the counters among the fields it carries floors, one edit a field, since of a shard
// that has grown meanwhile no vector tells how much the deletion had seen.
type Field struct {
	Register Register
	Counter  Counter
	// Expiry are the deadlines of the values and of the counter, ascending by what they are of, then greatest
	// stamp first. The values that they are of are there.
	Expiry []Deadline
}

// Edit is what an update does to a register and the counter over it. Its parts apply in
// the order of the fields.
type Edit struct {
	// Clear removes what the writer had seen.
	Clear bool
	// Floors are, with Clear, the increments that the writer had seen.
	Floors []Floor
	// Assign writes Value into the register.
	Assign bool
	Value  []byte
	// Increment replaces the writer's shard of the counter.
	Increment *Increment
	// Voids are increments that do not count, ascending. The writer had seen them.
	Voids []Void
	// Expiry changes the deadlines, if it is not nil.
	Expiry *Expiry
}

// Deletion returns the edit that deletes all that is here.
func (f *Field) Deletion() Edit { return Edit{Clear: true, Floors: f.Counter.Observed()} }

// Assignment returns the edit that replaces all that is here by value.
func (f *Field) Assignment(value []byte) Edit {
	e := f.Deletion()
	e.Assign, e.Value = true, value
	return e
}

// Add adds delta to what the edit adds to a counter; after is the counter after the edit.
func (e *Edit) Add(after *Counter, delta Total, tag Tag) {
	next, sum := after.Increment(delta, tag), delta
	if e.Increment != nil {
		sum = sum.Add(e.Increment.Delta)
	}
	e.Increment = &Increment{Base: next.Base, Total: next.Total, Delta: sum}
}

// Apply applies an edit. The counter must be folded as far as the update that the edit
// belongs to had seen: a reset names no shards that its writer had in pools.
func (f *Field) Apply(e *Edit, tag Tag, ctx Context) {
	if e.Clear {
		f.Register.Remove(ctx)
		f.Counter.Reset(e.Floors, tag.Dot)
		f.Counter.EmptyPools(ctx)
	}
	if e.Assign {
		f.Register.Assign(e.Value, tag, ctx)
	}
	if e.Increment != nil {
		f.Counter.Raise(Shard{
			Origin: tag.Dot.Origin, Seq: tag.Dot.Seq, Time: tag.Time,
			Base: e.Increment.Base, Total: e.Increment.Total,
		})
	}
	if len(e.Voids) > 0 {
		f.Counter.Annul(e.Voids)
	}
	f.applyExpiry(e, tag, ctx)
}

// Hide drops what deletions of the whole hash had seen. It must come before folding: of a
// shard that lies in a pool it can no longer be told whether a deletion had seen it.
func (f *Field) Hide(hidden clock.VersionVector) {
	if hidden.Len() == 0 {
		return
	}
	f.Register.Siblings = without(f.Register.Siblings, siblingDot, hidden.Covers)
	f.Counter.hide(hidden.Covers)
	if len(f.Expiry) > 0 {
		f.Expiry = without(f.Expiry, deadlineDot, hidden.Covers)
		f.tidyExpiry()
	}
}

// Live reports whether the field is in the hash.
func (f *Field) Live() bool { return len(f.Register.Siblings) > 0 || f.Counter.Live() }

// Empty reports whether nothing is left that must be kept: a field that is not live may
// hold floors still, or a deadline of increments that are gone.
func (f *Field) Empty() bool {
	return len(f.Register.Siblings) == 0 && f.Counter.Empty() && len(f.Expiry) == 0
}

// Stamp returns the greatest stamp of the content.
func (f *Field) Stamp() (Tag, bool) {
	inc, counts := f.Counter.Newest()
	s, has := f.Register.Shown()
	if counts && (!has || newerFirst(inc, s.Tag) < 0) {
		return inc, true
	}
	return s.Tag, has
}

// Value returns what a read shows: the shown sibling's bytes, plus the increments that it
// had not seen when it is a number, or the sum of the increments when there is no
// sibling. Increments over a sibling that is no number are kept but not shown. A sum
// outside 64 bits is saturated, the same everywhere.
//
// ok is false when there is neither.
func (f *Field) Value() (value []byte, ok bool) {
	s, has := f.Register.Shown()
	if !f.Counter.Live() {
		return s.Value, has
	}
	n, isNumber := f.Number()
	if !isNumber {
		return s.Value, true
	}
	return FormatNumber(n), true
}

// Integer returns the value as an integer; ok is false when what a read shows is none. It
// is exact, also where a read shows a saturated one.
func (f *Field) Integer() (n Total, ok bool) {
	if n, ok = f.Number(); !ok {
		return Total{}, false
	}
	if n.IsInteger() {
		s, has := f.Register.Shown()
		if _, isInt := ParseInt(s.Value); f.Counter.Live() || !has || isInt {
			return n, true
		}
		return Total{}, false // "1.0"
	}
	shown, isInt := ParseInt(FormatNumber(n))
	return TotalOf(shown), isInt
}

// Merge returns the least upper bound of two canonical fields.
func (f Field) Merge(o Field, v Vectors) Field {
	out := Field{f.Register.Merge(o.Register, v), f.Counter.Merge(o.Counter, v), joinDeadlines(f.Expiry, o.Expiry, v)}
	out.tidyExpiry()
	return out
}

// Canonical returns the field as every replica with the same version vector has it. What
// deletions have hidden must be gone.
func (f Field) Canonical(k Knowledge) Field {
	f.Counter.Settle(k.Seen)
	f.Counter.Fold(k.Folded)
	return f
}

// LiveDots names the updates whose effect is live, in no order.
func (f *Field) LiveDots() (dots []clock.Dot) {
	for _, s := range f.Register.Siblings {
		dots = append(dots, s.Dot)
	}
	for _, s := range f.Counter.Shards {
		dots = append(dots, s.Dot())
	}
	for _, p := range f.Counter.Pools {
		dots = append(dots, p.Dot)
	}
	return dots
}

// Dots names the updates that the field's state comes from, in no order.
func (f *Field) Dots() []clock.Dot {
	dots := f.LiveDots()
	for _, x := range f.Counter.Floors {
		dots = append(dots, clock.Dot{Origin: x.Origin, Seq: x.Seq})
		if !x.settled() {
			dots = append(dots, x.By)
		}
	}
	for _, d := range f.Expiry {
		dots = append(dots, d.Dot)
	}
	return dots
}

// Append appends the canonical encoding: that of a header with no other parts.
func (f *Field) Append(b []byte) []byte {
	h := Header{Register: f.Register, Counter: f.Counter, Expiry: f.Expiry}
	return h.Append(b)
}

// DecodeField reads what Append wrote; the result shares b. Errors match ErrMalformed.
func DecodeField(b []byte) (Field, error) {
	d := decoder{b: b}
	h := d.header()
	if len(h.Claims) > 0 || h.Hidden.Len() > 0 {
		d.fail("field with parts of a header")
	}
	return h.text(), d.end()
}

// decodeEndless is DecodeField of an element that has no deadlines.
func decodeEndless(b []byte) (Field, error) {
	f, err := DecodeField(b)
	if err == nil && len(f.Expiry) > 0 {
		err = fmt.Errorf("%w: element with a deadline", ErrMalformed)
	}
	return f, err
}
