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
	// TypeHash: a hash of fields, each in a cell of its own.
	TypeHash Type = 3
	// TypeCounters is never shown: its claim beside that of a hash says that fields may
	// have increments, which a deletion of the hash must name.
	TypeCounters Type = 4
	// TypeZSet: a sorted set of members with scores, each in a cell of its own.
	TypeZSet Type = 5
	// TypeScoreCounters is to a sorted set what TypeCounters is to a hash.
	TypeScoreCounters Type = 6
	// TypeList: a list of elements by position, each in a cell of its own. The type after it
	// is not used: see Counters.
	TypeList Type = 7
	// TypeStream: a stream, each entry in a cell of its own. The type after it is not used.
	TypeStream Type = 9
	// TypeBounded: a bounded counter, its definition and each account in a cell of its own.
	TypeBounded Type = 11
	// TypeSketch: a HyperLogLog, each register in a cell of its own. The type after it is not used.
	TypeSketch Type = 13
	// TypeGroups is never shown: the groups of readers of a stream. The type after it is not used.
	TypeGroups Type = 15
	// TypeDeadlines is never shown: its claim beside that of a hash says that fields may have deadlines.
	TypeDeadlines Type = 17
)

// Collections are the types that keep their elements in cells of their own.
var Collections = [...]Type{TypeSet, TypeHash, TypeZSet, TypeList, TypeStream, TypeBounded, TypeSketch, TypeGroups}

// String names the type as users see it.
func (t Type) String() string {
	switch t {
	case TypeString:
		return "string"
	case TypeSet:
		return "set"
	case TypeHash:
		return "hash"
	case TypeZSet:
		return "zset"
	case TypeList:
		return "list"
	case TypeStream:
		return "stream"
	case TypeBounded:
		return "bcounter"
	case TypeSketch:
		return "hyperloglog"
	case TypeGroups:
		return "groups"
	default:
		return "none"
	}
}

// Counters returns the type that is claimed beside a hash, a sorted set or a bounded counter when
// something is added to a counter in it. Lists, streams and HyperLogLogs have none.
func (t Type) Counters() Type { return t + 1 }

// Claim says that an update made the key a collection of some type.
type Claim struct {
	Type Type
	Tag
}

func claimDot(c Claim) clock.Dot { return c.Dot }

// Header is the state of one key but for the cells of its members and fields.
//
// A key's type is decided like a register: every write claims its type, the greatest
// remaining stamp is shown, and what the others wrote is hidden, not lost. The claims
// of strings are the stamps of their siblings and increments; collections have Claims.
//
// Invariant: a member or field that is not hidden implies a claim of its type, and an
// increment of a field one of TypeCounters, of a score one of TypeScoreCounters, and a deadline of a field
// one of TypeDeadlines. Only deletions remove a claim without adding
// one, and they take or hide all members and fields they had seen.
type Header struct {
	Register Register
	Counter  Counter
	// Claims ascend by type, then descend by stamp.
	Claims []Claim
	// Expiry are the deadlines of the values and of the rest, ascending by what they are of, then greatest
	// stamp first. What they are of is there.
	Expiry []Deadline
	// Hidden covers the dots of members and fields that deletions have removed but that may still
	// lie in the store. It is local: not part of the canonical state.
	Hidden clock.VersionVector
}

// text returns the content of the key as a string.
func (h *Header) text() Field { return Field{h.Register, h.Counter, h.Expiry} }

// StringStamp returns the greatest stamp of the key's string content.
func (h *Header) StringStamp() (Tag, bool) {
	text := h.text()
	return text.Stamp()
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
// has a visible element; it is asked only when the answer matters.
func (h *Header) Shown(holds func(Type) (bool, error)) (Type, error) {
	best, text := h.StringStamp()
	shown := TypeNone
	if text {
		shown = TypeString
	}
	for _, t := range Collections {
		tag, claimed := h.Claimed(t)
		if !claimed || t == TypeGroups || shown != TypeNone && newerFirst(tag, best) > 0 {
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

// Value returns what a read of the string shows: see [Field.Value].
func (h *Header) Value() (value []byte, ok bool) {
	text := h.text()
	return text.Value()
}

// Integer returns the string's value as a number: see [Field.Integer].
func (h *Header) Integer() (n Total, ok bool) {
	text := h.text()
	return text.Integer()
}

// Number returns the string's value as a number: see [Field.Number].
func (h *Header) Number() (n Total, ok bool) {
	text := h.text()
	return text.Number()
}

// Empty reports whether nothing is left that the header needs to keep.
func (h *Header) Empty() bool { return h.canonicallyEmpty() && h.Hidden.Len() == 0 }

func (h *Header) canonicallyEmpty() bool {
	return len(h.Register.Siblings) == 0 && h.Counter.Empty() && len(h.Claims) == 0 && len(h.Expiry) == 0
}

// Deletion returns the change that deletes all that the header's replica has seen; the
// counters among a hash's fields are to be named in it as well.
func (h *Header) Deletion(key []byte) Change {
	text := h.text()
	c := Change{Key: key}
	c.setEdit(text.Deletion())
	return c
}

// Assignment returns the change that replaces all that the header's replica has seen
// by value, as Deletion does.
func (h *Header) Assignment(key, value []byte) Change {
	text := h.text()
	c := Change{Key: key}
	c.setEdit(text.Assignment(value))
	return c
}

// clear removes the claims that ctx covers, and hides what they stood for.
func (h *Header) clear(ctx Context) {
	if len(h.Claims) > 0 || h.Hidden.Len() > 0 {
		h.Hidden.Join(ctx.Vector())
	}
	h.Claims = without(h.Claims, claimDot, ctx.Covers)
}

// HideAgain hides the members and fields that a deletion had seen, where the deletion's other
// effects on the header are known already.
func (h *Header) HideAgain(c *Change, ctx Context) {
	if c.Clear {
		h.Hidden.Join(ctx.Vector())
	}
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

// joinClaims tells claims of one update apart by their types.
func joinClaims(ours, theirs []Claim, v Vectors) []Claim {
	return joinSame(ours, theirs, claimDot, func(a, b Claim) bool { return a == b }, v)
}

func compareClaims(a, b Claim) int {
	if a.Type != b.Type {
		return int(a.Type) - int(b.Type)
	}
	return newerFirst(a.Tag, b.Tag)
}

// Apply applies the part of a change that concerns the header. Its counter must be folded
// as Field.Apply says.
func (h *Header) Apply(c *Change, tag Tag, ctx Context) {
	if c.Clear {
		h.clear(ctx)
	}
	text, edit := h.text(), c.edit()
	text.Apply(&edit, tag, ctx)
	h.Register, h.Counter, h.Expiry = text.Register, text.Counter, text.Expiry
	switch {
	case len(c.Adds) > 0:
		h.Claim(TypeSet, tag, ctx)
	case c.Unclaim:
		h.Unclaim(TypeSet, ctx)
	}
	h.applyFields(TypeHash, c.Fields, c.UnclaimHash, tag, ctx)
	h.applyFields(TypeZSet, c.Scores, c.UnclaimZSet, tag, ctx)
	h.applyFields(TypeList, c.Items, c.UnclaimList, tag, ctx)
	h.applyFields(TypeStream, c.Entries, false, tag, ctx)
	h.applyFields(TypeBounded, c.Accounts, false, tag, ctx)
	h.applyFields(TypeSketch, c.Ranks, false, tag, ctx)
	h.applyFields(TypeGroups, c.Groups, false, tag, ctx)
}

// applyFields applies what the change of fields or scores means for the claims.
func (h *Header) applyFields(t Type, list []FieldChange, unclaim bool, tag Tag, ctx Context) {
	if unclaim {
		h.Unclaim(t, ctx)
		h.Unclaim(t.Counters(), ctx)
		if t == TypeHash {
			h.Unclaim(TypeDeadlines, ctx)
		}
	}
	writes, counts, ends := fieldWrites(list)
	if writes {
		h.Claim(t, tag, ctx)
	}
	if counts {
		h.Claim(t.Counters(), tag, ctx)
	}
	if ends {
		h.Claim(TypeDeadlines, tag, ctx)
	}
}

// Merge returns the least upper bound of two canonical headers (without Hidden).
func (h Header) Merge(o Header, v Vectors) Header {
	text := h.text().Merge(o.text(), v)
	out := Header{
		Register: text.Register, Counter: text.Counter,
		Claims: joinClaims(h.Claims, o.Claims, v), Expiry: text.Expiry,
	}
	out.sortClaims()
	return out
}

// Knowledge is what the canonical form of a state depends on beside the state: both
// follow from the updates that it contains.
type Knowledge struct {
	// Seen returns the context of the last applied record of an origin, that record
	// included.
	Seen func(clock.Origin) Context
	// Folded tells which origins are folded.
	Folded Folded
}

// Canonical returns the header as every replica with the same version vector has it:
// settled and folded, and without what is only local.
func (h Header) Canonical(k Knowledge) Header {
	text := h.text().Canonical(k)
	return Header{Register: text.Register, Counter: text.Counter, Claims: h.Claims, Expiry: text.Expiry}
}

// An encoded header begins with a byte of format version (high half) and parts present
// (low half). Version 2 differs from 1 in that pools follow the other parts. In version 3 a
// second byte of parts follows the first; it is written only where the others do not do.
const (
	headerVersion = 1 << 4
	headerPools   = 2 << 4
	headerMore    = 3 << 4
	hasRegister   = 1 << 0
	hasCounter    = 1 << 1
	hasClaims     = 1 << 2
	hasHidden     = 1 << 3

	hasPools  = 1 << 0
	hasExpiry = 1 << 1
	hasVoids  = 1 << 2
)

// Append appends the canonical encoding.
func (h *Header) Append(b []byte) []byte {
	at := len(b)
	b = h.appendVersion(b)
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
	if len(h.Counter.Pools) > 0 {
		b = appendPools(b, h.Counter.Pools)
	}
	if len(h.Expiry) > 0 {
		b = h.appendExpiry(b)
	}
	if len(h.Counter.Voids) > 0 {
		b = appendVoids(b, h.Counter.Voids)
	}
	return b
}

func (h *Header) appendVersion(b []byte) []byte {
	var more byte
	if len(h.Counter.Pools) > 0 {
		more |= hasPools
	}
	if len(h.Expiry) > 0 {
		more |= hasExpiry
	}
	if len(h.Counter.Voids) > 0 {
		more |= hasVoids
	}
	switch more {
	case 0:
		return append(b, headerVersion)
	case hasPools:
		return append(b, headerPools)
	default:
		return append(b, headerMore, more)
	}
}

// DecodeHeader reads what Append wrote; the result shares b. Errors match ErrMalformed.
func DecodeHeader(b []byte) (Header, error) {
	d := decoder{b: b}
	return d.header(), d.end()
}

func (d *decoder) header() (h Header) {
	parts := d.byte()
	more := d.moreParts(parts)
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
	if more&hasPools != 0 {
		h.Counter.Pools = d.pools()
	}
	if more&hasExpiry != 0 {
		d.expiry(&h)
	}
	if more&hasVoids != 0 {
		h.Counter.Voids = d.voids()
		d.checkVoids(&h.Counter)
	}
	return h
}

// moreParts returns the second byte of parts that follows the first, or what it would be.
func (d *decoder) moreParts(first byte) (more byte) {
	switch first & 0xf0 {
	case headerVersion:
	case headerPools:
		return hasPools
	case headerMore:
		if more = d.byte(); more&(hasExpiry|hasVoids) == 0 || more&^(hasPools|hasExpiry|hasVoids) != 0 {
			d.fail("header parts %x", more)
		}
	default:
		d.fail("header version %d", first>>4)
	}
	return more
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
