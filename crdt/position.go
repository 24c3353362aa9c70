package crdt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// Position is where an element of a list stands: bytes that compare like the places in the
// list, and never change. So a removed element leaves nothing behind, and order does not
// depend on the order of delivery. (Weidner, Gentle, Kleppmann: "The Art of the Fugue",
// 2023; Weidner: "position-strings".)
//
// A position is a path through a tree: one waypoint a level, and an end. A waypoint says
// on which side of its parent it stands, in which run, and which element of the run it is.
// A run is named by the stamp of the update that began it, and only its origin goes on with it,
// so runs that are written concurrently never interleave: they follow each other by stamp,
// to the left of the parent the later one first. Within a run, elements stand as the
// updates that inserted them, and as these counted them.
//
// The first level is special: pushes to the ends of a list begin their runs there, whatever
// stands at the end. Their stamps are greater than all that the writer had seen, so a position there is
// short, however often the pushing node changes.
type Position []byte

// PositionMax bounds a position in bytes. Pushes to the ends take about 24 bytes; each
// insertion between two elements that were inserted between each other adds as many.
const PositionMax = 16 << 10

// waypointBytesMax is the size of the longest waypoint without its mark.
const waypointBytesMax = 8 + 8 + 9 + 9

// ErrTooDeep reports an insertion into a place of a list that has been inserted into too
// often: see PositionMax. Pushes and removals are not concerned.
var ErrTooDeep = errors.New("too many insertions between neighbours of a list")

// The marks of a path sort what stands left of a node before it, and what stands right of
// it after it.
const (
	markLeft  = 0x01
	markEnd   = 0x02
	markRight = 0x03
)

// waypoint is one level of a path.
type waypoint struct {
	left bool
	time clock.Timestamp // with dot.Origin the stamp of the run
	dot  clock.Dot       // the update that inserted the element
	// index counts what the update inserted into the list.
	index uint64
}

// Insertion names an element to insert: the update that does it, and how many it inserted
// into the list before.
type Insertion struct {
	Tag
	Index uint64
}

// begin returns the waypoint that begins a run.
func (x Insertion) begin(left bool) waypoint { return waypoint{left, x.Time, x.Dot, x.Index} }

// goOn returns the waypoint that continues the run of w; ok is false when that is not the
// writer's, or of the other side.
func (x Insertion) goOn(w waypoint, left bool) (next waypoint, ok bool) {
	return waypoint{left, w.time, x.Dot, x.Index}, w.left == left && w.dot.Origin == x.Dot.Origin
}

// Back returns the position for a push behind last, nil if the list is empty. It returns an
// error that matches ErrMalformed if last is no position.
func (x Insertion) Back(last Position) (Position, error) { return x.end(last, nil, false) }

// Front returns the position for a push before first, nil if the list is empty; errors are
// as those of Back.
func (x Insertion) Front(first Position) (Position, error) { return x.end(nil, first, true) }

func (x Insertion) end(last, first Position, left bool) (Position, error) {
	w := x.begin(left)
	if at := append(last, first...); len(at) > 0 {
		path, err := at.path()
		if err != nil {
			return nil, err
		}
		if next, mine := x.goOn(path[0].waypoint, left); mine {
			w = next
		}
	}
	p := w.child(nil)
	if p.within(last, first) {
		return p, nil
	}
	return x.Between(last, first) // the clock did not keep its word
}

// Between returns a position between two elements that follow each other; nil stands for an
// end of the list. It returns an error that matches ErrMalformed if one of them is no
// position, and one that matches ErrTooDeep when there is none that is short enough.
func (x Insertion) Between(left, right Position) (Position, error) {
	for _, find := range []func(l, r Position) (Position, error){x.after, x.before} {
		p, err := find(left, right)
		if err != nil {
			return nil, err
		}
		if p != nil && p.within(left, right) {
			return p, nil
		}
	}
	p := x.descend(left, right)
	if len(p) > PositionMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooDeep, len(p))
	}
	return p, nil
}

// after goes on with the run of left.
func (x Insertion) after(left, _ Position) (Position, error) { return x.neighbour(left, false) }

// before goes on with the run of right, to the left.
func (x Insertion) before(_, right Position) (Position, error) { return x.neighbour(right, true) }

func (x Insertion) neighbour(p Position, left bool) (Position, error) {
	if len(p) == 0 {
		return nil, nil
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	leaf := path[len(path)-1]
	next, mine := x.goOn(leaf.waypoint, left)
	if !mine {
		return nil, nil
	}
	return next.child(p[:leaf.at]), nil
}

// descend begins a run: to the right of left, unless right stands there, whose left side is
// free then.
func (x Insertion) descend(left, right Position) Position {
	switch {
	case len(left) > 0 && !bytes.HasPrefix(right, left.side(markRight)):
		return x.begin(false).child(left[:len(left)-1])
	case len(right) > 0:
		return x.begin(true).child(right[:len(right)-1])
	default:
		return x.begin(false).child(nil)
	}
}

// side returns what all positions on one side of p begin with.
func (p Position) side(mark byte) []byte { return append(bytes.Clone(p[:len(p)-1]), mark) }

// within tells whether p stands between two others; empty ones are the ends of the list.
func (p Position) within(left, right Position) bool {
	return len(p) <= PositionMax && bytes.Compare(left, p) < 0 && (len(right) == 0 || bytes.Compare(p, right) < 0)
}

// child returns the position with w below a path without its end.
func (w waypoint) child(path []byte) Position {
	b := append(make([]byte, 0, len(path)+32), path...)
	if !w.left {
		return append(w.append(append(b, markRight)), markEnd)
	}
	b = append(b, markLeft)
	at := len(b)
	b = w.append(b)
	invert(b[at:])
	return append(b, markEnd)
}

func (w waypoint) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(w.time))
	b = binary.BigEndian.AppendUint64(b, uint64(w.dot.Origin))
	return appendOrdered(appendOrdered(b, uint64(w.dot.Seq)), w.index)
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// appendOrdered appends n so that bytes compare like numbers: how many bytes, and these.
func appendOrdered(b []byte, n uint64) []byte {
	var be [8]byte
	binary.BigEndian.PutUint64(be[:], n)
	digits := bytes.TrimLeft(be[:], "\x00")
	return append(append(b, byte(len(digits))), digits...)
}

// step is a waypoint, and where in the position it begins.
type step struct {
	waypoint
	at int
}

// path takes a position apart. Errors match ErrMalformed.
func (p Position) path() (steps []step, err error) {
	d := decoder{b: p}
	if len(p) > PositionMax {
		d.fail("position of %d bytes", len(p))
	}
	for d.err == nil {
		at := len(p) - len(d.b)
		mark := d.byte()
		if mark == markEnd && len(steps) > 0 {
			break
		}
		if mark != markLeft && mark != markRight {
			d.fail("mark %x in a position", mark)
			break
		}
		steps = append(steps, step{d.waypoint(mark == markLeft), at})
	}
	return steps, d.end()
}

func (d *decoder) waypoint(left bool) waypoint {
	bits := decoder{b: d.b[:min(len(d.b), waypointBytesMax)]}
	if left {
		bits.b = bytes.Clone(bits.b)
		invert(bits.b)
	}
	size := len(bits.b)
	w := waypoint{left: left, time: clock.Timestamp(bits.uint64())}
	w.dot.Origin = clock.Origin(bits.uint64())
	w.dot.Seq = clock.Seq(bits.ordered())
	w.index = bits.ordered()
	if bits.err != nil || w.time == 0 || w.dot.Origin == 0 || w.dot.Seq == 0 {
		d.fail("malformed waypoint")
		return w
	}
	d.take(size - len(bits.b))
	return w
}

// ordered reads what appendOrdered wrote.
func (d *decoder) ordered() (n uint64) {
	size := int(d.byte())
	if size > 8 {
		d.fail("number of %d bytes", size)
		return 0
	}
	digits := d.take(size)
	if len(digits) > 0 && digits[0] == 0 {
		d.fail("number not in its shortest form")
	}
	for _, x := range digits {
		n = n<<8 | uint64(x)
	}
	return n
}

// Dot returns the update that inserted the element. Errors match ErrMalformed.
func (p Position) Dot() (clock.Dot, error) {
	path, err := p.path()
	if err != nil {
		return clock.Dot{}, err
	}
	return path[len(path)-1].dot, nil
}
