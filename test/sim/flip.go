package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
)

// A flip damages bytes of a disk at rest. The twin of the disk does what checksums of blocks
// do: whoever reads there gets an error, and from then on the range is blocked for everybody,
// until something else is put in its place. A damaged frame of the op log is never served.

// damage is what a disk cannot give back. Flaws stay until they are replaced; what is blocked
// is known in memory only, and may be more.
type damage struct{ flaws, blocked []store.Damage }

func overlap(list []store.Damage, lo, hi []byte) *store.Damage {
	for i := range list {
		if _, ok := list[i].Within(lo, hi); ok {
			return &list[i]
		}
	}
	return nil
}

// whole widens damage to whole keys, as a node does before it heals it.
func whole(x store.Damage) store.Damage {
	x.Lo, x.Hi = keyspace.WholeKeys(x.Lo, x.Hi)
	return x
}

// block keeps everybody from reading x, joined with what it overlaps.
func (d *damage) block(x store.Damage) {
	for {
		old := overlap(d.blocked, x.Lo, x.Hi)
		if old == nil {
			break
		}
		if bytes.Compare(old.Lo, x.Lo) < 0 {
			x.Lo = old.Lo
		}
		if bytes.Compare(old.Hi, x.Hi) > 0 {
			x.Hi = old.Hi
		}
		d.blocked = slices.DeleteFunc(slices.Clone(d.blocked), func(y store.Damage) bool { return bytes.Equal(y.Lo, old.Lo) })
	}
	d.blocked = append(slices.Clone(d.blocked), x)
	slices.SortFunc(d.blocked, func(a, b store.Damage) int { return bytes.Compare(a.Lo, b.Lo) })
}

// lift ends block.
func (d *damage) lift(lo, hi []byte) { d.blocked = without(d.blocked, lo, hi) }

func without(list []store.Damage, lo, hi []byte) []store.Damage {
	return slices.DeleteFunc(slices.Clone(list), func(x store.Damage) bool {
		_, in := x.Within(lo, hi)
		return in
	})
}

// meet is told that a flaw was read. A view may hold one that was replaced since.
func (d *disk) meet(x store.Damage) error {
	at := d
	if d.of != nil {
		at = d.of
	}
	if overlap(at.flaws, x.Lo, x.Hi) != nil {
		at.block(x)
	}
	return &store.DamageError{Damage: x}
}

// unreadable returns the error of reading a key, or nil.
func (d *disk) unreadable(key []byte) error {
	hi := append(bytes.Clone(key), 0)
	if x := overlap(d.blocked, key, hi); x != nil {
		return &store.DamageError{Damage: *x}
	}
	if x := overlap(d.flaws, key, hi); x != nil {
		return d.meet(*x)
	}
	return nil
}

// firstFlaw returns the flaw that a walk over a range meets first, or nil.
func (d *disk) firstFlaw(lo, hi []byte) (first *store.Damage) {
	for i := range d.flaws {
		if x, in := d.flaws[i].Within(lo, hi); in && (first == nil || bytes.Compare(x.Lo, first.Lo) < 0) {
			first = &d.flaws[i]
		}
	}
	return first
}

// replace puts cells in the place of a range, at once and durably.
func (d *disk) replace(lo, hi []byte, cells map[string][]byte) {
	for _, m := range []*image{d.latest, d.durable} {
		for k := range m.cells {
			if k >= string(lo) && k < string(hi) {
				delete(m.cells, k)
			}
		}
		for k, v := range cells {
			m.cells[k] = v
		}
	}
	d.flaws = without(d.flaws, lo, hi)
}

// hurts tells whether a node has reason to refuse a key.
func (n *node) hurts(key string) bool {
	slot, space := keyspace.SlotOf([]byte(key)), spaceOf(key)
	lo := []byte{store.SpaceData, 0, 0, 0, 0}
	if space != namespace.Default {
		lo = append([]byte{store.SpaceData, 0, 0, 0, 1, byte(len(space))}, space...)
	}
	lo = append(append(lo, byte(slot>>8), byte(slot)), key...)
	lo = append(lo, 0, 1)
	hi := append(bytes.Clone(lo[:len(lo)-1]), 2)
	list := slices.Concat(n.disk.flaws, n.disk.blocked)
	for _, x := range n.core.Quarantined() {
		list = append(list, store.Damage{Lo: x.Lo, Hi: x.Hi})
	}
	return slices.ContainsFunc(list, func(x store.Damage) bool {
		_, in := whole(x).Within(lo, hi)
		return in
	})
}

// refuses tells whether err is a refusal of keys for their damage; one without a reason is
// a violation.
func (n *node) refuses(err error, keys ...string) bool {
	if !keyspace.IsDamage(err) {
		return false
	}
	if !slices.ContainsFunc(keys, n.hurts) {
		n.w.fail("I-33", "node %s refuses %v, which are whole: %v", n.id, keys, err)
	}
	return true
}

// hurt tells whether anything of the node's disk is damaged or blocked.
func (n *node) hurt() bool {
	return len(n.disk.flaws)+len(n.disk.blocked)+len(n.core.Quarantined()) > 0 || n.disk.durable.badFrame() != nil
}

// flip damages one cell of a disk, and sometimes those next to it: a header, a member, or a count.
func (n *node) flip() {
	if !n.recoverable() {
		return
	}
	var cells []string
	for k, v := range n.disk.durable.cells {
		if k[0] == store.SpaceData && bytes.Equal(v, n.disk.latest.cells[k]) {
			cells = append(cells, k)
		}
	}
	if len(cells) == 0 {
		return
	}
	slices.Sort(cells)
	d := n.roll(forFlip)
	at := d.n(len(cells))
	upTo := min(at+pick(d, 0, 0, 1, 2), len(cells)-1)
	x := store.Damage{File: "000007.sst", Offset: int64(at), Lo: []byte(cells[at]), Hi: append([]byte(cells[upTo]), 0), Cause: "checksum mismatch"}
	if overlap(n.disk.flaws, x.Lo, x.Hi) != nil || overlap(n.disk.blocked, x.Lo, x.Hi) != nil {
		return
	}
	n.disk.flaws = append(slices.Clone(n.disk.flaws), x)
	sometimes.hit("cell damaged")
	n.w.note("flip at %s: %x to %x", n.id, x.Lo, x.Hi)
}

// recoverable tells whether the others have, or can get from the op log, all that the node
// holds: what is damaged in its cells and gone from its log is lost for good.
func (n *node) recoverable() bool {
	if n.disk.durable.badFrame() != nil {
		return false
	}
	for _, h := range n.disk.latest.sortedHeads() {
		if start := n.disk.latest.start[h.Origin]; start > 0 && !n.elsewhere(clock.Dot{Origin: h.Origin, Seq: start - 1}) {
			return false
		}
	}
	return true
}

// elsewhere tells whether another node holds an update, and all before it, durably.
func (n *node) elsewhere(d dot) bool {
	return slices.ContainsFunc(n.w.nodes, func(p *node) bool { return p != n && p.disk.durable.vector().Covers(d) })
}

// flipLog damages a frame of the op log.
func (n *node) flipLog() {
	d := n.roll(forFlip)
	var origins []clock.Origin
	for _, h := range n.disk.durable.sortedHeads() {
		if len(n.disk.durable.frames[h.Origin]) > 0 {
			origins = append(origins, h.Origin)
		}
	}
	if len(origins) == 0 {
		return
	}
	o := pick(d, origins...)
	f := n.disk.durable.frames[o][d.n(len(n.disk.durable.frames[o]))]
	if (len(n.disk.flaws)+len(n.disk.blocked) > 0 || len(n.core.Quarantined()) > 0) && !n.elsewhere(clock.Dot{Origin: o, Seq: f.last}) {
		return
	}
	n.disk.latest.spoilFrame(o, f.last)
	n.disk.durable.spoilFrame(o, f.last)
	sometimes.hit("frame of the op log damaged")
	n.w.note("flip in the log of %s: %v %d to %d", n.id, o, f.first, f.last)
}

func (m *image) spoilFrame(o clock.Origin, last clock.Seq) {
	m.frames[o] = slices.Clone(m.frames[o])
	for i := range m.frames[o] {
		if m.frames[o][i].last == last {
			m.frames[o][i].bad = true
		}
	}
}

// badFrame returns the name of the last record of a damaged frame, or nil.
func (m *image) badFrame() *dot {
	for _, h := range m.sortedHeads() {
		for _, f := range m.frames[h.Origin] {
			if f.bad {
				return &dot{Origin: h.Origin, Seq: f.last}
			}
		}
	}
	return nil
}

var errBadFrame = fmt.Errorf("%w: a frame of the op log", store.ErrCorrupt)

// blind is a view that shows nothing where there is damage: a planted mistake.
func (d *disk) blind() *disk {
	m := d.latest.clone()
	for k := range m.cells {
		if d.unreadable([]byte(k)) != nil {
			delete(m.cells, k)
		}
	}
	return &disk{latest: m}
}

// frozen serves an image that does not change, as a view of a disk does: what was damaged
// when it was opened, or is now, it does not give.
type frozen struct {
	image *image
	was   damage
	of    *disk
}

func (n *node) frozen() frozen {
	return frozen{image: n.disk.durable.clone(), was: n.disk.damage, of: n.disk}
}

func (f frozen) view() *disk {
	d := &disk{latest: f.image, of: f.of}
	d.flaws = slices.Concat(f.was.flaws, f.of.flaws)
	d.blocked = slices.Concat(f.was.blocked, f.of.blocked)
	if f.of.planted.Has(mistake.DamageHandedOn) && len(d.flaws)+len(d.blocked) > 0 {
		return d.blind()
	}
	return d
}

func (f frozen) Get(key []byte) ([]byte, error)                { return f.view().Get(key) }
func (f frozen) Iterate(lo, hi []byte) (store.Iterator, error) { return f.view().Iterate(lo, hi) }

// planFlips lets bytes of one disk flip, and that node restart. What takes the others' copies
// away, or leaves no way to a peer that has one, is left out: see docs/simulation.md.
func (s *scenario) planFlips(d *dice) {
	s.cond.core = false
	s.steps = slices.DeleteFunc(s.steps, func(st step) bool {
		return slices.Contains([]verb{doRestore, doClone, doDiscard}, st.do)
	})
	nodes := s.cond.nodes
	hurt := nodes[d.n(len(nodes))]
	for range 2 + d.n(4) {
		at := d.n(len(s.steps))
		st := step{at: s.steps[at].at, do: pick(d, doFlip, doFlip, doFlip, doFlipLog, doRestart), node: hurt}
		s.steps = slices.Insert(s.steps, at, st)
	}
}
