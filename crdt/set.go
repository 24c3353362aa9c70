package crdt

import "github.com/atollkv/atoll/clock"

// Member is one member of a set: the adds that no remove has seen. Add wins: a remove
// takes exactly the adds that its writer had seen.
//
// Invariant: dots ascend.
type Member struct {
	Dots []clock.Dot
}

func sameDot(d clock.Dot) clock.Dot { return d }

// Add records an add, in place of those that ctx covers.
func (m *Member) Add(dot clock.Dot, ctx Context) {
	m.Remove(ctx)
	m.Dots = sortDots(append(append([]clock.Dot(nil), m.Dots...), dot))
}

// Remove drops the adds that ctx covers.
func (m *Member) Remove(ctx Context) { m.Dots = without(m.Dots, sameDot, ctx.Covers) }

// Hide drops the adds that a deletion of the whole set had seen.
func (m *Member) Hide(hidden clock.VersionVector) { m.Dots = without(m.Dots, sameDot, hidden.Covers) }

// Live reports whether the member is in the set.
func (m *Member) Live() bool { return len(m.Dots) > 0 }

// Merge returns the least upper bound of two members.
func (m Member) Merge(o Member, v Vectors) Member {
	return Member{sortDots(join(m.Dots, o.Dots, sameDot, v))}
}

// memberVersion is the first byte of an encoded member.
const memberVersion = 1

// Append appends the canonical encoding: version, uvarint count, dots.
func (m Member) Append(b []byte) []byte { return appendDots(append(b, memberVersion), m.Dots) }

// DecodeMember reads what Append wrote. Errors match ErrMalformed.
func DecodeMember(b []byte) (Member, error) {
	d := decoder{b: b}
	if v := d.byte(); v != memberVersion {
		d.fail("member version %d", v)
	}
	m := Member{d.dots()}
	return m, d.end()
}
