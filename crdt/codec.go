package crdt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// ErrMalformed reports bytes that are not a canonical encoding.
var ErrMalformed = errors.New("malformed cell")

const (
	dotBytesMin = 9
	tagBytesMin = 17
)

func appendUvarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendBytes(b, v []byte) []byte { return append(appendUvarint(b, uint64(len(v))), v...) }

func appendDot(b []byte, d clock.Dot) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(d.Origin))
	return appendUvarint(b, uint64(d.Seq))
}

func appendTag(b []byte, t Tag) []byte {
	return binary.BigEndian.AppendUint64(appendDot(b, t.Dot), uint64(t.Time))
}

func appendDots(b []byte, dots []clock.Dot) []byte {
	b = appendUvarint(b, uint64(len(dots)))
	for _, d := range dots {
		b = appendDot(b, d)
	}
	return b
}

// decoder reads from the front of b. After the first failure every read returns zero
// and err stays; callers check once, at the end.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
		d.b = nil
	}
}

func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes left over", len(d.b))
	}
	return d.err
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail("truncated")
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, rest, err := clock.Uvarint(d.b)
	if err != nil {
		d.fail("bad integer")
		return 0
	}
	d.b = rest
	return v
}

// count reads the length of a list whose elements take at least size bytes each, so
// that nothing is allocated for a length that the input cannot hold.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.b)/size) {
		d.fail("%d elements do not fit", n)
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail("truncated")
		return nil
	}
	return d.take(int(n))
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) dot() clock.Dot {
	dot := clock.Dot{Origin: clock.Origin(d.uint64()), Seq: clock.Seq(d.uvarint())}
	if dot.Origin == 0 || dot.Seq == 0 {
		d.fail("empty dot")
	}
	return dot
}

func (d *decoder) tag() Tag {
	t := Tag{Dot: d.dot(), Time: clock.Timestamp(d.uint64())}
	if t.Time == 0 {
		d.fail("empty stamp")
	}
	return t
}

func (d *decoder) dots() []clock.Dot {
	n := d.count(dotBytesMin)
	if n == 0 {
		return nil
	}
	out := make([]clock.Dot, 0, n)
	for range n {
		dot := d.dot()
		if k := len(out); k > 0 && out[k-1].Compare(dot) >= 0 {
			d.fail("dots not in order")
		}
		out = append(out, dot)
	}
	return out
}

func (d *decoder) vector() clock.VersionVector {
	v, rest, err := clock.DecodeVector(d.b)
	if err != nil {
		d.fail("%v", err)
		return clock.VersionVector{}
	}
	d.b = rest
	return v
}
