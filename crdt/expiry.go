package crdt

import (
	"math"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Never is the time of a deadline that says: this does not end.
const Never int64 = 0

// Deadline says until when a part of a key, or of a field of a hash, lives. An update sets one on each value
// that its writer had seen, and on the rest; it replaces the deadlines that the writer had seen, and
// those set concurrently stay beside it. The longest counts, and Never is longer than any other.
//
// A value's deadlines go with it: they were set on that value and no other. So a concurrent SET shows
// with its own deadline, or none.
type Deadline struct {
	Tag
	// At is the end in Unix milliseconds, or Never.
	At int64
	// Of is the value of the register; the zero Dot is the rest of the key or field: what was added to a
	// counter, and the elements of collections.
	Of clock.Dot
}

func deadlineDot(d Deadline) clock.Dot { return d.Dot }

// outlasts reports whether d counts beside o; of equal times the newer one was decisive.
func (d Deadline) outlasts(o Deadline) bool {
	if d.At != o.At {
		return uint64(d.At)-1 > uint64(o.At)-1 // Never becomes the greatest
	}
	return newerFirst(d.Tag, o.Tag) < 0
}

// compareDeadlines orders by what they are of, the rest first, and then by descending stamp.
func compareDeadlines(a, b Deadline) int {
	if c := a.Of.Compare(b.Of); c != 0 {
		return c
	}
	return newerFirst(a.Tag, b.Tag)
}

// Expiry is what an update does to the deadlines of a key or a field: it takes those that the writer had seen.
type Expiry struct {
	// None: no other takes their place. So ends the deadline of a collection that its writer saw
	// become empty. Fields have no need of it.
	None bool
	// At is the new deadline of the values that the writer had seen, Unix milliseconds or Never.
	At int64
	// Rest: it is the deadline of the rest as well.
	Rest bool
}

// applyExpiry applies what an edit means for deadlines; its other parts are applied already.
func (f *Field) applyExpiry(e *Edit, tag Tag, ctx Context) {
	if len(f.Expiry) == 0 && e.Expiry == nil {
		return
	}
	if e.Clear || e.Expiry != nil {
		f.Expiry = without(f.Expiry, deadlineDot, ctx.Covers)
	}
	if e.Expiry != nil && !e.Expiry.None {
		f.expire(e.Expiry, tag, ctx)
	}
	f.tidyExpiry()
}

func (f *Field) expire(e *Expiry, tag Tag, ctx Context) {
	list := slices.Clip(f.Expiry)
	if e.Rest {
		list = append(list, Deadline{Tag: tag, At: e.At})
	}
	for _, s := range f.Register.Siblings {
		if s.Dot == tag.Dot || ctx.Covers(s.Dot) {
			list = append(list, Deadline{tag, e.At, s.Dot})
		}
	}
	f.Expiry = list
}

// tidyExpiry drops the deadlines of values that are gone, and sorts the others.
func (f *Field) tidyExpiry() {
	if len(f.Expiry) == 0 {
		return
	}
	list := slices.DeleteFunc(slices.Clone(f.Expiry), func(d Deadline) bool { return !f.has(d.Of) })
	slices.SortFunc(list, compareDeadlines)
	if f.Expiry = list; len(list) == 0 {
		f.Expiry = nil
	}
}

// has reports whether there is the value that a deadline is of; the rest always is.
func (f *Field) has(of clock.Dot) bool {
	return of == clock.Dot{} || slices.ContainsFunc(f.Register.Siblings, func(s Sibling) bool { return s.Dot == of })
}

func joinDeadlines(ours, theirs []Deadline, v Vectors) []Deadline {
	if len(ours)+len(theirs) == 0 {
		return nil
	}
	return joinSame(ours, theirs, deadlineDot, func(a, b Deadline) bool { return a == b }, v)
}

// lasting returns the deadline that counts for a value or the rest, if one was set.
func (f *Field) lasting(of clock.Dot) (best Deadline, ok bool) {
	for _, d := range f.Expiry {
		if d.Of == of && (!ok || d.outlasts(best)) {
			best, ok = d, true
		}
	}
	return best, ok
}

// shownPart returns what the deadline of a field, or of a key that shows a string, is of.
func (f *Field) shownPart() clock.Dot {
	s, _ := f.Register.Shown()
	return s.Dot
}

// Ends returns when a value ends, or the rest for the zero Dot, in Unix milliseconds; Never if no time is set.
func (f *Field) Ends(of clock.Dot) int64 {
	d, _ := f.lasting(of)
	return d.At
}

// Until returns when a field ends, in Unix milliseconds, or Never: what it shows decides for all of it.
func (f *Field) Until() int64 { return f.Ends(f.shownPart()) }

// Gone reports whether a field has ended by a time in Unix milliseconds; also when it shows nothing and
// deadlines are left over. It shows nothing then, and whoever writes to it deletes first what is here.
func (f *Field) Gone(now int64) bool {
	if len(f.Expiry) == 0 {
		return false
	}
	at := f.Until()
	return !f.Live() || at != Never && at <= now
}

// Expire returns what lets all of a field that its replica has seen end at a time.
func (f *Field) Expire(at int64) *Expiry { return &Expiry{At: at, Rest: f.Counter.Live()} }

// Due returns the deadline at which the field ends; ok is false when it does not. Deadlines that nothing is left of are due at once.
func (f *Field) Due() (due Deadline, ok bool) { return f.due(false) }

// due is Due of a field, or of a key that may have collections. It does not ask what the key shows: it is the first deadline
// at which the key may have ended.
func (f *Field) due(collections bool) (due Deadline, ok bool) {
	if len(f.Expiry) == 0 {
		return due, false
	}
	sooner := func(d Deadline, has bool) {
		if has && d.At != Never && (!ok || d.At < due.At) {
			due, ok = d, true
		}
	}
	shown, text := f.Register.Shown()
	if text {
		sooner(f.lasting(shown.Dot))
	}
	if collections || !text && f.Counter.Live() {
		sooner(f.lasting(clock.Dot{}))
	}
	if !text && !collections && !f.Counter.Live() {
		due, ok = f.Expiry[0], true
		due.At = max(1, due.Time.WallMillis())
	}
	return due, ok
}

// Until returns when a key that shows type t ends, in Unix milliseconds, or Never: what it shows
// decides for the whole key.
func (h *Header) Until(t Type) int64 {
	if text := h.text(); t == TypeString {
		return text.Until()
	}
	return h.Ends(clock.Dot{})
}

// Ends is Field.Ends of the string.
func (h *Header) Ends(of clock.Dot) int64 {
	text := h.text()
	return text.Ends(of)
}

// Gone reports whether the key has ended by a time in Unix milliseconds; also when it shows nothing and
// deadlines are left over. It shows nothing then, and whoever writes to it deletes first what is here.
// holds is asked as by Shown.
func (h *Header) Gone(now int64, holds func(Type) (bool, error)) (bool, error) {
	if len(h.Expiry) == 0 {
		return false, nil
	}
	t, err := h.Shown(holds)
	if err != nil {
		return false, err
	}
	at := h.Until(t)
	return t == TypeNone || at != Never && at <= now, nil
}

// hasRest reports whether there is more than values that a deadline can be set on.
func (h *Header) hasRest() bool { return h.Counter.Live() || h.collects() }

// collects reports whether there may be elements of collections.
func (h *Header) collects() bool {
	return len(h.Claims) > 1 || len(h.Claims) == 1 && h.Claims[0].Type != TypeDeadlines
}

// Expire returns what lets all of the key that the header's replica has seen end at a time.
func (h *Header) Expire(at int64) *Expiry { return &Expiry{At: at, Rest: h.hasRest()} }

// Due returns the first deadline at which the key may have ended, without asking what it shows; ok is
// false when there is none. Deadlines that nothing is left of are due at once.
func (h *Header) Due() (due Deadline, ok bool) {
	if len(h.Expiry) == 0 {
		return due, false
	}
	text := h.text()
	return text.due(h.collects())
}

const (
	deadlineOfRest  = 0
	deadlineOfValue = 1 // whose dot follows
	deadlineOfOwn   = 2 // the value that the same update wrote
	deadlineMin     = 1 + tagBytesMin + 1
)

// appendExpiry appends uvarint deadlines, each what it is of, its tag, and uvarint its time.
func (h *Header) appendExpiry(b []byte) []byte {
	b = appendUvarint(b, uint64(len(h.Expiry)))
	for _, d := range h.Expiry {
		switch d.Of {
		case clock.Dot{}:
			b = append(b, deadlineOfRest)
		case d.Dot:
			b = append(b, deadlineOfOwn)
		default:
			b = appendDot(append(b, deadlineOfValue), d.Of)
		}
		b = appendUvarint(appendTag(b, d.Tag), uint64(d.At))
	}
	return b
}

// expiry reads what appendExpiry wrote into a header that has its values.
func (d *decoder) expiry(h *Header) {
	n := d.count(deadlineMin)
	d.need(n > 0)
	for range n {
		x := d.deadline()
		if k := len(h.Expiry); k > 0 && compareDeadlines(h.Expiry[k-1], x) >= 0 {
			d.fail("deadlines not in order")
		}
		if text := h.text(); !text.has(x.Of) {
			d.fail("deadline of nothing")
		}
		if d.err != nil {
			return
		}
		h.Expiry = append(h.Expiry, x)
	}
}

func (d *decoder) deadline() (x Deadline) {
	kind := d.byte()
	if kind == deadlineOfValue {
		x.Of = d.dot()
	}
	x.Tag = d.tag()
	switch {
	case kind == deadlineOfOwn:
		x.Of = x.Dot
	case kind > deadlineOfOwn || kind == deadlineOfValue && x.Of == x.Dot:
		d.fail("deadline of kind %d", kind)
	}
	x.At = d.time()
	return x
}

// time reads Unix milliseconds.
func (d *decoder) time() int64 {
	v := d.uvarint()
	if v > math.MaxInt64 {
		d.fail("time out of range")
		return Never
	}
	return int64(v)
}

// The second flags of a change, or the flags of a change of a field, that has something of deadlines.
const (
	moreExpire   = 1 << 4 // a time follows: uvarint Unix milliseconds, 0 is never
	moreRest     = 1 << 5 // with moreExpire: of the rest too
	moreUnexpire = 1 << 6 // none takes the place of those seen

	moreExpiry = moreExpire | moreRest | moreUnexpire
)

// appendTo appends the time, if there is one, and returns the flags.
func (e *Expiry) appendTo(b []byte) ([]byte, byte) {
	switch {
	case e == nil:
		return b, 0
	case e.None:
		return b, moreUnexpire
	}
	flags := byte(moreExpire)
	if e.Rest {
		flags |= moreRest
	}
	return appendUvarint(b, uint64(e.At)), flags
}

// expiryChange reads what Expiry.appendTo wrote.
func (d *decoder) expiryChange(flags byte) *Expiry {
	switch flags & moreExpiry {
	case 0:
		return nil
	case moreUnexpire:
		return &Expiry{None: true}
	case moreExpire, moreExpire | moreRest:
		return &Expiry{At: d.time(), Rest: flags&moreRest != 0}
	default:
		d.fail("flags of a deadline: %x", flags)
		return nil
	}
}
