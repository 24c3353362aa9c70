package registry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/atollkv/atoll/clock"
)

// Bounds of what is read.
const (
	// MaxBytes bounds an encoded registry.
	MaxBytes = 4 << 20
	// MaxMembers bounds its members, active and removed.
	MaxMembers = 1024
	// maxSeals bounds the seals, and the marks, of one member.
	maxSeals = clock.MaxVectorEntries
	// maxText bounds a name or an address.
	maxText = 512
)

// version is the first byte of an encoded registry. The one before had no list of origins that
// are shut; it is read, too.
const version = 2

// ErrMalformed reports bytes that Append would not have written.
var ErrMalformed = errors.New("malformed registry of members")

// Append appends the canonical encoding: a version byte, uvarint count, the members ascending
// by name. Equal registries have equal bytes. docs/formats/member.md is the map.
func (r *Registry) Append(b []byte) []byte {
	all := r.All()
	b = binary.AppendUvarint(append(b, version), uint64(len(all)))
	for _, m := range all {
		b = appendMarks(appendMarks(m.appendDecision(b), m.Settled), m.Shut)
	}
	return b
}

func appendMarks(b []byte, marks []Mark) []byte {
	b = binary.AppendUvarint(b, uint64(len(marks)))
	for _, m := range marks {
		b = appendPlace(b, m)
	}
	return b
}

// appendDecision appends all of a member but what is shut and its marks.
func (m Member) appendDecision(b []byte) []byte {
	b = appendText(appendText(b, m.Name), m.Address)
	b = binary.AppendUvarint(append(b, byte(m.State)), m.Life)
	b = appendText(binary.BigEndian.AppendUint64(b, uint64(m.Term)), m.By)
	b = binary.AppendUvarint(b, uint64(len(m.Seals)))
	for _, s := range m.Seals {
		b = appendPlace(b, Mark{s.Shard, s.Origin, s.Seq})
		b = binary.BigEndian.AppendUint64(b, s.Hash)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendPlace(b []byte, m Mark) []byte {
	b = binary.BigEndian.AppendUint32(b, m.Shard)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Origin))
	return binary.AppendUvarint(b, uint64(m.Seq))
}

// Decode reads what Append wrote, and nothing else.
func Decode(b []byte) (*Registry, error) {
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	d := decoder{b: b}
	d.version = d.fixed(1)[0]
	if d.err == nil && (d.version == 0 || d.version > version) {
		return nil, fmt.Errorf("%w: version %d, this node reads up to %d", ErrMalformed, d.version, version)
	}
	r, last := New(), ""
	for range d.count(MaxMembers) {
		m := d.member()
		if d.err == nil && (m.Name <= last || !ValidName(m.Name)) {
			d.fail("name %q, or not in order", m.Name)
		}
		if d.err != nil {
			break
		}
		r.members[m.Name], last = m, m.Name
	}
	if len(d.b) > 0 {
		d.fail("%d bytes too many", len(d.b))
	}
	if d.err != nil {
		return nil, d.err
	}
	return r, nil
}

// ValidName tells whether s is region/node.
func ValidName(s string) bool {
	region, node, ok := strings.Cut(s, "/")
	return ok && region != "" && node != "" && len(s) <= maxText && !strings.Contains(node, "/") && utf8.ValidString(s)
}

// decoder reads from b until something is wrong; then everything it returns is zero.
type decoder struct {
	b       []byte
	version byte
	err     error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
	}
	d.b = nil
}

// fixed returns the next n bytes; zeros when there are fewer.
func (d *decoder) fixed(n int) []byte {
	if len(d.b) < n {
		d.fail("ends early")
		return make([]byte, n)
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) uvarint() uint64 {
	v, rest, err := clock.Uvarint(d.b)
	if err != nil {
		d.fail("bad number")
		return 0
	}
	d.b = rest
	return v
}

// count reads a count that is at most limit.
func (d *decoder) count(limit uint64) int {
	n := d.uvarint()
	if n > limit {
		d.fail("%d entries, limit %d", n, limit)
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	s := string(d.fixed(d.count(maxText)))
	if !utf8.ValidString(s) {
		d.fail("not text")
	}
	return s
}

func (d *decoder) u64() uint64 { return binary.BigEndian.Uint64(d.fixed(8)) }

func (d *decoder) place() Mark {
	m := Mark{Shard: binary.BigEndian.Uint32(d.fixed(4)), Origin: clock.Origin(d.u64()), Seq: clock.Seq(d.uvarint())}
	if m.Origin == 0 {
		d.fail("no origin")
	}
	return m
}

func (d *decoder) member() Member {
	m := Member{Name: d.text(), Address: d.text()}
	m.State = State(d.fixed(1)[0])
	if m.State > Removed {
		d.fail("state %d", m.State)
	}
	m.Life, m.Term, m.By = d.uvarint(), clock.Timestamp(d.u64()), d.text()
	for range d.count(maxSeals) {
		p := d.place()
		s := Seal{p.Shard, p.Origin, p.Seq, d.u64()}
		if k := len(m.Seals); k > 0 && m.Seals[k-1].compare(s) >= 0 {
			d.fail("seals not in order")
		}
		if d.err != nil {
			return m
		}
		m.Seals = append(m.Seals, s)
	}
	m.Settled = d.marks()
	if d.version > 1 {
		m.Shut = d.marks()
	}
	if slices.ContainsFunc(m.Shut, func(x Mark) bool { return x.Seq != 0 }) {
		d.fail("something counts of an origin that is shut")
	}
	return m
}

func (d *decoder) marks() (out []Mark) {
	for range d.count(maxSeals) {
		p := d.place()
		if k := len(out); k > 0 && out[k-1].compare(p) >= 0 {
			d.fail("marks not in order")
		}
		if d.err != nil {
			return nil
		}
		out = append(out, p)
	}
	return out
}
