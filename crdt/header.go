package crdt

import (
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Type is what a key holds.
type Type byte

const (
	// TypeNone: the key does not exist.
	TypeNone Type = 0
	// TypeString: a register, a counter, or increments over a register.
	TypeString Type = 1
	// TypeSet: a set of members, each in a cell of its own.
	TypeSet Type = 2
)

// String names the type as users see it.
func (t Type) String() string {
	switch t {
	case TypeString:
		return "string"
	case TypeSet:
		return "set"
	default:
		return "none"
	}
}

// Claim says that an update made the key a collection of some type.
type Claim struct {
	Type Type
	Tag
}

func claimDot(c Claim) clock.Dot { return c.Dot }

// Header is the state of one key but for the cells of its members.
//
// A key's type is decided like a register: every write claims its type, the greatest
// remaining stamp is shown, and what the others wrote is hidden, not lost. The claims
// of strings are the stamps of their siblings and increments; collections have Claims.
//
// Invariant: a member that is not hidden implies a claim of its type. Only deletions
// remove a claim without adding one, and they take or hide all members they had seen.
type Header struct {
	Register Register
	Counter  Counter
	// Claims ascend by type, then descend by stamp.
	Claims []Claim
	// Hidden covers the dots of members that deletions have removed but that may still
	// lie in the store. It is local: not part of the canonical state.
	Hidden clock.VersionVector
}

// StringStamp returns the greatest stamp of the key's string content.
func (h *Header) StringStamp() (Tag, bool) {
	inc, counts := h.Counter.Newest()
	s, has := h.Register.Shown()
	switch {
	case counts && (!has || newerFirst(inc, s.Tag) < 0):
		return inc, true
	default:
		return s.Tag, has
	}
}

// Claimed returns the greatest stamp of the claims of a collection type.
func (h *Header) Claimed(t Type) (Tag, bool) {
	for _, c := range h.Claims {
		if c.Type == t {
			return c.Tag, true
		}
	}
	return Tag{}, false
}

// Shown returns the type that reads show. holds tells whether a claimed collection
// has a visible member; it is asked only when the answer matters.
func (h *Header) Shown(holds func(Type) (bool, error)) (Type, error) {
	best, text := h.StringStamp()
	shown := TypeNone
	if text {
		shown = TypeString
	}
	for _, t := range []Type{TypeSet} {
		tag, claimed := h.Claimed(t)
		if !claimed || shown != TypeNone && newerFirst(tag, best) > 0 {
			continue
		}
		ok, err := holds(t)
		if err != nil {
			return TypeNone, err
		}
		if ok {
			shown, best = t, tag
		}
	}
	return shown, nil
}

// Value returns what a read of the string shows: the shown sibling's bytes, plus the
// increments that it had not seen when it is an integer, or the sum of the increments
// when there is no sibling. Increments over a sibling that is no integer are kept but
// not shown. A sum outside 64 bits is saturated, the same everywhere.
//
// ok is false when there is neither.
func (h *Header) Value() (value []byte, ok bool) {
	s, has := h.Register.Shown()
	if !h.Counter.Live() {
		return s.Value, has
	}
	n, isInt := h.Integer()
	if !isInt {
		return s.Value, true
	}
	n64, _ := n.Int64()
	return appendInt(nil, n64), true
}

// Integer returns the string's value as a number, exactly; ok is false when the shown
// sibling is not an integer.
func (h *Header) Integer() (n Total, ok bool) {
	if s, has := h.Register.Shown(); has {
		base, isInt := ParseInt(s.Value)
		if !isInt {
			return Total{}, false
		}
		n = TotalOf(base)
	}
	return n.Add(h.Counter.Sum()), true
}

// Empty reports whether nothing is left that the header needs to keep.
func (h *Header) Empty() bool { return h.canonicallyEmpty() && h.Hidden.Len() == 0 }

func (h *Header) canonicallyEmpty() bool {
	return len(h.Register.Siblings) == 0 && len(h.Counter.Shards) == 0 && len(h.Counter.Floors) == 0 && len(h.Claims) == 0
}

// Deletion returns the change that deletes all that the header's replica has seen.
func (h *Header) Deletion(key []byte) Change {
	return Change{Key: key, Clear: true, Floors: h.Counter.Observed()}
}

// Assignment returns the change that replaces all that the header's replica has seen
// by value.
func (h *Header) Assignment(key, value []byte) Change {
	c := h.Deletion(key)
	c.Assign, c.Value = true, value
	return c
}

// Clear applies the deletion of everything that ctx covers.
func (h *Header) Clear(floors []Floor, tag Tag, ctx Context) {
	h.Register.Remove(ctx)
	h.Counter.Reset(floors, tag.Dot)
	if len(h.Claims) > 0 || h.Hidden.Len() > 0 {
		h.Hidden.Join(ctx.Vector())
	}
	h.Claims = without(h.Claims, claimDot, ctx.Covers)
}

// Claim records a write to a collection of type t.
func (h *Header) Claim(t Type, tag Tag, ctx Context) {
	h.Unclaim(t, ctx)
	h.Claims = append(slices.Clip(h.Claims), Claim{t, tag})
	h.sortClaims()
}

// Unclaim records that the writer saw the collection of type t become empty.
func (h *Header) Unclaim(t Type, ctx Context) {
	var kept []Claim
	for _, c := range h.Claims {
		if c.Type != t || !ctx.Covers(c.Dot) {
			kept = append(kept, c)
		}
	}
	h.Claims = kept
}

func (h *Header) sortClaims() {
	if len(h.Claims) < 2 {
		return
	}
	slices.SortFunc(h.Claims, compareClaims)
}

func compareClaims(a, b Claim) int {
	if a.Type != b.Type {
		return int(a.Type) - int(b.Type)
	}
	return newerFirst(a.Tag, b.Tag)
}

// Apply applies the part of a change that concerns the header.
func (h *Header) Apply(c *Change, tag Tag, ctx Context) {
	if c.Clear {
		h.Clear(c.Floors, tag, ctx)
	}
	if c.Assign {
		h.Register.Assign(c.Value, tag, ctx)
	}
	if c.Increment != nil {
		h.Counter.Raise(Shard{
			Origin: tag.Dot.Origin, Seq: tag.Dot.Seq, Time: tag.Time,
			Base: c.Increment.Base, Total: c.Increment.Total,
		})
	}
	switch {
	case len(c.Adds) > 0:
		h.Claim(TypeSet, tag, ctx)
	case c.Unclaim:
		h.Unclaim(TypeSet, ctx)
	}
}

// Merge returns the least upper bound of two canonical headers (without Hidden).
func (h Header) Merge(o Header, v Vectors) Header {
	out := Header{
		Register: h.Register.Merge(o.Register, v),
		Counter:  h.Counter.Merge(o.Counter, v),
		Claims:   join(h.Claims, o.Claims, claimDot, v),
	}
	out.sortClaims()
	return out
}

// Canonical returns the header as every replica with the same version vector has it:
// settled, and without what is only local.
func (h Header) Canonical(seen func(clock.Origin) Context) Header {
	h.Counter.Settle(seen)
	h.Hidden = clock.VersionVector{}
	return h
}

// An encoded header begins with a byte of format version (high half) and parts present
// (low half).
const (
	headerVersion = 1 << 4
	hasRegister   = 1 << 0
	hasCounter    = 1 << 1
	hasClaims     = 1 << 2
	hasHidden     = 1 << 3
)

// Append appends the canonical encoding.
func (h *Header) Append(b []byte) []byte {
	at := len(b)
	b = append(b, headerVersion)
	if len(h.Register.Siblings) > 0 {
		b[at] |= hasRegister
		b = h.Register.appendTo(b)
	}
	if len(h.Counter.Shards) > 0 || len(h.Counter.Floors) > 0 {
		b[at] |= hasCounter
		b = h.Counter.appendTo(b)
	}
	if len(h.Claims) > 0 {
		b[at] |= hasClaims
		b = appendUvarint(b, uint64(len(h.Claims)))
		for _, c := range h.Claims {
			b = appendTag(append(b, byte(c.Type)), c.Tag)
		}
	}
	if h.Hidden.Len() > 0 {
		b[at] |= hasHidden
		b = h.Hidden.Append(b)
	}
	return b
}

// DecodeHeader reads what Append wrote; the result shares b. Errors match ErrMalformed.
func DecodeHeader(b []byte) (Header, error) {
	d := decoder{b: b}
	var h Header
	parts := d.byte()
	if parts&0xf0 != headerVersion {
		d.fail("header version %d", parts>>4)
	}
	if parts&hasRegister != 0 {
		h.Register = d.register()
		d.need(len(h.Register.Siblings) > 0)
	}
	if parts&hasCounter != 0 {
		h.Counter = d.counter()
		d.need(len(h.Counter.Shards)+len(h.Counter.Floors) > 0)
	}
	if parts&hasClaims != 0 {
		h.Claims = d.claims()
		d.need(len(h.Claims) > 0)
	}
	if parts&hasHidden != 0 {
		h.Hidden = d.vector()
		d.need(h.Hidden.Len() > 0)
	}
	return h, d.end()
}

func (d *decoder) need(present bool) {
	if !present {
		d.fail("empty part")
	}
}

func (d *decoder) claims() []Claim {
	var list []Claim
	for range d.count(tagBytesMin + 1) {
		c := Claim{Type: Type(d.byte()), Tag: d.tag()}
		if k := len(list); k > 0 && compareClaims(list[k-1], c) >= 0 {
			d.fail("claims not in order")
		}
		list = append(list, c)
	}
	return list
}
