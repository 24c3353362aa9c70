package keyspace

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// Groups are those of one stream, on their way to a copy of it.
type Groups struct {
	tx   *Tx
	list []*ReaderGroup
	// here is each group as each region sees it, in the order of list and of its regions.
	here [][]*ReaderGroup
	// others are cells that are copied as they are: names and values in turn.
	others [][]byte
	// Size is about what they take, in bytes.
	Size int
}

// GroupsOf reads the groups of the stream at key, with how far each region is.
func (tx *Tx) GroupsOf(key []byte) (c Groups, err error) {
	c.tx = tx
	if c.list, err = tx.ReaderGroups(key); err != nil || len(c.list) == 0 {
		return c, err
	}
	for _, g := range c.list {
		var here []*ReaderGroup
		for _, region := range g.Regions {
			as := &ReaderGroup{Name: g.Name, here: region, defined: g.defined, dots: g.dots, cursors: g.cursors}
			as.settle()
			here = append(here, as)
		}
		c.here = append(c.here, here)
		c.Size += len(g.Name)
	}
	err = tx.groupCells(key, nil, func(name []byte, f *crdt.Field) bool {
		if n, _ := crdt.SplitGroup(name); n.Part != crdt.GroupCursor {
			s, _ := f.Register.Shown()
			c.others = append(c.others, bytes.Clone(name), bytes.Clone(s.Value))
			c.Size += len(name) + len(s.Value)
		}
		return true
	})
	return c, err
}

// Copied takes notice of an entry that the copy has. Its cursors are of all that the copy holds: a region goes on before
// the first entry that it lacks.
func (c *Groups) Copied(name []byte, f *crdt.Field) {
	at, added := pointOf(name, f)
	for _, here := range c.here {
		for _, g := range here {
			if g.late(at, added) {
				g.Last = crdt.EntryPoint{ID: at.ID, By: at.By - 1}
				g.Read = crdt.UnknownRead
			}
		}
	}
}

// Put writes the groups at a key, which holds a copy of the stream.
func (c *Groups) Put(to []byte) error {
	for i, g := range c.list {
		if err := c.tx.DefineGroup(to, g.Name, crdt.Group{Start: g.Start, Read: g.first()}); err != nil {
			return err
		}
		for _, as := range c.here[i] {
			cursor := crdt.Cursor{Start: as.Start, Last: as.Last, Read: as.Read}
			if err := c.tx.putCursor(to, as.here, as.Name, cursor, true); err != nil {
				return err
			}
		}
	}
	for cell := range slices.Chunk(c.others, 2) {
		if err := c.tx.PutGroupCell(to, cell[0], cell[1]); err != nil {
			return err
		}
	}
	return nil
}

// first returns how many entries were read where the group began.
func (g *ReaderGroup) first() int64 {
	read := int64(crdt.UnknownRead)
	for _, d := range g.defined {
		if d.Start == g.Start {
			read = max(read, d.Read)
		}
	}
	return read
}
