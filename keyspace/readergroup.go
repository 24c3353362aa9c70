package keyspace

import (
	"bytes"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// ReaderGroup is a group of readers of a stream, as one region sees it.
type ReaderGroup struct {
	Name []byte
	// Start: entries up to it are not of the group.
	Start crdt.StreamID
	// Last is the place up to which the region has delivered, but for what came late.
	Last crdt.EntryPoint
	// Read is how many entries were read up to Last, or crdt.UnknownRead.
	Read int64
	// Regions have delivered something, ascending.
	Regions []string

	defined []crdt.Group
	dots    []clock.Dot // of the updates that wrote defined
	// cursors are those of each region, concurrent ones.
	cursors map[string][]crdt.Cursor
	here    string
	// newest is the cursor that Last is of, if there is one.
	newest *crdt.Cursor
}

// groupWalk reads the definitions and cursors of groups, in the order of their cells.
type groupWalk struct {
	here    string
	retired *clock.Retired
	list    []*ReaderGroup
}

// take adds a cell; false tells that it is none of a definition or a cursor.
func (w *groupWalk) take(name []byte, f *crdt.Field) bool {
	n, ok := crdt.SplitGroup(name)
	if !ok || n.Part != crdt.GroupCursor {
		return false
	}
	if k := len(w.list); k == 0 || !bytes.Equal(w.list[k-1].Name, n.Group) {
		w.list = append(w.list, &ReaderGroup{Name: n.Group, here: w.here, cursors: map[string][]crdt.Cursor{}})
	}
	g := w.list[len(w.list)-1]
	if n.Region == "" {
		g.defined, g.dots = f.Definitions()
		return true
	}
	for _, c := range f.Cursors() {
		c.Seen, c.LateSeen = c.Seen.Carry(w.retired), c.LateSeen.Carry(w.retired)
		g.cursors[n.Region] = append(g.cursors[n.Region], c)
	}
	return true
}

// groups returns what was read.
func (w *groupWalk) groups() []*ReaderGroup {
	for _, g := range w.list {
		g.settle()
	}
	return w.list
}

// settle finds out where the group stands.
//
// Invariant: no region goes on behind the start of a definition that it had not seen: of concurrent definitions the one
// that begins first counts, and what is delivered again is better than what never is.
func (g *ReaderGroup) settle() {
	g.Regions = slices.Sorted(maps.Keys(g.cursors))
	g.begin()
	for _, region := range g.Regions {
		for i := range g.cursors[region] {
			g.hold(&g.cursors[region][i])
		}
	}
	own := g.cursors[g.here]
	for i := range own {
		if c := &own[i]; g.newest == nil || c.Last.Compare(g.newest.Last) > 0 {
			g.newest = c
		}
	}
	if g.newest != nil {
		g.Last, g.Read = g.newest.Last, g.newest.Read
	}
}

// begin finds where the group begins: its definition may be gone, where one destroyed it who had not seen a cursor.
func (g *ReaderGroup) begin() {
	first := true
	lower := func(id crdt.StreamID, read int64) {
		if c := id.Compare(g.Start); first || c < 0 || c == 0 && read > g.Read {
			g.Start, g.Read, first = id, read, false
		}
	}
	for _, d := range g.defined {
		lower(d.Start, d.Read)
	}
	for _, region := range g.Regions {
		for _, c := range g.cursors[region] {
			if len(g.defined) == 0 {
				lower(c.Start, crdt.UnknownRead)
			}
		}
	}
	g.Last = crdt.Behind(g.Start)
}

// hold lets a cursor end at definitions that it had not seen.
func (g *ReaderGroup) hold(c *crdt.Cursor) {
	for i, d := range g.defined {
		if at := crdt.Behind(d.Start); !c.Seen.Covers(g.dots[i]) && at.Compare(c.Last) < 0 {
			c.Last, c.Late, c.Read = at, crdt.EntryPoint{}, d.Read
		}
	}
}

// delivered tells whether a region has delivered an entry.
func (g *ReaderGroup) delivered(region string, at crdt.EntryPoint, added clock.Dot) bool {
	return slices.ContainsFunc(g.cursors[region], func(c crdt.Cursor) bool { return c.Delivered(at, added) })
}

// late tells whether an entry waits although entries behind it were delivered here.
func (g *ReaderGroup) late(at crdt.EntryPoint, added clock.Dot) bool {
	return at.ID.Compare(g.Start) > 0 && at.Compare(g.Last) <= 0 && !g.delivered(g.here, at, added)
}

// pointOf returns the place of an entry, and the update that added it.
func pointOf(name []byte, f *crdt.Field) (at crdt.EntryPoint, added clock.Dot) {
	at.ID, at.By, _ = crdt.SplitEntry(name)
	s, _ := f.Register.Shown()
	return at, s.Dot
}
