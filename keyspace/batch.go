package keyspace

import (
	"bytes"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// batch is the open batch: what its records changed, decoded, over the latest state of
// the store. It reads as the state after its last record.
type batch struct {
	below  stored
	cells  map[string]*cell    // by cell key
	read   memo[crdt.Header]   // what was read from below and not changed
	lists  map[string][]string // cell keys of elements of lists in cells, ascending, by what they begin with
	fronts fronts              // where streams begin
	scores map[string]place    // by cell key; where members of sorted sets that were read stand in the index
	// fieldEnds is by cell key where fields that were read stand in the indexes of what ends; ending: there are such, or cells
	// of them in the batch.
	fieldEnds map[string]fieldEnd
	ending    bool
	endsMoved bool // entries of the hash that is changed were, see Core.raiseEndsFrom
	endOf     func(*crdt.Field) fieldEnd
	extra     map[string][]byte // other keys; nil deletes
	heads     map[clock.Origin]store.Head
	frames    []*oplog.Frame
	skips     []store.Skip
	retired   []clock.Origin // their heads go
	drops     []store.Range
	bytes     int // about what the cells take
	own       int // bytes of frames of this node's records
	watches   *watches
	at        []byte // the key of the cell that is looked at or written
	named     bool   // a cell of another namespace than the default one may be here, or in the store
	// endsForgotten is a planted mistake.
	endsForgotten bool
	// writers tell who alone has changed each key; nil where nobody asks. writer is whose commands run.
	writers map[string]int64
	writer  int64
}

// cell is one decoded cell; exactly one part is used.
type cell struct {
	header *crdt.Header
	member *crdt.Member
	field  *crdt.Field
	count  *count
	index  *indexEntry
}

// headerCell is the most frequent cell, in one piece.
type headerCell struct {
	cell   cell
	header crdt.Header
}

func newBatch(below stored) batch {
	return batch{
		below:  below,
		cells:  map[string]*cell{},
		scores: map[string]place{},
		lists:  map[string][]string{},
		fronts: fronts{},
		extra:  map[string][]byte{},
		heads:  map[clock.Origin]store.Head{},
	}
}

// forget drops what is known of cells that were read and not changed: it serves one
// command only, and would pile up where nothing is written.
func (b *batch) forget() {
	b.read.forget()
	clear(b.scores)
	clear(b.fieldEnds)
}

func (b *batch) raw() store.Reader { return b.below.src }

func (b *batch) endings() *clock.Retired { return b.below.retired }

func (b *batch) header(key []byte) (crdt.Header, error) {
	b.at = appendCellKey(b.at[:0], key, kindHeader, nil)
	if c := b.cells[string(b.at)]; c != nil {
		return *c.header, nil
	}
	// A command reads a header, and the update that it makes reads it again.
	if h, ok := b.read.get(b.at); ok {
		return h, nil
	}
	h, err := b.below.headerAt(b.at, key)
	if err == nil {
		b.read.put(b.at, h)
	}
	return h, err
}

func (b *batch) member(key, member []byte) (crdt.Member, error) {
	b.at = appendCellKey(b.at[:0], key, kindMember, member)
	if c := b.cells[string(b.at)]; c != nil {
		return *c.member, nil
	}
	return b.below.memberAt(b.at, key)
}

func (b *batch) field(key []byte, t crdt.Type, name []byte, hidden clock.VersionVector) (crdt.Field, error) {
	b.at = appendCellKey(b.at[:0], key, fieldKind(t), name)
	if c := b.cells[string(b.at)]; c != nil {
		return b.below.open(*c.field, hidden), nil
	}
	f, err := b.below.fieldAt(b.at, key, t)
	if t == crdt.TypeZSet && err == nil {
		b.scores[string(b.at)] = placeOf(&f)
	}
	if len(f.Expiry) > 0 {
		b.noteEnd(b.at, f)
	}
	return b.below.open(f, hidden), err
}

func (b *batch) loadCount(key []byte, t crdt.Type) (count, error) {
	b.at = appendCellKey(b.at[:0], key, countKind(t), nil)
	if c := b.cells[string(b.at)]; c != nil {
		return *c.count, nil
	}
	n, ok, err := b.below.countAt(b.at, key)
	return count{n, !ok}, err
}

func (b *batch) count(key []byte, t crdt.Type) (int64, bool, error) {
	c, err := b.loadCount(key, t)
	return c.n, !c.unknown, err
}

func (b *batch) declared(o clock.Origin) (crdt.Declaration, error) {
	if v := b.extra[string(originKey(b.below.shard, o))]; v != nil {
		u, err := crdt.DecodeUpdate(v)
		return *u.Declare, err
	}
	return b.below.declared(o)
}

func (b *batch) members(key, from []byte, fn func([]byte, crdt.Member) bool) error {
	return b.elements(key, kindMember, from, func(name []byte, c *cell) bool { return fn(name, *c.member) })
}

func (b *batch) fields(key []byte, t crdt.Type, from []byte, hidden clock.VersionVector, fn func([]byte, crdt.Field) bool) error {
	return b.elements(key, fieldKind(t), from, func(name []byte, c *cell) bool { return fn(name, b.below.open(*c.field, hidden)) })
}

// elements merges the store's cells of a kind with the batch's.
func (b *batch) elements(key []byte, kind byte, from []byte, fn func([]byte, *cell) bool) error {
	lo, hi := elementRange(key, kind, from)
	prefix := len(lo) - len(from)
	mine := b.openBetween(lo, hi)
	more := true
	until := func(limit string) {
		for more && len(mine) > 0 && (limit == "" || mine[0] < limit) {
			more = fn([]byte(mine[0][prefix:]), b.cells[mine[0]])
			mine = mine[1:]
		}
	}
	err := scan(b.below.src, lo, hi, func(k, v []byte) (bool, error) {
		until(string(k))
		if !more {
			return false, nil
		}
		if len(mine) > 0 && mine[0] == string(k) {
			return true, nil // the batch has a newer one, which comes next
		}
		c, err := decodeElement(key, kind, v)
		if err == nil {
			more = fn(k[prefix:], c)
		}
		return more, err
	})
	if err == nil {
		until("")
	}
	return err
}

func (b *batch) putHeader(key []byte, h crdt.Header) {
	b.at = appendCellKey(b.at[:0], key, kindHeader, nil)
	b.read.drop(b.at)
	x := &headerCell{header: h}
	x.cell.header = &x.header
	b.put(b.at, &x.cell)
	b.addBytes(&h.Register)
}

func (b *batch) putField(key []byte, t crdt.Type, name []byte, f crdt.Field) {
	at := fieldKey(key, t, name) // what follows looks at other cells
	switch t {
	case crdt.TypeZSet:
		b.reindex(key, name, at, &f)
	case crdt.TypeHash:
		b.moveEnd(key, name, at, &f)
	case crdt.TypeList, crdt.TypeStream, crdt.TypeGroups:
		b.noteItem(at, len(at)-len(name))
	}
	b.put(at, &cell{field: &f})
	b.addBytes(&f.Register)
}

func (b *batch) addBytes(r *crdt.Register) {
	for _, s := range r.Siblings {
		b.bytes += len(s.Value)
	}
}

func (b *batch) putMember(key, member []byte, m crdt.Member) {
	b.at = appendCellKey(b.at[:0], key, kindMember, member)
	b.put(b.at, &cell{member: &m})
}

func (b *batch) putCount(key []byte, t crdt.Type, n count) {
	b.at = appendCellKey(b.at[:0], key, countKind(t), nil)
	b.put(b.at, &cell{count: &n})
}

func (b *batch) put(key []byte, c *cell) {
	b.watches.noteCell(key)
	b.fronts.put(key)
	b.noteWriter(key)
	b.named = b.named || key[slotAtDefault-1] != 0
	b.cells[string(key)] = c
	b.bytes += len(key) + 32
}

// skip lets the op log of an origin begin anew. What this batch added of it before goes
// with the rest.
func (b *batch) skip(s store.Skip) {
	b.frames = slices.DeleteFunc(b.frames, func(f *oplog.Frame) bool { return f.Origin == s.Origin && f.Last() < s.To })
	b.skips = append(b.skips, s)
}

// between returns the cells after one and up to another, in key order, at most limit of
// them; more tells that some are left.
func (b *batch) between(after, upTo []byte, limit int) (list []pair, more bool, err error) {
	lo, hi := dataRange(after, upTo)
	if bytes.Compare(lo, hi) >= 0 {
		return nil, false, nil
	}
	open := b.openBetween(lo, hi)
	err = scan(b.below.src, lo, hi, func(k, v []byte) (bool, error) {
		for len(open) > 0 && open[0] < string(k) && len(list) <= limit {
			list, open = append(list, pair{key: []byte(open[0]), open: true}), open[1:]
		}
		x := pair{key: bytes.Clone(k), ours: bytes.Clone(v)}
		if len(open) > 0 && open[0] == string(k) {
			x.open, open = true, open[1:]
		}
		list = append(list, x)
		return len(list) <= limit, nil
	})
	for _, k := range open {
		list = append(list, pair{key: []byte(k), open: true})
	}
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	return list, more, err
}

// openBetween returns the keys of the batch's own cells in a range, ascending.
func (b *batch) openBetween(lo, hi []byte) (keys []string) {
	for k := range b.cells {
		if k >= string(lo) && k < string(hi) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// set writes a key that is no cell.
func (b *batch) set(key, value []byte) { b.extra[string(key)] = value }

// Get reads a key that is no decoded cell.
func (b *batch) Get(key []byte) ([]byte, error) {
	if v, ok := b.extra[string(key)]; ok {
		return v, nil
	}
	return b.raw().Get(key)
}

// seal empties the batch into a commit, in key order so that equal runs have equal
// commits.
func (b *batch) seal(shard store.ShardID) *store.Commit {
	commit := &store.Commit{Shard: shard, Frames: b.frames, Skips: b.skips, Retired: b.retired, Drops: b.drops}
	commit.Cells = make([]store.Cell, 0, len(b.cells)+len(b.extra))
	room := make([]byte, 0, b.bytes) // of all keys and values; a slice of it is not written to again
	for k, c := range b.cells {
		at := len(room)
		room = append(room, k...)
		key := room[at:len(room):len(room)]
		at = len(room)
		room = c.append(room)
		value := room[at:len(room):len(room)]
		if len(value) == 0 {
			value = nil
		}
		commit.Cells = append(commit.Cells, store.Cell{Key: key, Value: value})
	}
	for k, v := range b.extra {
		commit.Cells = append(commit.Cells, store.Cell{Key: []byte(k), Value: v})
	}
	slices.SortFunc(commit.Cells, func(x, y store.Cell) int { return bytes.Compare(x.Key, y.Key) })
	for _, o := range slices.Sorted(maps.Keys(b.heads)) {
		commit.Heads = append(commit.Heads, b.heads[o])
	}
	b.empty()
	return commit
}

// batchCellsKept bounds the cells of a batch whose memory the next one uses.
const batchCellsKept = 4 * batchMax

// empty begins a new batch. What does not belong to one commit stays.
func (b *batch) empty() {
	old := *b
	*b = newBatch(b.below)
	b.watches, b.fronts, b.named, b.at = old.watches, old.fronts, old.named, old.at
	b.endOf, b.endsForgotten = old.endOf, old.endsForgotten
	if len(old.cells) <= batchCellsKept {
		clear(old.cells)
		b.cells = old.cells
	}
}

// append appends the cell's bytes, none when nothing is left of it.
func (c *cell) append(b []byte) []byte {
	switch {
	case c.header != nil:
		if c.header.Empty() {
			return b
		}
		return c.header.Append(b)
	case c.member != nil:
		if !c.member.Live() {
			return b
		}
		return c.member.Append(b)
	case c.field != nil:
		if c.field.Empty() {
			return b
		}
		return c.field.Append(b)
	case c.index != nil:
		return append(b, c.index.encode()...)
	default:
		return append(b, c.count.encode()...)
	}
}
