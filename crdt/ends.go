package crdt

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// This file holds the parts of an update that end origins: see Update.

// Controls reports whether the update says something about origins.
func (u *Update) Controls() bool { return len(u.Closes)+len(u.Retires)+len(u.Folds) > 0 }

// checkEnds refuses an update that ends its own origin.
func (u *Update) checkEnds(dot clock.Dot) error {
	retires := func(r Retire) bool { return r.Origin == dot.Origin }
	if slices.Contains(u.Closes, dot.Origin) || slices.Contains(u.Folds, dot.Origin) || slices.ContainsFunc(u.Retires, retires) {
		return fmt.Errorf("%w: %v ends its own origin", ErrMalformed, dot)
	}
	return nil
}

func (u *Update) appendEnds(b []byte, flags int) []byte {
	if len(u.Closes) > 0 {
		b[flags] |= hasCloses
		b = appendOrigins(b, u.Closes)
	}
	if len(u.Retires) > 0 {
		b[flags] |= hasRetires
		b = appendUvarint(b, uint64(len(u.Retires)))
		for _, r := range u.Retires {
			b = appendDot(b, clock.Dot{Origin: r.Origin, Seq: r.Seal})
			b = binary.BigEndian.AppendUint64(b, r.Hash)
		}
	}
	if len(u.Folds) > 0 {
		b[flags] |= hasFolds
		b = appendOrigins(b, u.Folds)
	}
	return b
}

func appendOrigins(b []byte, list []clock.Origin) []byte {
	b = appendUvarint(b, uint64(len(list)))
	for _, o := range list {
		b = binary.BigEndian.AppendUint64(b, uint64(o))
	}
	return b
}

func (d *decoder) ends(u *Update, flags byte) {
	if flags&hasCloses != 0 {
		u.Closes = d.origins()
	}
	if flags&hasRetires != 0 {
		n := d.count(dotBytesMin + 8)
		d.need(n > 0)
		for range n {
			dot := d.dot()
			r := Retire{Origin: dot.Origin, Seal: dot.Seq, Hash: d.uint64()}
			if k := len(u.Retires); k > 0 && u.Retires[k-1].Origin >= r.Origin {
				d.fail("retired origins not in order")
			}
			u.Retires = append(u.Retires, r)
		}
	}
	if flags&hasFolds != 0 {
		u.Folds = d.origins()
	}
}

// origins reads an ascending list that is not empty.
func (d *decoder) origins() []clock.Origin {
	n := d.count(8)
	d.need(n > 0)
	var last clock.Origin
	list := make([]clock.Origin, 0, n)
	for range n {
		o := clock.Origin(d.uint64())
		if o <= last {
			d.fail("origins not in order")
		}
		list, last = append(list, o), o
	}
	return list
}
