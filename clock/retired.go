package clock

import (
	"maps"
	"slices"
)

// Retirement says that an origin has ended for good: it has Seal updates and will never
// have more.
type Retirement struct {
	Origin Origin
	Seal   Seq
	// By names the updates that retired it: one, or several when the node that decided
	// was restored from an older copy and decided again. Whoever has seen one of them has
	// seen all of the origin.
	By []Dot
}

// Retired is an unchanging table of retired origins. Version vectors that carry it (see
// [VersionVector.Under]) need not name these origins any more: an update of one counts
// as seen by whoever has seen its retirement.
//
// A table only explains: which retirements a vector has seen depends on the vector, so
// a table may hold more of them than the vector has seen.
type Retired struct {
	entries map[Origin]retirement
}

type retirement struct {
	Retirement
	// root is the first of By, followed through authors that are retired themselves. To
	// have seen it is to have seen By; so chains of restarts are not walked.
	root Dot
}

// With returns a table that also holds the given retirements. Two retirements of one
// origin are joined.
func (r *Retired) With(list ...Retirement) *Retired {
	next := &Retired{entries: make(map[Origin]retirement, r.Len()+len(list))}
	if r != nil {
		maps.Copy(next.entries, r.entries)
	}
	for _, x := range list {
		e := next.entries[x.Origin]
		e.Origin, e.Seal = x.Origin, max(e.Seal, x.Seal)
		e.By = append(slices.Clone(e.By), x.By...)
		slices.SortFunc(e.By, Dot.Compare)
		e.By = slices.Compact(e.By)
		next.entries[x.Origin] = e
	}
	for _, o := range next.Origins() {
		e := next.entries[o]
		if e.root.Seq == 0 {
			e.root = e.By[0]
			next.entries[o] = e
		}
	}
	for _, o := range next.Origins() {
		next.findRoot(o)
	}
	return next
}

// findRoot follows a retirement to the author that is not retired, and shortens the way
// for the next time.
func (r *Retired) findRoot(o Origin) {
	path := []Origin{o}
	root := r.entries[o].root
	for range len(r.entries) {
		e, retired := r.entries[root.Origin]
		if !retired || root.Seq > e.Seal {
			break
		}
		path, root = append(path, root.Origin), e.root
	}
	for _, p := range path {
		e := r.entries[p]
		e.root = root
		r.entries[p] = e
	}
}

// Len returns the number of retired origins.
func (r *Retired) Len() int {
	if r == nil {
		return 0
	}
	return len(r.entries)
}

// Get returns the retirement of o.
func (r *Retired) Get(o Origin) (Retirement, bool) {
	if r == nil {
		return Retirement{}, false
	}
	e, ok := r.entries[o]
	return e.Retirement, ok
}

// Origins returns the retired origins, ascending.
func (r *Retired) Origins() []Origin {
	if r == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.entries))
}

// reach returns how far entries have come in o by having seen its retirement.
func (r *Retired) reach(v *VersionVector, o Origin) Seq {
	e, ok := r.entries[o]
	if !ok {
		return 0
	}
	if v.explicit(e.root.Origin) >= e.root.Seq {
		return e.Seal
	}
	for _, by := range e.By {
		if v.explicit(by.Origin) >= by.Seq || by.Seq <= r.reach(v, by.Origin) {
			return e.Seal
		}
	}
	return 0
}

// Under returns v with a table of retired origins, which every question about v then
// takes into account. Entries that the table makes needless are left out.
func (v VersionVector) Under(r *Retired) VersionVector {
	v.retired = nil
	if r.Len() == 0 {
		return v
	}
	needless := func(e Entry) bool { return e.Seq <= r.reach(&v, e.Origin) }
	if slices.ContainsFunc(v.entries, needless) {
		v.entries = slices.DeleteFunc(slices.Clone(v.entries), needless)
	}
	v.retired = r
	return v
}

// Carry returns v with a table of retired origins; no entry is left out.
func (v VersionVector) Carry(r *Retired) VersionVector {
	v.retired = r
	return v
}

// Retired returns the table that v carries, or nil.
func (v VersionVector) Retired() *Retired { return v.retired }
