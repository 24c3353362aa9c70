package crdt

import (
	"slices"

	"github.com/atollkv/atoll/clock"
)

// Tag names an update and gives its time.
type Tag struct {
	Dot  clock.Dot
	Time clock.Timestamp
}

// Stamp returns the update's place in the order of last-writer-wins.
func (t Tag) Stamp() clock.Stamp { return clock.Stamp{Time: t.Time, Origin: t.Dot.Origin} }

// newerFirst orders tags by descending stamp; updates of one origin never share one,
// but decoded bytes may claim so, and must still sort the same way everywhere.
func newerFirst(a, b Tag) int {
	if c := b.Stamp().Compare(a.Stamp()); c != 0 {
		return c
	}
	return b.Dot.Compare(a.Dot)
}

// Context is what an update's writer had seen: its version vector, and every earlier
// update of its own origin.
type Context struct {
	Seen clock.VersionVector
	Self clock.Dot // the last earlier update of the writer itself
	// All: whatever there is. It is the context of an origin that will never write again.
	All bool
}

// ContextOf returns the context of the record named dot with context vector dep.
func ContextOf(dot clock.Dot, dep clock.VersionVector) Context {
	return Context{Seen: dep, Self: clock.Dot{Origin: dot.Origin, Seq: dot.Seq - 1}}
}

// With returns the context of a change whose writer had seen more of its key.
func (c Context) With(beyond clock.VersionVector) Context {
	c.Seen.Join(beyond)
	return c
}

// Covers reports whether the writer had seen d.
func (c Context) Covers(d clock.Dot) bool {
	if d.Origin == c.Self.Origin || c.All {
		return c.All || d.Seq <= c.Self.Seq
	}
	if c.Seen.Covers(d) {
		return true
	}
	// The writer's own updates may have retired the origin.
	_, retired := c.Seen.Retired().Get(d.Origin)
	return retired && c.Vector().Covers(d)
}

// Vector returns the context as one version vector.
func (c Context) Vector() clock.VersionVector {
	v := c.Seen.Without(c.Self.Origin)
	v.Advance(c.Self.Origin, c.Self.Seq)
	return v
}

// Vectors are the two sides' knowledge when states are merged.
type Vectors struct {
	Ours, Theirs clock.VersionVector
	// Folds holds the origins that either side has folded.
	Folds *Folds
}

// join merges two lists of dotted things: what both have stays; what one side has
// alone stays unless the other side had seen and removed it. The result is unsorted.
func join[T any](ours, theirs []T, dot func(T) clock.Dot, v Vectors) []T {
	return joinSame(ours, theirs, dot, func(a, b T) bool { return dot(a) == dot(b) }, v)
}

// joinSame is join where a dot alone does not name a thing.
func joinSame[T any](ours, theirs []T, dot func(T) clock.Dot, same func(a, b T) bool, v Vectors) []T {
	has := func(list []T, x T) bool {
		return slices.ContainsFunc(list, func(y T) bool { return same(x, y) })
	}
	var out []T
	for _, x := range ours {
		if has(theirs, x) || !v.Theirs.Covers(dot(x)) {
			out = append(out, x)
		}
	}
	for _, x := range theirs {
		if !has(ours, x) && !v.Ours.Covers(dot(x)) {
			out = append(out, x)
		}
	}
	return out
}

// without returns the elements of list whose dots covers does not cover. It never
// changes list, which other states may share.
func without[T any](list []T, dot func(T) clock.Dot, covers func(clock.Dot) bool) []T {
	gone := 0
	for _, x := range list {
		if covers(dot(x)) {
			gone++
		}
	}
	switch gone {
	case 0:
		return list
	case len(list):
		return nil
	}
	out := make([]T, 0, len(list)-gone)
	for _, x := range list {
		if !covers(dot(x)) {
			out = append(out, x)
		}
	}
	return out
}
