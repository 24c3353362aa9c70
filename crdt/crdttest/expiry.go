package crdttest

import (
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// specExpiry adds to a view when the rules let the key and its parts end: by the longest of the deadlines
// that no later update has taken, each on what its writer had seen.
func specExpiry(v *View, visible []Op) {
	sets := surviving(visible, "set", clears)
	slices.SortFunc(sets, newer)
	lasting := slices.Concat(surviving(visible, "expire", endsDeadline), surviving(visible, "set", endsDeadline))
	for _, s := range sets {
		at, timed := longest(lasting, func(o Op) bool {
			return o.Kind == "expire" && o.Saw[s.ID] || o.ID == s.ID && o.Until > 0
		})
		v.Ends, v.Timed = append(v.Ends, at), v.Timed || timed
	}
	rest, timed := longest(lasting, func(o Op) bool { return o.Kind == "expire" && o.Rest })
	v.Rest, v.Timed = rest, v.Timed || timed
	if v.Until = rest; v.Type == "string" && len(sets) > 0 {
		v.Until = v.Ends[0]
	}
}

// endsDeadline: a deadline is taken with what it is of, by a later one, and when its key was seen to
// become empty.
func endsDeadline(o, later Op) bool {
	return clears(o, later) || later.Kind == "expire" || later.Empties
}

// ends is when a field ends, and its parts; 0 is never. timed: deadlines are there.
type ends struct {
	until, rest int64
	values      []int64
	timed       bool
}

func (e ends) String() string {
	if !e.timed {
		return ""
	}
	return fmt.Sprintf(" until %d, values %v, rest %d", e.until, e.values, e.rest)
}

func fieldEnds(f *crdt.Field) ends {
	e := ends{until: f.Until(), rest: f.Ends(clock.Dot{}), timed: len(f.Expiry) > 0}
	for _, s := range f.Register.Siblings {
		e.values = append(e.values, f.Ends(s.Dot))
	}
	return e
}

// specFieldEnds is specExpiry of a field.
func specFieldEnds(visible []Op, name string) (e ends) {
	other := func(o Op) bool { return o.Field != name }
	sets := slices.DeleteFunc(surviving(visible, "hset", removesField), other)
	slices.SortFunc(sets, newer)
	taken := func(o, later Op) bool { return endsFieldDeadline(visible, o, later) }
	lasting := slices.Concat(surviving(visible, "hexpire", taken), surviving(visible, "hset", taken))
	lasting = slices.DeleteFunc(lasting, other)
	for _, s := range sets {
		at, timed := longest(lasting, func(o Op) bool {
			return o.Kind == "hexpire" && o.Saw[s.ID] || o.ID == s.ID && o.Until > 0
		})
		e.values, e.timed = append(e.values, at), e.timed || timed
	}
	rest, timed := longest(lasting, func(o Op) bool { return o.Kind == "hexpire" && o.Rest })
	e.rest, e.timed = rest, e.timed || timed
	if e.until = rest; len(sets) > 0 {
		e.until = e.values[0]
	}
	return e
}

// endsFieldDeadline: a deadline of a field is taken with what it is of, by a later one, and when the hash was seen to
// become empty.
func endsFieldDeadline(visible []Op, o, later Op) bool {
	return removesField(o, later) || later.Kind == "hexpire" && later.Field == o.Field || later.Kind == "hdel" && emptied(visible, later, removesField, hashWrites)
}

// FieldGone tells whether the rules let a field end by a time; also when nothing but deadlines is left of it.
func FieldGone(visible []Op, name string, now int64) bool {
	e := specFieldEnds(visible, name)
	return e.timed && (!HasField(visible, name) || e.until > 0 && e.until <= now)
}

// HasField tells whether there is something of a field, ended or not.
func HasField(visible []Op, name string) bool {
	content := slices.Concat(surviving(visible, "hset", removesField), surviving(visible, "hincr", removesField))
	return slices.ContainsFunc(content, func(o Op) bool { return o.Field == name })
}

// longest returns the longest deadline that counts, 0 for never; timed tells whether there is any.
func longest(list []Op, counts func(Op) bool) (at int64, timed bool) {
	for _, o := range list {
		switch {
		case !counts(o):
		case !timed:
			at, timed = o.Until, true
		case at == 0 || o.Until == 0:
			at = 0
		default:
			at = max(at, o.Until)
		}
	}
	return at, timed
}

// Gone tells whether a key with this view has ended by a time, so that nobody sees it.
func (v View) Gone(now int64) bool {
	return v.Timed && (v.Type == "none" || v.Until > 0 && v.Until <= now)
}

// Prepare sets what follows for an update from what its writer saw, and from the time. The update's ID
// and what it saw must be set.
func (o *Op) Prepare(visible []Op, now int64) {
	before := SpecAt(visible, now)
	o.Clears = before.Gone(now) && !o.Reaps
	if o.Kind == "expire" {
		o.Rest = len(surviving(visible, "incr", clears))+len(surviving(visible, "fincr", clears)) > 0 ||
			setClaim(visible) != nil || hashClaim(visible) != nil || scoreClaim(visible) != nil || listClaim(visible) != nil || boundedClaim(visible) != nil || sketchClaim(visible) != nil || streamClaim(visible) != nil
	}
	switch o.Kind {
	case "hset", "hincr", "hdel", "hexpire":
		o.ClearsField = !o.Clears && FieldGone(visible, o.Field, now)
	}
	if o.Kind == "hexpire" {
		incrs := surviving(visible, "hincr", removesField)
		o.Rest = slices.ContainsFunc(incrs, func(x Op) bool { return x.Field == o.Field })
	}
	if slices.Contains([]string{"srem", "hdel", "zrem", "lrem"}, o.Kind) {
		if o.Reaps {
			now = 0 // what is stored counts
		}
		after := SpecAt(append(slices.Clone(visible), *o), now)
		o.Empties = before.Timed && after.Type == "none"
	}
}
