package sim

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// image is the content of a disk at some point.
type image struct {
	cells  map[string][]byte
	heads  map[clock.Origin]store.Head
	frames map[clock.Origin][]logged // ascending
	start  map[clock.Origin]clock.Seq
}

type logged struct {
	first, last clock.Seq
	bytes       []byte
}

func newImage() *image {
	return &image{map[string][]byte{}, map[clock.Origin]store.Head{}, map[clock.Origin][]logged{}, map[clock.Origin]clock.Seq{}}
}

func (m *image) clone() *image {
	out := &image{maps.Clone(m.cells), maps.Clone(m.heads), map[clock.Origin][]logged{}, maps.Clone(m.start)}
	for o, fs := range m.frames {
		out.frames[o] = slices.Clone(fs)
	}
	return out
}

func (m *image) apply(c *store.Commit) {
	for _, cell := range c.Cells {
		if cell.Value == nil {
			delete(m.cells, string(cell.Key))
		} else {
			m.cells[string(cell.Key)] = cell.Value
		}
	}
	for _, f := range c.Frames {
		m.frames[f.Origin] = append(m.frames[f.Origin], logged{f.First, f.Last(), f.Append(nil)})
	}
	for _, h := range c.Heads {
		m.heads[h.Origin] = h
	}
}

func (m *image) truncate(o clock.Origin, upTo clock.Seq) {
	keep := slices.IndexFunc(m.frames[o], func(f logged) bool { return f.last > upTo })
	if keep < 0 {
		keep = len(m.frames[o])
	}
	if keep > 0 {
		m.start[o] = m.frames[o][keep-1].last + 1
		m.frames[o] = slices.Clone(m.frames[o][keep:])
	}
}

func (m *image) sortedHeads() []store.Head {
	return slices.SortedFunc(maps.Values(m.heads), func(a, b store.Head) int { return cmp.Compare(a.Origin, b.Origin) })
}

// disk keeps what was applied, and of that what a loss of power leaves.
type disk struct {
	latest, durable *image
	unsynced        []*store.Commit
}

func newDisk() *disk { return &disk{latest: newImage(), durable: newImage()} }

func (d *disk) apply(c *store.Commit) {
	d.latest.apply(c)
	d.unsynced = append(d.unsynced, c)
}

// sync makes the oldest commit durable.
func (d *disk) sync() {
	d.durable.apply(d.unsynced[0])
	d.unsynced = d.unsynced[1:]
}

// crash loses all but the durable commits and the first kept of the others.
func (d *disk) crash(kept int) {
	for range kept {
		d.sync()
	}
	d.unsynced = nil
	d.latest = d.durable.clone()
}

// Get implements store.Reader on the latest state.
func (d *disk) Get(key []byte) ([]byte, error) { return bytes.Clone(d.latest.cells[string(key)]), nil }

// Iterate implements store.Reader on the latest state.
func (d *disk) Iterate(lo, hi []byte) (store.Iterator, error) {
	it := &iterator{cells: d.latest.cells, at: -1}
	for k := range d.latest.cells {
		if k >= string(lo) && k < string(hi) {
			it.keys = append(it.keys, k)
		}
	}
	slices.Sort(it.keys)
	return it, nil
}

type iterator struct {
	cells map[string][]byte
	keys  []string
	at    int
}

func (it *iterator) move(to int) bool { it.at = to; return it.Valid() }
func (it *iterator) First() bool      { return it.move(0) }
func (it *iterator) Next() bool       { return it.move(it.at + 1) }
func (it *iterator) SeekGE(key []byte) bool {
	at, _ := slices.BinarySearch(it.keys, string(key))
	return it.move(at)
}
func (it *iterator) Valid() bool   { return it.at >= 0 && it.at < len(it.keys) }
func (it *iterator) Key() []byte   { return []byte(it.keys[it.at]) }
func (it *iterator) Value() []byte { return it.cells[it.keys[it.at]] }
func (it *iterator) Error() error  { return nil }
func (it *iterator) Close() error  { return nil }

// log serves what one image holds, as replication.Log.
type log struct{ of func() *image }

func (l log) Heads(store.ShardID) ([]store.Head, <-chan struct{}) { return l.of().sortedHeads(), nil }

func (l log) Next(_ store.ShardID, o clock.Origin, after clock.Seq, maxBytes int) (frames [][]byte, last clock.Seq, err error) {
	m := l.of()
	if after+1 < m.start[o] {
		return nil, 0, &store.TruncatedError{Start: m.start[o]}
	}
	size := 0
	for _, f := range m.frames[o] {
		if f.last <= after {
			continue
		}
		if size += len(f.bytes); len(frames) > 0 && size > maxBytes {
			break
		}
		frames, last = append(frames, f.bytes), f.last
	}
	return frames, last, nil
}
