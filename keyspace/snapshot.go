package keyspace

import (
	"bytes"
	"maps"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// snapshotScanMax bounds how much a chunk looks through, in multiples of its size, when
// most of what it finds is hidden.
const snapshotScanMax = 16

// Snapshot is a shard's state at one moment, durable, as a donor hands it out. It must
// be closed; the shard does not end before it is.
type Snapshot struct {
	cells  stored
	heads  []store.Head
	extras extras
	ends   []byte
	know   crdt.Knowledge
	close  func() error

	header   crdt.Header // of the key that the walk is in
	headerOf []byte
}

// NewSnapshot returns the snapshot of the state that src shows, which must not change.
// Heads ascend by origin.
func NewSnapshot(src store.Reader, shard store.ShardID, heads []store.Head) (*Snapshot, error) {
	t, err := loadTransfer(src, shard)
	if err != nil {
		return nil, err
	}
	e, err := loadEnds(src, shard)
	if err != nil {
		return nil, err
	}
	byOrigin := map[clock.Origin]store.Head{}
	for _, h := range heads {
		byOrigin[h.Origin] = h
	}
	heads = sortHeads(e.addRetired(maps.Clone(byOrigin)))
	seen := func(o clock.Origin) crdt.Context { return contextAt(byOrigin[o], o, e.table) }
	return &Snapshot{
		cells: stored{src: src, shard: shard, retired: e.table}, heads: heads, extras: t.extras,
		ends: appendFoldings(e.encodeAll(), t.folds.All()),
		know: crdt.Knowledge{Seen: seen, Folded: e.folds.At(vectorOf(heads))},
	}, nil
}

// contextAt returns the context of the last record of o, that record included.
// An origin that is retired knows everything, since it never writes again.
func contextAt(h store.Head, o clock.Origin, retired *clock.Retired) crdt.Context {
	if _, gone := retired.Get(o); gone {
		return crdt.Context{All: true}
	}
	return crdt.Context{Seen: h.Dep, Self: clock.Dot{Origin: o, Seq: h.Seq}}
}

// Ends returns what the snapshot knows of origins that have ended: see TransferBegin.
func (s *Snapshot) Ends() []byte { return s.ends }

// Heads returns what the snapshot holds, ascending by origin, retired origins included.
func (s *Snapshot) Heads() []store.Head { return s.heads }

// Vector returns what the snapshot holds.
func (s *Snapshot) Vector() clock.VersionVector { return vectorOf(s.heads) }

// Declared returns the nodes that declared the snapshot's origins, as far as known.
func (s *Snapshot) Declared() (map[clock.Origin]crdt.Declaration, error) {
	out := map[clock.Origin]crdt.Declaration{}
	for _, h := range s.heads {
		who, err := s.cells.declared(h.Origin)
		if err != nil {
			return nil, err
		}
		if who != (crdt.Declaration{}) {
			out[h.Origin] = who
		}
	}
	return out, nil
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Next returns the chunk of about size bytes after a cell; nil begins. It ends with a
// whole key unless that key alone is four times larger. UpTo is nil in the last one.
func (s *Snapshot) Next(after []byte, size int) (Chunk, error) {
	ch := Chunk{After: after}
	if bytes.Compare(after, onceBegin) >= 0 {
		return s.nextNotes(ch, size)
	}
	border := s.extras.border(after)
	if bytes.Compare(border, onceBegin) > 0 {
		border = nil // it goes on behind all cells
	}
	if !s.extras.empty() {
		ch.Beyond = s.extras.steps[s.extras.next(after)].vector
	}
	w := chunkWalk{snapshot: s, chunk: &ch, size: size}
	lo, hi := dataRange(after, border)
	err := scan(s.cells.src, lo, hi, w.visit)
	if ch.UpTo == nil {
		ch.UpTo = border // nil when nothing is left
	}
	if err == nil && ch.UpTo == nil {
		ch.UpTo, err = s.behindCells()
	}
	return ch, err
}

// chunkWalk fills one chunk.
type chunkWalk struct {
	snapshot *Snapshot
	chunk    *Chunk
	size     int
	taken    int    // bytes of the chunk
	looked   int    // bytes looked at
	key      []byte // the key of the last cell visited
	last     []byte // the last cell visited
}

// visit takes a cell, or ends the chunk before it.
func (w *chunkWalk) visit(cell, value []byte) (more bool, err error) {
	_, key, rest, err := splitKey(cell)
	if err != nil || len(rest) == 0 {
		return false, errKey
	}
	newKey := !bytes.Equal(key, w.key)
	if full := w.taken >= w.size || w.looked >= snapshotScanMax*w.size; full && w.last != nil {
		if newKey {
			w.chunk.UpTo = keyEnd(w.key)
			return false, nil
		}
		if w.taken >= 4*w.size || w.looked >= 4*snapshotScanMax*w.size {
			w.chunk.UpTo = w.last
			return false, nil
		}
	}
	w.key, w.last = key, bytes.Clone(cell)
	w.looked += len(cell) + len(value)
	live, err := w.snapshot.live(key, rest, value)
	if err == nil && live != nil {
		w.chunk.Cells = append(w.chunk.Cells, store.Cell{Key: w.last, Value: live})
		w.taken += len(cell) + len(live)
	}
	return err == nil, err
}

// live returns the canonical bytes of a cell, nil when nothing of it is live.
func (s *Snapshot) live(key, rest, value []byte) ([]byte, error) {
	switch rest[0] {
	case kindHeader:
		h, err := decodeHeader(key, value)
		if err != nil {
			return nil, err
		}
		h.Hidden = h.Hidden.Carry(s.cells.retired)
		s.header, s.headerOf = h, key
		live := h.Canonical(s.know)
		if live.Empty() {
			return nil, nil
		}
		return live.Append(nil), nil
	case kindMember:
		m, err := decodeMember(key, value)
		if err != nil {
			return nil, err
		}
		if err := s.enter(key); err != nil {
			return nil, err
		}
		if m.Hide(s.header.Hidden); m.Live() {
			return m.Append(nil), nil
		}
	case kindField, kindScore, kindItem, kindEntry, kindBounded, kindSketch, kindGroup:
		f, err := decodeField(key, fieldType(rest[0]), value)
		if err != nil {
			return nil, err
		}
		if err := s.enter(key); err != nil {
			return nil, err
		}
		f.Hide(s.header.Hidden)
		if f = f.Canonical(s.know); !f.Empty() {
			return f.Append(nil), nil
		}
	}
	return nil, nil
}

// enter makes the header that of the given key.
func (s *Snapshot) enter(key []byte) (err error) {
	if bytes.Equal(key, s.headerOf) && s.headerOf != nil {
		return nil
	}
	s.header, err = s.cells.header(key)
	s.headerOf = key
	return err
}
