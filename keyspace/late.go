package keyspace

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// An entry of a stream may arrive with an id below what this region has delivered to a group already. Each node notes
// such entries, by group, in cells that are local: what is there says only where to look, cursors decide whether an
// entry was delivered.
//
// Invariant: an entry that is visible, of the group, not behind the region's last place and not delivered is noted. An
// entry enters by applyFields or by a transfer, and is compared with the cursors there; a cursor of another node of the
// region enters by the same ways, and the entries that it goes past are compared with it, as they are when a deletion
// lets a cursor stand farther than before. So each entry is looked at once for each group, however long the stream.

// lateBegin begins the keys of the noted entries of a group; of all groups of a key if it is nil. What follows names the
// cell that an entry gets when it is delivered.
func (c *Core) lateBegin(key, group []byte) []byte {
	b := append(keyPrefix(store.SpaceData, key), kindLate)
	if group == nil {
		return b
	}
	return crdt.GroupName{Part: crdt.GroupPending, Region: c.cfg.Region, Group: group}.Begin(b)
}

// putLate notes an entry, or forgets it.
func (c *Core) putLate(cell, key []byte, noted bool) {
	c.batch.noteItem(cell, len(c.lateBegin(key, nil)))
	if noted {
		c.batch.put(cell, presentCell)
	} else {
		c.batch.put(cell, absentCell)
	}
}

// lates calls fn for the noted entries of a group, ascending, until it returns false; for those of all groups if it is
// nil.
func (c *Core) lates(key, group []byte, fn func(cell, name []byte) bool) error {
	lo, b := c.lateBegin(key, group), &c.batch
	hi := bytes.Clone(lo)
	hi[len(hi)-1]++ // no name has this byte there
	list := b.lists[string(c.lateBegin(key, nil))]
	from, _ := slices.BinarySearch(list, string(lo))
	to, _ := slices.BinarySearch(list, string(hi))
	mine, more := list[from:to], true
	visit := func(cell []byte) { more = fn(cell, cell[max(0, len(cell)-crdt.EntryNameBytes):]) }
	until := func(limit string) {
		for more && len(mine) > 0 && (limit == "" || mine[0] < limit) {
			if b.cells[mine[0]].index.present {
				visit([]byte(mine[0]))
			}
			mine = mine[1:]
		}
	}
	err := scan(b.below.src, lo, hi, func(k, _ []byte) (bool, error) {
		until(string(k))
		if more && (len(mine) == 0 || mine[0] != string(k)) {
			visit(bytes.Clone(k))
		}
		return more, nil
	})
	if err == nil {
		until("")
	}
	return err
}

// groupsAt returns the groups of a stream as this node's region sees them, or one of them.
func (c *Core) groupsAt(key, only []byte, h *crdt.Header) ([]*ReaderGroup, error) {
	if _, some := h.Claimed(crdt.TypeGroups); !some {
		return nil, nil
	}
	return c.groupCells(key, only, h)
}

// groupCells is groupsAt also where no group is claimed yet.
func (c *Core) groupCells(key, only []byte, h *crdt.Header) ([]*ReaderGroup, error) {
	w := groupWalk{here: c.cfg.Region, retired: c.ends.table}
	begin := []byte{byte(crdt.GroupCursor)}
	if only != nil {
		begin = crdt.GroupName{Part: crdt.GroupCursor, Group: only}.Begin(nil)
	}
	err := c.batch.items(key, itemWalk{of: crdt.TypeGroups, from: begin, hidden: h.Hidden}, func(name []byte, f crdt.Field) bool {
		return bytes.HasPrefix(name, begin) && (!f.Live() || w.take(name, &f))
	})
	return w.groups(), err
}

// noteLate notes for whom an entry comes late.
func (c *Core) noteLate(key []byte, groups []*ReaderGroup, name []byte, added clock.Dot) {
	at := crdt.EntryPoint{}
	at.ID, at.By, _ = crdt.SplitEntry(name)
	for _, g := range groups {
		if g.late(at, added) && !c.cfg.Mistakes.Has(mistake.LateForgotten) {
			c.putLate(append(c.lateBegin(key, g.Name), name...), key, true)
		}
	}
}

// noteEntries notes which entries that a change has added come late. Those of a command here do not, but where it
// issues an update again.
func (c *Core) noteEntries(key []byte, list []crdt.FieldChange, tag crdt.Tag, h *crdt.Header) error {
	if len(list) == 0 || tag.Dot.Origin == c.Origin() && !c.replaying {
		return nil
	}
	groups, err := c.groupsAt(key, nil, h)
	if err != nil || len(groups) == 0 {
		return err
	}
	for i := range list {
		if _, _, entry := crdt.SplitEntry(list[i].Name); entry && list[i].Assign {
			c.noteLate(key, groups, list[i].Name, tag.Dot)
		}
	}
	return nil
}

// noteMergedLate is noteEntries and noteCursors for a cell that a transfer has merged.
func (c *Core) noteMergedLate(key []byte, t crdt.Type, name []byte, before map[string]*ReaderGroup, f *crdt.Field, h *crdt.Header, isNew bool) error {
	switch {
	case t == crdt.TypeGroups:
		return c.noteCursors(key, before, h, false)
	case t != crdt.TypeStream || !isNew || !f.Live():
		return nil
	}
	groups, err := c.groupsAt(key, nil, h)
	if _, added := pointOf(name, f); err == nil {
		c.noteLate(key, groups, name, added)
	}
	return err
}

// cursorsOf returns the groups whose standing in this region the cells of some names decide, as they are.
func (c *Core) cursorsOf(key []byte, names [][]byte, h *crdt.Header) (before map[string]*ReaderGroup, err error) {
	for _, name := range names {
		n, ok := crdt.SplitGroup(name)
		if !ok || n.Part != crdt.GroupCursor || n.Region != "" && n.Region != c.cfg.Region {
			continue
		}
		list, err := c.groupsAt(key, n.Group, h)
		if err != nil {
			return nil, err
		}
		if before == nil {
			before = map[string]*ReaderGroup{}
		}
		before[string(n.Group)] = nil
		if len(list) > 0 {
			before[string(n.Group)] = list[0]
		}
	}
	return before, nil
}

// noteCursors notes which entries the region's cursors have gone past that were not delivered, and forgets those that
// were. Before is what cursorsOf gave; a command here has delivered what its cursor goes past.
func (c *Core) noteCursors(key []byte, before map[string]*ReaderGroup, h *crdt.Header, here bool) error {
	for _, name := range sortedKeys(before) {
		list, err := c.groupsAt(key, []byte(name), h)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			if err := c.forgetLate(key, []byte(name), nil, h); err != nil {
				return err
			}
			continue
		}
		g := list[0]
		if !here {
			if err := c.notePassed(key, before[name], g, h); err != nil {
				return err
			}
		}
		if err := c.forgetLate(key, g.Name, g, h); err != nil {
			return err
		}
	}
	return nil
}

// noteCleared is notePassed for the groups that a deletion has left. It may take away a definition that a cursor had not seen,
// and ended at the start of: the cursor stands again where it was, past entries that came meanwhile.
func (c *Core) noteCleared(key []byte, before []*ReaderGroup, h *crdt.Header) error {
	if len(before) == 0 {
		return nil
	}
	left, err := c.groupsAt(key, nil, h)
	for _, g := range left {
		i := slices.IndexFunc(before, func(b *ReaderGroup) bool { return bytes.Equal(b.Name, g.Name) })
		if err == nil && i >= 0 {
			err = c.notePassed(key, before[i], g, h)
		}
	}
	return err
}

// notePassed notes what a group's last place has gone past without delivering it.
func (c *Core) notePassed(key []byte, before, g *ReaderGroup, h *crdt.Header) error {
	from := crdt.Behind(g.Start)
	if before != nil && before.Last.Compare(from) > 0 {
		from = before.Last
	}
	if g.newest == nil || from.Compare(g.Last) >= 0 || c.vv.LessEq(g.newest.Seen) && g.newest.Last == g.Last && g.newest.Start.Compare(from.ID) <= 0 {
		return nil
	}
	var noted [][]byte
	w := itemWalk{of: crdt.TypeStream, from: crdt.EntryName(from.ID, from.By), hidden: h.Hidden}
	err := c.batch.items(key, w, func(name []byte, f crdt.Field) bool {
		at, added := pointOf(name, &f)
		if at.Compare(g.Last) > 0 {
			return false
		}
		if f.Live() && g.late(at, added) {
			noted = append(noted, bytes.Clone(name))
		}
		return true
	})
	if IsDamage(err) {
		err = nil // what cannot be read is not noted
	}
	for _, name := range noted {
		c.putLate(append(c.lateBegin(key, g.Name), name...), key, true)
	}
	return err
}

// forgetLate forgets noted entries that were delivered, or are no more, up to the first that waits; all of them if the
// group is gone.
func (c *Core) forgetLate(key, name []byte, g *ReaderGroup, h *crdt.Header) error {
	var gone [][]byte
	var failed error
	err := c.lates(key, name, func(cell, entry []byte) bool {
		waits := false
		if g != nil {
			f, err := c.batch.field(key, crdt.TypeStream, entry, h.Hidden)
			failed = err
			at, added := pointOf(entry, &f)
			waits = f.Live() && g.late(at, added)
		}
		if failed == nil && !waits {
			gone = append(gone, cell)
		}
		return failed == nil && !waits
	})
	if err == nil {
		err = failed
	}
	if IsDamage(err) {
		err = nil // what cannot be read stays noted
	}
	for _, cell := range gone {
		c.putLate(cell, key, false)
	}
	return err
}

// sweepLate forgets what is noted for groups that are no more, after a deletion of the stream.
func (c *Core) sweepLate(key []byte) error {
	h, err := c.batch.header(key)
	if err != nil {
		return err
	}
	groups, err := c.groupsAt(key, nil, &h)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, g := range groups {
		there[string(g.Name)] = true
	}
	prefix := len(c.lateBegin(key, nil))
	var gone [][]byte
	err = c.lates(key, nil, func(cell, _ []byte) bool {
		if n, ok := crdt.SplitGroup(cell[prefix:]); !ok || !there[string(n.Group)] {
			gone = append(gone, cell)
		}
		return len(gone) < sweepCells
	})
	for _, cell := range gone {
		c.putLate(cell, key, false)
	}
	return err
}
