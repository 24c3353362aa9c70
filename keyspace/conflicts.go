package keyspace

import (
	"bytes"
	"slices"
	"sort"
	"strconv"
	"sync"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
)

// Bounds of what is kept of conflicts; the oldest goes first.
const (
	conflictsMax      = 4096
	conflictsBytesMax = 4 << 20
	// conflictValueMax is how much is kept of a value that lost, in bytes.
	conflictValueMax = 256
	conflictBytes    = 256 // that an entry takes beside keys and values
)

// Conflict tells that of two concurrent values of a cell one is not shown: a merge brought the second one.
type Conflict struct {
	// ID ascends by one at a node, and goes on above where it was over restarts.
	ID uint64
	// At is when the merge was made here, Unix milliseconds.
	At int64
	// Type is what Key holds there: a string, a hash, a sorted set or a list. Cell is the field, the member or the
	// position; nil of a string.
	Type      crdt.Type
	Namespace namespace.Name
	Key, Cell []byte
	Winner    Writer
	Loser     Writer
	// Value begins what lost, of Size bytes. Of a sorted set it is the score as text.
	Value []byte
	Size  int
}

// Writer names an update and whose it was; Region and Node are empty where that is not known.
type Writer struct {
	Stamp        clock.Stamp
	Dot          clock.Dot
	Region, Node string
}

// conflicts are the last conflicts of a node. They are in memory only.
type conflicts struct {
	pending []Conflict // owned by the commit loop; of the open batch

	mu    sync.Mutex
	list  []Conflict // guarded by mu; ascending by ID
	bytes int        // guarded by mu
	last  uint64     // guarded by mu; the greatest ID
	total uint64     // guarded by mu
}

// ConflictPage is a part of what is kept.
type ConflictPage struct {
	// List ascends by ID.
	List []Conflict
	// Total is how many there were since the node started, in all namespaces.
	Total uint64
	// Missed: some after the ID that was asked for are not kept any more.
	Missed bool
}

// lost notes which values of a register a merge has left unshown: newcomers that do not show, and what showed before.
func (c *Core) lost(key []byte, t crdt.Type, cell []byte, before, after *crdt.Register) {
	if len(after.Siblings) < 2 {
		return
	}
	won := after.Siblings[0]
	for _, s := range after.Siblings[1:] {
		at := slices.IndexFunc(before.Siblings, func(x crdt.Sibling) bool { return x.Dot == s.Dot })
		if at > 0 || bytes.Equal(s.Value, won.Value) {
			continue // it did not show before either, or it says the same
		}
		space, user := namespace.Split(key)
		c.conflicts.pending = append(c.conflicts.pending, Conflict{
			At: c.hlc.Look(c.cfg.MaxOffset).WallMillis(), Type: t, Namespace: space, Key: bytes.Clone(user), Cell: bytes.Clone(cell),
			Winner: c.writerOf(won.Tag), Loser: c.writerOf(s.Tag), Value: excerpt(t, s.Value), Size: len(s.Value),
		})
	}
}

// lostField is lost of an element of a collection, where elements hold values of clients.
func (c *Core) lostField(key []byte, t crdt.Type, name []byte, before, after *crdt.Field) {
	if t == crdt.TypeHash || t == crdt.TypeZSet || t == crdt.TypeList {
		c.lost(key, t, name, &before.Register, &after.Register)
	}
}

func (c *Core) writerOf(tag crdt.Tag) Writer {
	who := c.owner(tag.Dot.Origin)
	return Writer{Stamp: tag.Stamp(), Dot: tag.Dot, Region: who.Region, Node: who.Node}
}

// excerpt is what is kept of a value.
func excerpt(t crdt.Type, value []byte) []byte {
	if t == crdt.TypeZSet {
		f := crdt.Field{Register: crdt.Register{Siblings: []crdt.Sibling{{Value: value}}}}
		score, _ := f.Score()
		return strconv.AppendFloat(nil, score, 'g', -1, 64)
	}
	return bytes.Clone(value[:min(len(value), conflictValueMax)])
}

// take returns those of the open batch, and begins anew.
func (f *conflicts) take() []Conflict {
	list := f.pending
	f.pending = nil
	return list
}

// add keeps conflicts that a published commit has made.
func (f *conflicts) add(list []Conflict) {
	if len(list) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range list {
		if f.last == 0 {
			f.last = uint64(max(x.At, 0)) * 1000
		}
		f.last++
		f.total++
		x.ID = f.last
		f.list = append(f.list, x)
		f.bytes += x.bytes()
	}
	drop := 0
	for ; len(f.list)-drop > conflictsMax || f.bytes > conflictsBytesMax; drop++ {
		f.bytes -= f.list[drop].bytes()
	}
	f.list = slices.Delete(f.list, 0, drop)
}

func (x *Conflict) bytes() int { return conflictBytes + len(x.Key) + len(x.Cell) + len(x.Value) }

// page returns the first n of a namespace after an ID, or without one the last n.
func (f *conflicts) page(space namespace.Name, after uint64, n int) (p ConflictPage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.list
	if after > 0 {
		list = list[sort.Search(len(list), func(i int) bool { return list[i].ID > after }):]
		kept := f.last - uint64(len(f.list)) // the ID before the first that is kept
		p.Missed = after < kept
	}
	for _, x := range list {
		if x.Namespace == space {
			p.List = append(p.List, x)
		}
	}
	if p.Total = f.total; after > 0 {
		p.List = p.List[:min(n, len(p.List))]
	}
	p.List = p.List[max(0, len(p.List)-n):]
	return p
}

// Conflicts returns the first n conflicts of the namespace after an ID, or with 0 the last n.
func (tx *Tx) Conflicts(after uint64, n int) ConflictPage {
	return tx.conflicts.page(tx.space, after, n)
}

// Conflicts counts the conflicts since the shard was opened, in all namespaces.
func (s *Shard) Conflicts() uint64 { return s.core.conflicts.page(namespace.Default, 0, 0).Total }
