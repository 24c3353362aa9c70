package keyspace

import (
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
	cells  map[string]*cell       // by cell key
	read   map[string]crdt.Header // by cell key; what was read from below and not changed
	extra  map[string][]byte      // other keys; nil deletes
	heads  map[clock.Origin]store.Head
	frames []*oplog.Frame
	bytes  int
}

// cell is one decoded cell; exactly one part is used.
type cell struct {
	header *crdt.Header
	member *crdt.Member
	count  *count
}

func newBatch(below stored) batch {
	return batch{
		below: below,
		cells: map[string]*cell{},
		read:  map[string]crdt.Header{},
		extra: map[string][]byte{},
		heads: map[clock.Origin]store.Head{},
	}
}

// forget drops headers that were read and not changed: they serve one command only,
// and would pile up where nothing is written.
func (b *batch) forget() { clear(b.read) }

func (b *batch) raw() store.Reader { return b.below.src }

func (b *batch) header(key []byte) (crdt.Header, error) {
	cell := headerKey(b.below.ns, key)
	if c := b.cells[string(cell)]; c != nil {
		return *c.header, nil
	}
	// A command reads a header, and the update that it makes reads it again.
	if h, ok := b.read[string(cell)]; ok {
		return h, nil
	}
	h, err := b.below.header(key)
	if err == nil {
		b.read[string(cell)] = h
	}
	return h, err
}

func (b *batch) member(key, member []byte) (crdt.Member, error) {
	if c := b.cells[string(memberKey(b.below.ns, key, member))]; c != nil {
		return *c.member, nil
	}
	return b.below.member(key, member)
}

func (b *batch) loadCount(key []byte) (count, error) {
	if c := b.cells[string(countKey(b.below.ns, key))]; c != nil {
		return *c.count, nil
	}
	n, ok, err := b.below.count(key)
	return count{n, !ok}, err
}

func (b *batch) count(key []byte) (int64, bool, error) {
	c, err := b.loadCount(key)
	return c.n, !c.unknown, err
}

func (b *batch) declared(o clock.Origin) (crdt.Declaration, error) {
	if v := b.extra[string(originKey(b.below.shard, o))]; v != nil {
		u, err := crdt.DecodeUpdate(v)
		return *u.Declare, err
	}
	return b.below.declared(o)
}

// members merges the store's member cells with the batch's.
func (b *batch) members(key, from []byte, fn func([]byte, crdt.Member) bool) error {
	lo, hi := memberRange(b.below.ns, key, from)
	prefix := len(lo) - len(from)
	var mine []string
	for k := range b.cells {
		if k >= string(lo) && k < string(hi) {
			mine = append(mine, k)
		}
	}
	slices.Sort(mine)
	more := true
	until := func(limit string) {
		for more && len(mine) > 0 && (limit == "" || mine[0] < limit) {
			more = fn([]byte(mine[0][prefix:]), *b.cells[mine[0]].member)
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
		m, err := decodeMember(key, v)
		if err == nil {
			more = fn(k[prefix:], m)
		}
		return more, err
	})
	if err == nil {
		until("")
	}
	return err
}

func (b *batch) putHeader(key []byte, h crdt.Header) {
	at := headerKey(b.below.ns, key)
	delete(b.read, string(at))
	b.put(at, &cell{header: &h})
	for _, s := range h.Register.Siblings {
		b.bytes += len(s.Value)
	}
}

func (b *batch) putMember(key, member []byte, m crdt.Member) {
	b.put(memberKey(b.below.ns, key, member), &cell{member: &m})
}

func (b *batch) putCount(key []byte, n count) {
	b.put(countKey(b.below.ns, key), &cell{count: &n})
}

func (b *batch) put(key []byte, c *cell) {
	b.cells[string(key)] = c
	b.bytes += len(key) + 32
}

// set writes a key that is no cell.
func (b *batch) set(key, value []byte) { b.extra[string(key)] = value }

// seal empties the batch into a commit, in key order so that equal runs have equal
// commits.
func (b *batch) seal(shard store.ShardID) *store.Commit {
	commit := &store.Commit{Shard: shard, Frames: b.frames}
	commit.Cells = make([]store.Cell, 0, len(b.cells)+len(b.extra))
	for k, c := range b.cells {
		commit.Cells = append(commit.Cells, store.Cell{Key: []byte(k), Value: c.encode()})
	}
	for k, v := range b.extra {
		commit.Cells = append(commit.Cells, store.Cell{Key: []byte(k), Value: v})
	}
	slices.SortFunc(commit.Cells, func(x, y store.Cell) int { return slices.Compare(x.Key, y.Key) })
	for _, o := range slices.Sorted(maps.Keys(b.heads)) {
		commit.Heads = append(commit.Heads, b.heads[o])
	}
	*b = newBatch(b.below)
	return commit
}

// encode returns the cell's bytes, nil when nothing is left of it.
func (c *cell) encode() []byte {
	switch {
	case c.header != nil:
		if c.header.Empty() {
			return nil
		}
		return c.header.Append(nil)
	case c.member != nil:
		if !c.member.Live() {
			return nil
		}
		return c.member.Append(nil)
	default:
		return c.count.encode()
	}
}
