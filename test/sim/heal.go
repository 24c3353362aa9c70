package sim

import (
	"bytes"
	"errors"
	"maps"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// healing is one try to give a range back. It makes the calls of the node's healer, in
// their order, with crashes between them: quarantine, fetch, replace, tell the core, lift.
type healing struct {
	w     *world
	n     *node
	lo    []byte
	hi    []byte
	from  *node
	life  int // of from
	snap  *keyspace.Snapshot
	least clock.VersionVector
}

// stands is what a quarantined range contains, and the commit that says so.
type stands struct {
	vector clock.VersionVector
	commit int
}

// synced returns how many commits are durable.
func (d *disk) synced() int { return d.applied - len(d.unsynced) }

// scrub finds all damage.
func (n *node) scrub() {
	for _, x := range n.disk.flaws {
		n.disk.block(x)
	}
	n.disk.durable.met = n.disk.durable.badFrame() != nil
}

// restoreBlocks blocks what an earlier run had quarantined.
func (n *node) restoreBlocks() {
	n.disk.blocked, n.standing, n.healing = nil, map[[2]string]stands{}, nil
	for _, x := range n.core.Quarantined() {
		sometimes.hit("quarantine survived a restart")
		n.disk.block(store.Damage{File: x.Place, Offset: -1, Lo: x.Lo, Hi: x.Hi, Cause: x.Cause})
	}
}

// mend goes on with healing.
func (n *node) mend() {
	if n.w.settling {
		n.scrub()
	}
	n.mendLog()
	if n.healing != nil || n.disk.full {
		return
	}
	for _, x := range n.disk.blocked {
		x = whole(x)
		n.disk.block(x)
		if n.standStill(x) {
			n.fetch(x)
		}
		if !n.up || n.healing != nil {
			return
		}
	}
}

// mendLog forgets damaged frames, with those before them.
func (n *node) mendLog() {
	if !n.disk.durable.met {
		return
	}
	for x := n.disk.durable.badFrame(); x != nil; x = n.disk.durable.badFrame() {
		n.disk.latest.truncate(x.Origin, x.Seq)
		n.disk.durable.truncate(x.Origin, x.Seq)
		sometimes.hit("damaged frame forgotten")
		n.w.note("%s forgets its log up to %v, which is damaged", n.id, *x)
	}
	n.disk.durable.met = false
}

// standStill quarantines a range, and tells whether that is durable.
func (n *node) standStill(x store.Damage) bool {
	key := [2]string{string(x.Lo), string(x.Hi)}
	at, ok := n.standing[key]
	if !ok {
		at.vector = n.core.Quarantine(keyspace.Quarantined{Lo: x.Lo, Hi: x.Hi, Place: x.Place(), Cause: x.Cause})
		n.w.note("%s quarantines %x to %x at %v", n.id, x.Lo, x.Hi, at.vector)
		n.commit()
		at.commit = n.disk.applied
		n.standing[key] = at
		return false
	}
	return n.disk.synced() >= at.commit
}

// fetch asks a live peer that holds what stands still.
func (n *node) fetch(x store.Damage) {
	least := n.standing[[2]string{string(x.Lo), string(x.Hi)}].vector
	var donors []*node
	for _, p := range n.w.nodes {
		s := n.pulls[p.id]
		if s == nil || !s.sink.Told(0) || !p.up || n.w.cut(n, p) || n.w.cut(p, n) {
			continue
		}
		if look := (replication.PeerLook{Heads: s.sink.Heads(0)}); look.MayHold(least) {
			donors = append(donors, p)
		}
	}
	if len(donors) == 0 {
		return
	}
	from := pick(n.roll(forHeal), donors...)
	snap, err := keyspace.NewSnapshot(from.frozen(), 0, from.disk.durable.sortedHeads())
	if err != nil {
		n.w.fail("I-22", "node %s: snapshot: %v", from.id, err)
		return
	}
	h := &healing{w: n.w, n: n, lo: x.Lo, hi: x.Hi, from: from, life: from.life, snap: snap, least: least}
	n.healing = h
	n.later(n.w.delay(from, n)+n.w.delay(n, from), h.replace)
}

// live tells whether the try is still the one on its way.
func (h *healing) live() bool { return !h.w.failed() && h.n.healing == h }

// stop gives the try up; the next tick begins another.
func (h *healing) stop(why error) {
	h.w.note("%s gives up healing from %s: %v", h.n.id, h.from.id, why)
	h.n.healing = nil
}

var (
	errLink  = errors.New("the donor is gone")
	errAhead = errors.New("the donor is catching up by state itself")
)

// replace puts the donor's cells in the place of the range.
func (h *healing) replace() {
	n := h.n
	if !h.live() {
		return
	}
	if h.w.cut(n, h.from) || h.w.cut(h.from, n) || !h.from.up || h.from.life != h.life {
		h.stop(errLink)
		return
	}
	cells, err := h.cells()
	if err == nil {
		err = h.border()
	}
	if err != nil {
		h.judge(err)
		return
	}
	for _, c := range n.disk.unsynced {
		for _, cell := range c.Cells {
			if bytes.Compare(h.lo, cell.Key) <= 0 && bytes.Compare(cell.Key, h.hi) < 0 && cell.Value != nil {
				h.w.fail("I-33", "node %s writes %x, which is quarantined", n.id, cell.Key)
			}
		}
	}
	n.disk.replace(h.lo, h.hi, cells)
	n.digested = nil
	h.w.note("%s replaces %x to %x by %d cells of %s", n.id, h.lo, h.hi, len(cells), h.from.id)
	if !h.w.settling && n.roll(forHeal).chance(20) {
		sometimes.hit("crash before the healed range was given back")
		h.w.restart(n, n.offset)
		return
	}
	n.later(h.w.delay(h.from, n), h.giveBack)
}

// border refuses to cut through damage that nobody had met: the range grows by it.
func (h *healing) border() error {
	for _, x := range h.n.disk.flaws {
		if _, in := x.Within(h.lo, h.hi); in && (bytes.Compare(x.Lo, h.lo) < 0 || bytes.Compare(x.Hi, h.hi) > 0) {
			return h.n.disk.meet(x)
		}
	}
	return nil
}

// cells returns what the donor has of the range.
func (h *healing) cells() (map[string][]byte, error) {
	if !h.least.LessEq(h.snap.Vector()) {
		return nil, errLink
	}
	if err := h.n.core.CheckHealer(h.snap.Heads()); err != nil {
		return nil, err
	}
	cells := map[string][]byte{}
	w := keyspace.HealCells{Lo: h.lo, Hi: h.hi, Put: func(k, v []byte) error {
		cells[string(k)] = bytes.Clone(v)
		return nil
	}}
	for after := h.lo; after != nil && bytes.Compare(after, h.hi) < 0; {
		ch, err := h.snap.Next(after, 1+h.n.roll(forChunk).n(200))
		if err != nil {
			return nil, err
		}
		if ch.Beyond.Len() > 0 {
			return nil, errAhead
		}
		for _, c := range ch.Cells {
			if bytes.Compare(c.Key, h.hi) >= 0 {
				return cells, nil
			}
			if err := w.Add(c); err != nil {
				return nil, err
			}
		}
		after = ch.UpTo
	}
	return cells, nil
}

// judge gives up for a reason that may pass; any other is a violation.
func (h *healing) judge(err error) {
	h.stop(err)
	for _, passes := range []error{errLink, errAhead, keyspace.ErrFuture, keyspace.ErrSealed, store.ErrCorrupt} {
		if errors.Is(err, passes) {
			return
		}
	}
	h.w.fail("I-22", "node %s: heal from %s: %v", h.n.id, h.from.id, err)
}

// giveBack ends the quarantine.
func (h *healing) giveBack() {
	if !h.live() {
		return
	}
	n := h.n
	if err := n.core.Healed(h.lo, h.hi, h.snap.Heads()); err != nil {
		h.judge(err)
		return
	}
	n.commit()
	if commit := n.disk.applied; n.up {
		n.later(tick, func() { h.liftAt(commit) })
	}
}

// liftAt lets everybody read the range, once it is durable that it is healed.
func (h *healing) liftAt(commit int) {
	n := h.n
	if !h.live() {
		return
	}
	if n.disk.synced() < commit {
		n.later(tick, func() { h.liftAt(commit) })
		return
	}
	n.disk.lift(h.lo, h.hi)
	maps.DeleteFunc(n.standing, func(x [2]string, _ stands) bool { return string(h.lo) <= x[0] && x[1] <= string(h.hi) })
	n.healing = nil
	sometimes.hit("range healed")
	h.w.note("%s is healed: %x to %x", n.id, h.lo, h.hi)
	for lo := h.lo; lo != nil && n.up; {
		next, err := n.core.Requeue(lo, h.hi)
		if err != nil && !keyspace.IsDamage(err) {
			h.w.fail("I-33", "node %s: queue healed keys: %v", n.id, err)
			return
		}
		n.commit()
		lo = next
	}
}
