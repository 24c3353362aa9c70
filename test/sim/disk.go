package sim

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
)

// image is the content of a disk at some point.
type image struct {
	cells  map[string][]byte
	heads  map[clock.Origin]store.Head
	frames map[clock.Origin][]logged // ascending
	start  map[clock.Origin]clock.Seq
	sorted []store.Head // heads by origin; nil when it must be made anew
	ended  *ended       // nil when it must be made anew
	met    bool         // somebody read a damaged frame
}

// ended is what a log tells of retired origins.
type ended struct {
	heads []store.Head
	table *clock.Retired
}

type logged struct {
	first, last clock.Seq
	bytes       []byte
	bad         bool // damaged
}

func newImage() *image {
	return &image{
		cells: map[string][]byte{}, heads: map[clock.Origin]store.Head{},
		frames: map[clock.Origin][]logged{}, start: map[clock.Origin]clock.Seq{},
	}
}

func (m *image) clone() *image {
	out := &image{cells: maps.Clone(m.cells), heads: maps.Clone(m.heads), frames: map[clock.Origin][]logged{}, start: maps.Clone(m.start), ended: m.ended}
	for o, fs := range m.frames {
		out.frames[o] = slices.Clone(fs)
	}
	return out
}

func (m *image) apply(c *store.Commit) {
	for _, r := range c.Drops {
		maps.DeleteFunc(m.cells, func(k string, _ []byte) bool { return k >= string(r.Lo) && k < string(r.Hi) })
	}
	for _, cell := range c.Cells {
		if cell.Value == nil {
			delete(m.cells, string(cell.Key))
		} else {
			m.cells[string(cell.Key)] = cell.Value
		}
	}
	for _, s := range c.Skips {
		m.skip(s)
	}
	for _, f := range c.Frames {
		m.frames[f.Origin] = append(m.frames[f.Origin], logged{first: f.First, last: f.Last(), bytes: f.Append(nil)})
	}
	for _, h := range c.Heads {
		m.heads[h.Origin] = h
		m.sorted = nil
	}
	for _, o := range c.Retired {
		delete(m.heads, o)
		m.sorted, m.ended = nil, nil
	}
}

// retired returns what a node that holds the image knows of retired origins.
func (m *image) retired() ended {
	if m.ended == nil {
		heads, table, err := keyspace.ReadEnded(&disk{latest: m}, 0)
		if err != nil {
			panic(err) // no fault is planted there
		}
		m.ended = &ended{heads, table}
	}
	return *m.ended
}

// vector returns what a node that holds the image has, retired origins by the table.
func (m *image) vector() (v clock.VersionVector) {
	for _, h := range m.sortedHeads() {
		v.Advance(h.Origin, h.Seq)
	}
	return v.Carry(m.retired().table)
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
	if m.sorted == nil {
		m.sorted = slices.SortedFunc(maps.Values(m.heads), func(a, b store.Head) int { return cmp.Compare(a.Origin, b.Origin) })
	}
	return m.sorted
}

// disk keeps what was applied, and of that what a loss of power leaves.
type disk struct {
	latest, durable *image
	unsynced        []*store.Commit
	applied         int // commits
	planted         mistake.Set
	damage
	of *disk // that this is a view of, nil for itself

	failing bool          // the next sync fails
	full    bool          // there is no space
	slow    time.Duration // how much longer a sync takes
}

var (
	errNoSpace    = errors.New("no space left on device")
	errSyncFailed = errors.New("input/output error")
)

func newDisk(planted mistake.Set) *disk {
	return &disk{latest: newImage(), durable: newImage(), planted: planted}
}

// apply makes a commit visible. After an error nothing of it is there.
func (d *disk) apply(c *store.Commit) error {
	if d.full && !d.planted.Has(mistake.WriteErrorIgnored) {
		return errNoSpace
	}
	if d.full {
		c = half(c)
	}
	d.latest.apply(c)
	d.applied++
	d.unsynced = append(d.unsynced, c)
	return nil
}

// half is what a write leaves that fails in the middle.
func half(c *store.Commit) *store.Commit {
	return &store.Commit{Cells: c.Cells[:len(c.Cells)/2], Frames: c.Frames, Heads: c.Heads}
}

// sync makes the oldest commit durable. A failed one may have reached the disk or not,
// and another sync would not tell: kernels forget what they could not write.
func (d *disk) sync() error {
	oldest := d.unsynced[0]
	d.unsynced = d.unsynced[1:]
	if d.failing {
		d.failing = false
		if !d.planted.Has(mistake.SyncRetried) {
			return errSyncFailed
		}
		return nil
	}
	d.durable.apply(oldest)
	return nil
}

// crash loses all but the durable commits and the first kept of the others. The next
// one may be torn: a store must take none of it.
func (d *disk) crash(kept int) {
	for _, c := range d.unsynced[:kept] {
		d.durable.apply(c)
	}
	if torn := d.unsynced[kept:]; len(torn) > 0 {
		sometimes.hit("torn tail")
		if d.planted.Has(mistake.TornTailKept) {
			d.durable.apply(half(torn[0]))
		}
	}
	d.unsynced, d.failing = nil, false
	d.latest = d.durable.clone()
}

// Get implements store.Reader on the latest state.
func (d *disk) Get(key []byte) ([]byte, error) {
	if err := d.unreadable(key); err != nil {
		return nil, err
	}
	return bytes.Clone(d.latest.cells[string(key)]), nil
}

// Iterate implements store.Reader on the latest state.
func (d *disk) Iterate(lo, hi []byte) (store.Iterator, error) {
	if x := overlap(d.blocked, lo, hi); x != nil {
		return nil, &store.DamageError{Damage: *x}
	}
	it := &iterator{cells: d.latest.cells, at: -1}
	if x := d.firstFlaw(lo, hi); x != nil {
		hi, it.meet = x.Lo, func() error { return d.meet(*x) }
	}
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
	meet  func() error // what is met behind the keys, nil if nothing
}

func (it *iterator) move(to int) bool { it.at = to; return it.Valid() }
func (it *iterator) First() bool      { return it.move(0) }
func (it *iterator) Next() bool       { return it.move(it.at + 1) }
func (it *iterator) Prev() bool       { return it.move(it.at - 1) }
func (it *iterator) Last() bool {
	if it.meet != nil {
		return it.move(len(it.keys)) // what is met is the last
	}
	return it.move(len(it.keys) - 1)
}
func (it *iterator) SeekGE(key []byte) bool {
	at, _ := slices.BinarySearch(it.keys, string(key))
	return it.move(at)
}
func (it *iterator) Valid() bool   { return it.at >= 0 && it.at < len(it.keys) }
func (it *iterator) Key() []byte   { return []byte(it.keys[it.at]) }
func (it *iterator) Value() []byte { return it.cells[it.keys[it.at]] }
func (it *iterator) Close() error  { return nil }
func (it *iterator) Error() error {
	if it.meet == nil || it.at < len(it.keys) {
		return nil
	}
	return it.meet()
}

// log serves what one image holds, as replication.Log.
type log struct{ of func() *image }

func (l log) Heads(store.ShardID) ([]store.Head, <-chan struct{}) { return l.of().sortedHeads(), nil }

func (l log) Ended(store.ShardID) ([]store.Head, *clock.Retired) {
	e := l.of().retired()
	return e.heads, e.table
}

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
		if f.bad && len(frames) == 0 {
			m.met = true
			return nil, 0, errBadFrame
		}
		if f.bad {
			break
		}
		if size += len(f.bytes); len(frames) > 0 && size > maxBytes {
			break
		}
		frames, last = append(frames, f.bytes), f.last
	}
	return frames, last, nil
}
