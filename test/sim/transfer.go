package sim

import (
	"errors"
	"slices"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// transfer is one try of a node to take over the state of another.
type transfer struct {
	w        *world
	to, from *node
	life     int // of from
	snap     *keyspace.Snapshot
	chunk    *keyspace.Chunk // what is merged in part
}

// catchUp begins a transfer when some peer no longer has the records that are missing
// here, when one was interrupted, and sometimes without need.
func (n *node) catchUp() {
	if n.takeover != nil {
		return
	}
	d := n.roll(forTransfer)
	var donors []*node
	for _, p := range n.w.nodes {
		if s := n.pulls[p.id]; s != nil && s.sink.Welcomed() && p.up && p.refuse(n.identity) == nil && (n.lacks(s) || n.waitsForState(s) || n.core.TransferState().Active) {
			donors = append(donors, p)
		} else if s != nil && p.up && s.sink.Welcomed() && p.refuse(n.identity) == nil && !n.w.settling && d.chance(n.w.cond.forced) {
			donors = append(donors, p)
		}
	}
	if len(donors) > 0 {
		n.w.begin(n, pick(d, donors...))
	}
}

// lacks reports whether the peer told that it no longer has records that are missing.
func (n *node) lacks(s *stream) bool {
	for _, h := range s.sink.Heads(0) {
		if start := s.sink.Missing(0, h.Origin); n.core.Vector().Get(h.Origin)+1 < start {
			return true
		}
	}
	return false
}

// waitsForState reports whether the peer has applied a record that waits here for what its writer had seen by
// state, and nobody who can be heard has that by log.
func (n *node) waitsForState(s *stream) bool {
	waiting := n.core.Waiting().ByState
	if len(waiting) == 0 {
		return false
	}
	has := n.core.Vector()
	for _, other := range n.pulls {
		for _, h := range other.sink.Heads(0) {
			has.Advance(h.Origin, h.Seq)
		}
	}
	needed := slices.ContainsFunc(waiting, func(w keyspace.ByState) bool {
		return !w.Lacks.LessEq(has) && slices.ContainsFunc(s.sink.Heads(0), func(h replication.PeerHead) bool {
			return h.Origin == w.Dot.Origin && h.Seq >= w.Dot.Seq
		})
	})
	if needed {
		sometimes.hit("state fetched for what no log has")
	}
	return needed
}

// begin opens a snapshot of what from holds durably.
func (w *world) begin(to, from *node) {
	view := from.frozen()
	snap, err := keyspace.NewSnapshot(view, 0, view.image.sortedHeads())
	if err != nil {
		w.fail("I-22", "node %s: snapshot: %v", from.id, err)
		return
	}
	b := keyspace.TransferBegin{Heads: snap.Heads(), Ends: snap.Ends()}
	if b.Declared, err = snap.Declared(); err != nil {
		w.fail("I-22", "node %s: declarations: %v", from.id, err)
		return
	}
	state := to.core.TransferState()
	if state.Active && state.Done == 1 {
		w.finish(to)
		return
	}
	if state.Active && to.roll(forTransfer).chance(70) {
		b.After = state.Position
		if b.After != nil {
			sometimes.hit("transfer resumed")
		}
	}
	_, err = to.core.Transfer(b)
	w.note("transfer %s<-%s begins after %x: %v", to.id, from.id, b.After, err)
	switch {
	case errors.Is(err, keyspace.ErrFuture), errors.Is(err, keyspace.ErrSealed):
		return
	case err != nil:
		w.fail("I-22", "node %s: begin transfer from %s: %v", to.id, from.id, err)
		return
	}
	t := &transfer{w: w, to: to, from: from, life: from.life, snap: snap}
	to.takeover = t
	to.later(w.delay(from, to), t.step)
}

// step merges one chunk, or breaks off.
func (t *transfer) step() {
	w, d := t.w, t.to.roll(forTransfer)
	if w.failed() || t.to.takeover != t {
		return
	}
	if w.cut(t.to, t.from) || w.cut(t.from, t.to) || !t.from.up || t.from.life != t.life || !w.settling && d.chance(w.cond.breaks) {
		w.note("transfer %s<-%s breaks off", t.to.id, t.from.id)
		sometimes.hit("transfer broken off")
		t.to.takeover = nil
		return
	}
	if !t.merge() {
		return
	}
	if !w.settling && d.chance(20) {
		w.writeMore(t.to) // clients go on in the middle of it
		if !t.to.up || t.to.takeover != t {
			return
		}
	}
	if d.chance(w.cond.eager) {
		if t.to.commit(); !t.to.up {
			return
		}
	}
	if t.to.core.TransferState().Done < 1 || t.chunk != nil {
		t.to.later(w.delay(t.from, t.to), t.step)
		return
	}
	t.to.takeover = nil
	w.finish(t.to)
}

// merge gives the core the next chunk, of any size down to one cell.
func (t *transfer) merge() bool {
	if t.chunk == nil {
		d := t.to.roll(forChunk)
		size := pick(d, 1, 1+d.n(200))
		ch, err := t.snap.Next(t.to.core.TransferState().Position, size)
		if keyspace.IsDamage(err) {
			sometimes.hit("donor refused what is damaged")
			return t.giveUp(err)
		}
		if err != nil {
			t.w.fail("I-22", "node %s: next chunk: %v", t.from.id, err)
			return false
		}
		t.chunk = &ch
	}
	done, err := t.to.core.Transfer(keyspace.TransferChunk{Chunk: *t.chunk})
	if keyspace.IsDamage(err) && t.to.hurt() && t.to.core.Failed() == nil {
		sometimes.hit("transfer met damage")
		return t.giveUp(err)
	}
	if errors.Is(err, keyspace.ErrSealed) && t.to.core.Failed() == nil {
		sometimes.hit("chunk beyond a seal refused") // the limits came while it was on its way
		return t.giveUp(err)
	}
	if err != nil {
		t.w.fail("I-22", "node %s: merge chunk: %v", t.to.id, err)
		return false
	}
	if !t.to.core.TransferState().Ahead {
		sometimes.hit("chunk without news")
	}
	t.w.chunks = append(t.w.chunks, t.w.now)
	if done {
		t.chunk = nil
	}
	return true
}

// giveUp ends the try for damage of either side, or for limits: another is made later.
func (t *transfer) giveUp(err error) bool {
	t.w.note("transfer %s<-%s breaks off: %v", t.to.id, t.from.id, err)
	t.to.takeover = nil
	return false
}

// finish ends a pass.
func (w *world) finish(n *node) {
	_, err := n.core.Transfer(keyspace.TransferEnd{})
	w.note("transfer ends: %v, %v", n, err)
	if errors.Is(err, keyspace.ErrFuture) {
		sometimes.hit("end of a transfer waits for the clock")
		return // tried again at the next tick
	}
	if err != nil {
		w.fail("I-22", "node %s: end transfer: %v", n.id, err)
		return
	}
	sometimes.hit("transfer ended")
	if n.core.TransferState().Ahead {
		sometimes.hit("ranges ahead after a transfer")
	}
}

// skip is what a commit's skips do to the op log.
func (m *image) skip(s store.Skip) {
	m.frames[s.Origin] = slices.DeleteFunc(slices.Clone(m.frames[s.Origin]), func(f logged) bool { return f.last < s.To })
	m.start[s.Origin] = max(m.start[s.Origin], s.To)
}

// discard drops the op log up to what this node holds durably, whoever needs it.
func (n *node) discard() {
	for _, h := range n.disk.durable.sortedHeads() {
		n.disk.latest.truncate(h.Origin, h.Seq)
		n.disk.durable.truncate(h.Origin, h.Seq)
	}
	sometimes.hit("op log discarded")
	n.w.note("discard the log of %s", n.id)
}
