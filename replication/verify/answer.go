package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/internal/slotset"
)

// Answerer is the answering side of one comparison: it takes requests and gives
// responses. It must be closed. It is not safe for concurrent use.
type Answerer struct {
	self    Identity
	replica Replica

	open   *Open
	state  State       // nil before Open
	ready  bool        // the state is summarized
	common slotset.Set // after Root
	slots  *encoder    // nil before the first SlotSketch
	group  *group
	cells  *encoder
}

// NewAnswerer returns an answerer for one conversation.
func NewAnswerer(self Identity, replica Replica) *Answerer {
	return &Answerer{self: self, replica: replica}
}

// Close lets go of the state.
func (a *Answerer) Close() error {
	if a.state == nil {
		return nil
	}
	return a.state.Close()
}

// Prepare does, between two requests, what the next one will need: both sides read their
// disks at the same time.
func (a *Answerer) Prepare(ctx context.Context) error {
	if a.state == nil || a.ready || a.state.Ahead() {
		return nil
	}
	a.ready = true
	return a.state.Summarize(ctx, a.open.All, nil)
}

// Handle answers one request. Errors match ErrMalformed, ErrUnexpected or ErrRefused, or
// come from the replica; each ends the conversation.
func (a *Answerer) Handle(ctx context.Context, r Request) (Response, error) {
	if open, ok := r.(*Open); ok {
		return a.handleOpen(open)
	}
	if a.state == nil || a.state.Ahead() {
		return nil, fmt.Errorf("%w: %T before Open", ErrUnexpected, r)
	}
	if err := a.Prepare(ctx); err != nil {
		return nil, err
	}
	switch r := r.(type) {
	case *Root:
		return a.handleRoot(r), nil
	case *SlotSketch:
		return a.handleSlots(r)
	case *CellSketch:
		return a.handleCells(r)
	case *Fetch:
		return a.handleFetch(r)
	default:
		return nil, fmt.Errorf("%w: %T", ErrUnexpected, r)
	}
}

func (a *Answerer) handleOpen(r *Open) (Response, error) {
	switch {
	case a.open != nil:
		return nil, fmt.Errorf("%w: a second Open", ErrUnexpected)
	case len(r.Cluster)+len(r.Region)+len(r.Node) > 3*maxName:
		return nil, fmt.Errorf("%w: names", ErrMalformed)
	case r.Cluster != a.self.Cluster:
		return nil, fmt.Errorf("%w: this is cluster %.64q, not %.64q", ErrRefused, a.self.Cluster, r.Cluster)
	case r.Region == a.self.Region && r.Node == a.self.Node:
		return nil, fmt.Errorf("%w: a node does not compare itself with itself", ErrRefused)
	}
	state, err := a.replica.Pin()
	if err != nil {
		return nil, err
	}
	a.open, a.state = r, state
	out := &Opened{Region: a.self.Region, Node: a.self.Node, Vector: state.Vector()}
	if state.Ahead() {
		out.Refused = "it takes over state from another node"
	}
	return out, nil
}

func (a *Answerer) handleRoot(r *Root) Response {
	mine := a.state.Comparable(a.open.Vector)
	a.common, a.slots, a.group = mine.And(r.Slots), nil, nil
	cells, hi, lo := a.state.Total(a.common)
	return &Totals{Slots: mine, Damaged: a.state.Damaged(), Cells: cells, High: hi, Low: lo}
}

func (a *Answerer) handleSlots(r *SlotSketch) (Response, error) {
	if a.slots == nil {
		a.slots = newEncoder(slotEntries(a.state, a.common), a.open.Salt)
	}
	if r.Count <= 0 || r.Count > maxSymbols || a.slots.made+r.Count > maxSlotSymbols {
		return nil, fmt.Errorf("%w: %d symbols after %d", ErrMalformed, r.Count, a.slots.made)
	}
	return &Symbols{Bytes: appendSymbols(nil, a.slots.more(r.Count), false)}, nil
}

func (a *Answerer) handleCells(r *CellSketch) (Response, error) {
	if r.New {
		outside := r.Slots.Without(a.common)
		if r.Parts == 0 || r.Parts > maxParts || r.Part >= r.Parts || !outside.Empty() {
			return nil, fmt.Errorf("%w: part %d of %d", ErrMalformed, r.Part, r.Parts)
		}
		a.group = &group{slots: r.Slots, part: r.Part, parts: r.Parts}
		n, err := a.group.load(a.state, a.open.Salt, maxGroupCells)
		if err != nil {
			return nil, err
		}
		if n > maxGroupCells {
			a.group = nil
			return &Symbols{TooMany: uint64(n)}, nil
		}
		a.cells = newEncoder(a.group.entries, a.open.Salt)
	}
	if a.group == nil {
		return nil, fmt.Errorf("%w: symbols of no group", ErrUnexpected)
	}
	if r.Count <= 0 || r.Count > maxSymbols || a.cells.made+r.Count > maxCellSymbols {
		return nil, fmt.Errorf("%w: %d symbols after %d", ErrMalformed, r.Count, a.cells.made)
	}
	return &Symbols{Bytes: appendSymbols(nil, a.cells.more(r.Count), true)}, nil
}

// errFull ends a walk whose answer is full.
var errFull = errors.New("full")

func (a *Answerer) handleFetch(r *Fetch) (Response, error) {
	if a.group == nil || len(r.Hashes)+len(r.Named) > maxFetch {
		return nil, fmt.Errorf("%w: fetch of %d cells", ErrMalformed, len(r.Hashes)+len(r.Named))
	}
	wanted := make(map[uint64]int, len(r.Hashes)+len(r.Named)) // places in the request
	for i, h := range slices.Concat(r.Hashes, r.Named) {
		wanted[h] = i
	}
	out, size := &Cells{}, 0
	err := a.state.Cells(a.group.slotsOf(wanted), func(_ int, key, value []byte, problem error) error {
		i, ok := wanted[hashKey(key, a.open.Salt)]
		if problem != nil || !ok {
			return nil
		}
		if size > 0 && size+len(value) > fetchBytes {
			return errFull
		}
		c := Cell{Index: i, TooLarge: len(value) > MaxValueBytes}
		if i >= len(r.Hashes) {
			c.Key = bytes.Clone(key)
		}
		if r.Values && !c.TooLarge {
			c.Value = bytes.Clone(value)
			size += len(value)
		}
		out.Cells = append(out.Cells, c)
		return nil
	})
	if out.Done = !errors.Is(err, errFull); !out.Done {
		err = nil
	}
	return out, err
}
