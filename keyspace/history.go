package keyspace

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Bounds of one look through the op log. The one that is reached first ends it, behind the frame that reaches it.
const (
	historyRecords = 200_000
	historyBytes   = 64 << 20
	historyMillis  = 1000
	historyOrigins = 1024
)

// KeyUpdate is one update of a key, as the op log has it.
type KeyUpdate struct {
	Writer
	// Here: this node made it, in this or an earlier run.
	Here bool
	// Effects is what it did to the key, in words, in the order in which that applies. It holds no values.
	Effects []string
}

// LogReach tells which records of an origin the op log has.
type LogReach struct {
	// Writer is the first of them.
	Writer
	Last clock.Seq
}

// HistoryPage is what the op log says of a key.
type HistoryPage struct {
	// Updates are the newest first.
	Updates []KeyUpdate
	// LookedTo: everything newer was looked at; 0 where all of the op log was.
	LookedTo clock.Timestamp
	LookedAt int // records
	// Reach ascends by origin.
	Reach []LogReach
}

// history is one look through the op log, back in time.
type history struct {
	tx      *Tx
	key     []byte // a full key
	user    []byte // the key in its namespace
	page    HistoryPage
	origins []*originHistory
	bytes   int
}

// originHistory is how far a look has come in the log of one origin.
type originHistory struct {
	origin clock.Origin
	found  []KeyUpdate     // of the frame looked at last, ascending
	before clock.Seq       // what is earlier was not looked at
	bound  clock.Timestamp // nothing of that is newer
	done   bool            // there is nothing earlier
}

// History returns the newest count updates of a key that the op log still has. It looks at a bounded part of the log, and
// works in reads only.
func (tx *Tx) History(key []byte, count int) (HistoryPage, error) {
	if tx.sizes == nil {
		return HistoryPage{}, ErrReadsOnly
	}
	h := history{tx: tx, key: tx.full(key), user: key}
	if err := h.open(); err != nil {
		return HistoryPage{}, err
	}
	for start := tx.hlc.Look(tx.ahead).WallMillis(); len(h.page.Updates) < count; {
		x := h.newest()
		switch {
		case x == nil:
			return h.page, nil
		case len(x.found) > 0:
			last := len(x.found) - 1
			h.page.Updates, x.found = append(h.page.Updates, x.found[last]), x.found[:last]
		case h.page.LookedAt >= historyRecords, h.bytes >= historyBytes, tx.hlc.Look(tx.ahead).WallMillis() >= start+historyMillis:
			h.page.LookedTo = x.bound
			return h.page, nil
		default:
			if err := h.look(x); err != nil {
				return HistoryPage{}, err
			}
		}
	}
	if x := h.newest(); x != nil {
		h.page.LookedTo = x.newest()
	}
	return h.page, nil
}

// open finds the origins and where their logs begin.
func (h *history) open() error {
	raw, shard := h.tx.cells.raw(), h.tx.shard
	origins, more, err := store.LogOrigins(raw, shard, historyOrigins)
	if err != nil {
		return err
	}
	if more {
		return &TooLargeError{What: "origins in the op log", Size: len(origins) + 1, Limit: historyOrigins}
	}
	for _, o := range origins {
		first, err := store.FirstFrame(raw, shard, o)
		if err != nil || first == nil {
			return err
		}
		last, err := store.FrameBefore(raw, shard, o, math.MaxUint64)
		if err != nil || last == nil {
			return err
		}
		at, err := first.FirstTime()
		if err != nil {
			return err
		}
		w, err := h.writer(crdt.Tag{Dot: clock.Dot{Origin: o, Seq: first.First}, Time: at})
		if err != nil {
			return err
		}
		h.page.Reach = append(h.page.Reach, LogReach{w, last.Last()})
		h.origins = append(h.origins, &originHistory{origin: o, before: math.MaxUint64, bound: math.MaxUint64})
	}
	return nil
}

func (h *history) writer(tag crdt.Tag) (Writer, error) {
	who, err := h.tx.Declared(tag.Dot.Origin)
	return Writer{Stamp: tag.Stamp(), Dot: tag.Dot, Region: who.Region, Node: who.Node}, err
}

// newest is a bound of the times of what was not returned yet.
func (x *originHistory) newest() clock.Timestamp {
	if n := len(x.found); n > 0 {
		return x.found[n-1].Stamp.Time
	}
	return x.bound
}

// newest returns the origin that may have what is newest, one that has it for certain behind others; nil where all
// are done.
func (h *history) newest() (best *originHistory) {
	for _, x := range h.origins {
		if len(x.found) == 0 && x.done {
			continue
		}
		if best == nil || x.precedes(best) {
			best = x
		}
	}
	return best
}

// precedes tells whether x is to be looked at before y.
func (x *originHistory) precedes(y *originHistory) bool {
	if c := cmp.Compare(x.newest(), y.newest()); c != 0 {
		return c > 0
	}
	if a, b := len(x.found) > 0, len(y.found) > 0; a != b {
		return b
	}
	return x.origin > y.origin
}

// look looks through the frame before those that were looked at.
func (h *history) look(x *originHistory) error {
	f, err := store.FrameBefore(h.tx.cells.raw(), h.tx.shard, x.origin, x.before)
	if err != nil {
		return err
	}
	if f == nil {
		x.done = true
		return nil
	}
	x.before = f.First
	if x.bound, err = f.FirstTime(); err != nil {
		return err
	}
	h.bytes += f.Size()
	h.page.LookedAt += int(f.Count)
	x.found, err = h.of(f)
	return err
}

// of returns the updates of the key in a frame, ascending.
func (h *history) of(f *oplog.Frame) (list []KeyUpdate, err error) {
	r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
	if err != nil {
		return nil, err
	}
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return nil, err
		}
		r.Advance(rec)
		if !bytes.Contains(rec.Body, h.user) {
			continue // it cannot name the key
		}
		u, err := crdt.DecodeUpdate(rec.Body)
		if err != nil {
			return nil, fmt.Errorf("%w: %v: %w", ErrMalformed, clock.Dot{Origin: f.Origin, Seq: rec.Seq}, err)
		}
		i := slices.IndexFunc(u.Changes, func(c crdt.Change) bool { return bytes.Equal(c.Key, h.key) })
		if i < 0 {
			continue
		}
		w, err := h.writer(crdt.Tag{Dot: clock.Dot{Origin: f.Origin, Seq: rec.Seq}, Time: rec.Time})
		if err != nil {
			return nil, err
		}
		here := crdt.Declaration{Region: w.Region, Node: w.Node} == h.tx.self
		list = append(list, KeyUpdate{w, here, effectsOf(&u.Changes[i])})
	}
	return list, nil
}
