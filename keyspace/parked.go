package keyspace

import (
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Parked describes the frames of one origin that wait for this clock to reach their
// stamps, or for a decision about their writer.
type Parked struct {
	Origin clock.Origin
	Frames int
	Bytes  int
	// Region and Node declared the origin, if its declaration is among what is held back.
	Region, Node string
	// First and Last are the sequences of the records held back.
	First, Last clock.Seq
	// Next is how far the first of them lies ahead of this clock, Ahead how far the
	// first record of the last frame does.
	Next, Ahead time.Duration
}

// park adds the queue of an origin whose first frame came from the future: the frames
// behind it are parked with it.
func (s *Waiting) park(o clock.Origin, q []*waiting, bytes int, hlc *clock.HLC) {
	p := describe(o, q, bytes, hlc)
	s.Parked += p.Frames
	s.Ahead = max(s.Ahead, p.Ahead)
	s.ParkedBy = append(s.ParkedBy, p)
}

// describe sums up the queue of an origin.
func describe(o clock.Origin, q []*waiting, bytes int, hlc *clock.HLC) Parked {
	first, last := q[0].frame, q[len(q)-1].frame
	p := Parked{
		Origin: o, Frames: len(q), Bytes: bytes, First: first.First, Last: last.Last(),
		Next: ahead(first, hlc), Ahead: ahead(last, hlc),
	}
	p.Region, p.Node = q[0].declared()
	return p
}

// declared returns who declared the origin of a frame that begins with its first record.
func (w *waiting) declared() (region, node string) {
	if w.frame.First != 1 || w.looked {
		return w.who.Region, w.who.Node
	}
	w.looked = true // every commit asks
	r, err := w.frame.Records(0, clock.VersionVector{}, 0)
	if err != nil {
		return "", ""
	}
	rec, err := r.Peek()
	if err != nil {
		return "", ""
	}
	if u, err := crdt.DecodeUpdate(rec.Body); err == nil && u.Declare != nil {
		w.who = *u.Declare
	}
	return w.who.Region, w.who.Node
}

// early tells whether a record must wait for this clock to reach its stamp.
func (c *Core) early(dot clock.Dot, t clock.Timestamp) bool {
	if c.hlc.Ahead(t) <= c.cfg.MaxOffset {
		return false
	}
	if dot.Seq > c.accepted[dot.Origin] {
		return true
	}
	c.hlc.Accept(t)
	return false
}

// AcceptParked lets the records of o that are parked now pass, in spite of their stamps: an
// operator decided so. The clock rises to their stamps, and with it every stamp that
// this node issues from then on. It returns what was parked.
func (c *Core) AcceptParked(o clock.Origin) Parked {
	for _, p := range c.Waiting().ParkedBy {
		if p.Origin != o {
			continue
		}
		if c.accepted == nil {
			c.accepted = map[clock.Origin]clock.Seq{}
		}
		c.accepted[o] = p.Last
		c.drainAll()
		return p
	}
	return Parked{Origin: o}
}
