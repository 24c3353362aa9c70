package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/transfer"
	"github.com/atollkv/atoll/store"
)

// healEvery is how often damage that could not be healed is tried again.
const healEvery = time.Second

// errNoDonor: no live peer holds what this node held of the range when it was damaged.
var errNoDonor = errors.New("no live peer holds all that this node held of it; if none ever will, give up what only this node had: atoll accept-loss")

// healer gives damaged ranges back: what lies in the space of cells comes from a peer, the
// rest the store knows itself. One range at a time; it is owned by run.
type healer struct {
	n         *Node
	local     replication.Identity
	transport transfer.Transport
	wake      chan struct{} // capacity 1
	accept    chan acceptance

	// atLeast is what a donor must hold for a range, by its bounds: what this node held when
	// the range was quarantined, or what is left of that when a loss was accepted.
	atLeast map[[2]string]clock.VersionVector

	mu     sync.Mutex
	failed map[string]error // guarded by mu; why a range is not healed, by its begin
	healed uint64           // guarded by mu
}

func newHealer(n *Node) *healer {
	return &healer{n: n, wake: make(chan struct{}, 1), accept: make(chan acceptance), atLeast: map[[2]string]clock.VersionVector{}, failed: map[string]error{}}
}

// found is told of damage; it does not block.
func (h *healer) found() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// restore blocks what an earlier run had quarantined.
func (h *healer) restore() {
	for _, x := range h.n.shard.Quarantined() {
		h.n.db.Block(store.Damage{File: x.Place, Offset: -1, Lo: x.Lo, Hi: x.Hi, Cause: x.Cause})
	}
}

func (h *healer) run(ctx context.Context) error {
	tick := time.NewTicker(healEvery)
	defer tick.Stop()
	for {
		h.healAll(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		case a := <-h.accept:
			lines, err := h.acceptLoss(ctx)
			a.reply <- acceptedLoss{lines, err}
		case <-tick.C:
		}
	}
}

func (h *healer) healAll(ctx context.Context) {
	for _, d := range h.n.db.Damaged() {
		if ctx.Err() != nil {
			return
		}
		err := h.heal(ctx, d)
		if ctx.Err() != nil {
			return
		}
		h.note(d, err)
	}
}

// note keeps the outcome, and logs it when it is new.
func (h *healer) note(d store.Damage, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := string(d.Lo)
	before := h.failed[key]
	if err == nil {
		delete(h.failed, key)
		h.healed++
		return
	}
	h.failed[key] = err
	if before == nil || before.Error() != err.Error() {
		h.n.log.Error("damage is not healed; it is tried again", "file", d.Place(), "error", err)
	}
}

// cells is the space of cells.
var cellsLo, cellsHi = []byte{store.SpaceData}, []byte{store.SpaceData + 1}

func (h *healer) heal(ctx context.Context, d store.Damage) error {
	if part, ok := d.Within(cellsLo, cellsHi); ok {
		return h.healCells(ctx, d, part)
	}
	if err := h.replace(ctx, d.Lo, d.Hi, nil); err != nil {
		return err
	}
	h.n.db.Lift(d.Lo, d.Hi)
	if err := errors.Join(h.n.shard.Renew(ctx), h.requeue(ctx, d.Lo, d.Hi)); err != nil {
		return err
	}
	h.n.log.Info("damage healed", "file", d.Place(), "from", "this node")
	return nil
}

// replace puts fill in the place of a range. When a table at its border turns out to be
// damaged as well, the damage grows by that.
func (h *healer) replace(ctx context.Context, lo, hi []byte, fill store.Fill) error {
	err := h.n.db.Replace(ctx, lo, hi, fill)
	if keyspace.IsDamage(err) {
		return errors.Join(err, h.n.db.Inspect(lo, hi))
	}
	return err
}

// healCells heals a range that holds cells, whole keys of them.
func (h *healer) healCells(ctx context.Context, d, part store.Damage) error {
	lo, hi := keyspace.WholeKeys(part.Lo, part.Hi)
	d.Lo, d.Hi = least(d.Lo, lo), greatest(d.Hi, hi)
	h.n.db.Block(d)
	atLeast, err := h.quarantine(ctx, keyspace.Quarantined{Lo: lo, Hi: hi, Place: d.Place(), Cause: d.Cause})
	if err != nil {
		return err
	}
	if atLeast.Len() == 0 && len(h.others()) == 0 {
		return h.healAlone(ctx, d, lo, hi)
	}
	donors := h.donors(atLeast)
	if len(donors) == 0 {
		return errNoDonor
	}
	var errs []error
	for _, from := range donors {
		heads, err := h.take(ctx, from, d, lo, hi, atLeast)
		if err == nil {
			return h.finish(ctx, from, d, lo, hi, heads)
		}
		if keyspace.IsDamage(err) {
			return err // of our own; the peer tells of its damage by ending the stream
		}
		errs = append(errs, fmt.Errorf("%s: %w", from.Node, err))
	}
	return errors.Join(errs...)
}

// quarantine lets a range stand still and returns what it holds, at the first call.
func (h *healer) quarantine(ctx context.Context, x keyspace.Quarantined) (clock.VersionVector, error) {
	key := [2]string{string(x.Lo), string(x.Hi)}
	if v, ok := h.atLeast[key]; ok {
		return v, nil
	}
	v, err := h.n.shard.Quarantine(ctx, x)
	if err == nil {
		h.atLeast[key] = v
	}
	return v, err
}

// donors returns the live peers that may hold atLeast, the nearest first; take makes sure.
func (h *healer) donors(atLeast clock.VersionVector) []replication.PeerLook {
	live, _ := h.n.replicator.Look(shardID)
	live = slices.DeleteFunc(live, func(p replication.PeerLook) bool {
		return !p.MayHold(atLeast) || h.n.cuts.Blocked(p.Region)
	})
	slices.SortStableFunc(live, func(a, b replication.PeerLook) int { return cmp.Compare(a.RTT, b.RTT) })
	return live
}

// take replaces the range by what a donor has, and returns the donor's heads.
func (h *healer) take(ctx context.Context, from replication.PeerLook, d store.Damage, lo, hi []byte, atLeast clock.VersionVector) (heads []store.Head, err error) {
	begin := func(theirs []store.Head) error {
		heads = theirs
		var v clock.VersionVector
		for _, x := range theirs {
			v.Advance(x.Origin, x.Seq)
		}
		if !atLeast.LessEq(v) {
			return errNoDonor
		}
		return h.n.shard.CheckHealer(ctx, theirs)
	}
	fill := func(put func(k, v []byte) error) error {
		w := keyspace.HealCells{Lo: lo, Hi: hi, Put: put}
		return h.fetch(lo, hi, begin, w.Add).Fetch(ctx, from.Dial, h.now)
	}
	return heads, h.replace(ctx, d.Lo, d.Hi, fill)
}

// fetch is a transfer of a range.
func (h *healer) fetch(lo, hi []byte, begin func([]store.Head) error, cell func(store.Cell) error) transfer.Range {
	return transfer.Range{
		ReceiverConfig: transfer.ReceiverConfig{
			Local: h.local, Shard: shardID, MaxOffset: h.n.cfg.MaxOffset,
			Heads: func(store.ShardID) []store.Head { return allHeads(h.n.shard) },
		},
		Transport: h.transport, Lo: lo, Hi: hi, Begin: begin, Cell: cell,
	}
}

func (h *healer) now() replication.Now {
	wall, elapsed := h.n.opts.Wall.Read()
	return replication.Now{WallMillis: wall, Elapsed: elapsed, Stamp: h.n.hlc.Last()}
}

// finish gives the range back to everybody.
func (h *healer) finish(ctx context.Context, from replication.PeerLook, d store.Damage, lo, hi []byte, heads []store.Head) error {
	// Readers of older views are refused; the commit makes a new one. Nobody reads the range
	// before: the block goes last.
	if err := h.n.shard.Healed(ctx, lo, hi, heads); err != nil {
		return err
	}
	h.n.db.Lift(d.Lo, d.Hi)
	delete(h.atLeast, [2]string{string(lo), string(hi)})
	if err := h.requeue(ctx, d.Lo, d.Hi); err != nil {
		return err
	}
	if err := h.n.shard.Requeue(ctx, lo, hi); err != nil {
		return err
	}
	h.n.log.Info("damage healed", "file", d.Place(), "from", from.Node)
	return nil
}

// requeue queues for the sweep the keys whose entries in its queue were in a range. Which keys were in the
// index of what is to end, which is by time, nobody knows: it is made anew. Notes of operations that were there are lost.
func (h *healer) requeue(ctx context.Context, lo, hi []byte) error {
	queue := store.Damage{Lo: lo, Hi: hi}
	if _, ok := queue.Within([]byte{store.SpaceOnce}, []byte{store.SpaceOnce + 1}); ok {
		if err := h.n.shard.NotesLost(ctx); err != nil {
			return err
		}
	}
	if _, ok := queue.Within([]byte{store.SpaceExpiry}, []byte{store.SpaceExpiry + 1}); ok {
		if err := h.n.shard.Reindex(ctx, cellsLo, cellsHi); err != nil {
			return err
		}
	}
	part, ok := queue.Within([]byte{store.SpaceSweep}, []byte{store.SpaceSweep + 1})
	if !ok {
		return nil
	}
	lo, hi = bytes.Clone(part.Lo), bytes.Clone(part.Hi)
	lo[0] -= store.SpaceSweep - store.SpaceData
	hi[0] -= store.SpaceSweep - store.SpaceData
	return h.n.shard.Requeue(ctx, lo, hi)
}

// status returns how many ranges were healed, and one line for each that is not.
func (h *healer) status() (healed uint64, open []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.n.db.Damaged() {
		line := fmt.Sprintf("%s: %s", d.Place(), d.Cause)
		if err := h.failed[string(d.Lo)]; err != nil {
			line += "; not healed yet: " + err.Error()
		}
		open = append(open, line)
	}
	return h.healed, open
}

// damageAlarm is the text of the alarm, empty when nothing is damaged.
func (h *healer) damageAlarm() string {
	_, open := h.status()
	if len(open) == 0 {
		return ""
	}
	more := ""
	if len(open) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(open)-1)
	}
	return fmt.Sprintf("data on disk is damaged and not served until a peer gives it back: %s%s", open[0], more)
}

func least(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}

func greatest(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}
