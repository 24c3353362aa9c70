package crdttest

import "slices"

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
	before := Spec(visible)
	o.Clears = before.Gone(now)
	if o.Kind == "expire" {
		o.Rest = len(surviving(visible, "incr", clears))+len(surviving(visible, "fincr", clears)) > 0 ||
			setClaim(visible) != nil || hashClaim(visible) != nil || scoreClaim(visible) != nil || listClaim(visible) != nil || boundedClaim(visible) != nil || sketchClaim(visible) != nil || streamClaim(visible) != nil
	}
	if slices.Contains([]string{"srem", "hdel", "zrem", "lrem"}, o.Kind) {
		after := Spec(append(slices.Clone(visible), *o))
		o.Empties = before.Timed && after.Type == "none"
	}
}
