package crdt

import (
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// OnceIDMax bounds the id of an operation, in bytes.
const OnceIDMax = 64

// Once names the operation that an update carries out: an increment of one counter. Another update with the same id, of
// the same counter, carries out the same one again. See Void.
type Once struct {
	// ID is what the client calls the operation, 1 to 64 bytes.
	ID []byte
	// Retry says that the client had sent it before, perhaps to another region.
	Retry bool
}

const (
	onceRetry = 1 << 0
	onceKnown = onceRetry
)

// appendTo appends flags, uvarint length and id.
func (o *Once) appendTo(b []byte) []byte {
	flags := byte(0)
	if o.Retry {
		flags = onceRetry
	}
	return appendBytes(append(b, flags), o.ID)
}

// once reads what appendTo wrote; known is false when a newer version wrote it.
func (d *decoder) once() (o *Once, known bool) {
	flags := d.byte()
	if flags&^onceKnown != 0 {
		return nil, false
	}
	o = &Once{Retry: flags&onceRetry != 0, ID: d.bytes()}
	if len(o.ID) == 0 || len(o.ID) > OnceIDMax {
		d.fail("operation with an id of %d bytes", len(o.ID))
	}
	return o, true
}

// Counted is an increment of one counter by an update.
type Counted struct {
	// Key is the full key, Type TypeString, TypeHash or TypeZSet, Name that of the field or member.
	Key  []byte
	Type Type
	Name []byte
	// Delta is what the update adds.
	Delta Total
}

// Counted returns the increment that an update consists of, but for what it deletes and rewrites; ok is false where it
// has none, or several.
func (u *Update) Counted() (one Counted, ok bool) {
	n := 0
	take := func(c *Change, t Type, name []byte, e *Edit) {
		if e.Increment != nil {
			one = Counted{c.Key, t, name, e.Increment.Delta}
			n++
		}
	}
	for i := range u.Changes {
		c := &u.Changes[i]
		edit := c.edit()
		take(c, TypeString, nil, &edit)
		for i := range c.Fields {
			take(c, TypeHash, c.Fields[i].Name, &c.Fields[i].Edit)
		}
		for i := range c.Scores {
			take(c, TypeZSet, c.Scores[i].Name, &c.Scores[i].Edit)
		}
	}
	return one, n == 1
}

func (u *Update) checkOnce(dot clock.Dot) error {
	if u.Once == nil {
		return nil
	}
	if _, ok := u.Counted(); !ok {
		return fmt.Errorf("%w: %v has an id and is not one increment", ErrMalformed, dot)
	}
	return nil
}

// Annulment returns the update that makes an increment by the update named dot void.
func (c Counted) Annulment(dot clock.Dot) Update {
	edit := Edit{Voids: []Void{{dot, c.Delta}}}
	change := Change{Key: c.Key}
	switch c.Type {
	case TypeHash:
		change.Fields = []FieldChange{{c.Name, edit}}
	case TypeZSet:
		change.Scores = []FieldChange{{c.Name, edit}}
	default:
		change.Voids = edit.Voids
	}
	return Update{Changes: []Change{change}}
}

// checkVoids refuses voids of what has no counter that clients add to, and of what is still to come.
func (c *Change) checkVoids(dot clock.Dot) error {
	for _, list := range [...][]FieldChange{c.Items, c.Entries, c.Accounts, c.Ranks, c.Groups} {
		for i := range list {
			if len(list[i].Voids) > 0 {
				return fmt.Errorf("%w: %v makes void what is no increment", ErrMalformed, dot)
			}
		}
	}
	future := func(list []Void) bool {
		for _, v := range list {
			if v.Dot.Origin == dot.Origin && v.Dot.Seq >= dot.Seq {
				return true
			}
		}
		return false
	}
	bad := future(c.Voids)
	for _, list := range [...][]FieldChange{c.Fields, c.Scores} {
		for i := range list {
			bad = bad || future(list[i].Voids)
		}
	}
	if bad {
		return fmt.Errorf("%w: %v makes void what it has not seen", ErrMalformed, dot)
	}
	return nil
}
