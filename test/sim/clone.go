package sim

import "slices"

// A clone is a node that was started on a copy of another's data directory, while that
// one lives: two processes with one name. What they write must get different names, and
// they must not be merged into one history; whose streams get through is luck.

// cloneLetter is how far the letter of a clone is from its original's.
const cloneLetter = 8

// twin returns the clone of a node, or the original of a clone, or nil.
func (w *world) twin(n *node) *node {
	for _, p := range w.nodes {
		if p != n && p.identity == n.identity {
			return p
		}
	}
	return nil
}

// meant returns the node that a step is about: where there is a clone, half of them are
// about the clone.
func (w *world) meant(st step) *node {
	n := w.node(st.node)
	if n == nil {
		return nil
	}
	if p := w.twin(n); p != nil && diceOf(w.seed, 4, uint64(st.at)).chance(50) {
		return p
	}
	return n
}

// clone starts a second node on a copy of a disk, as old as there is one; once in a run,
// and not where a disk was restored. After two such accidents an update may be lost
// everywhere while another that depends on it has travelled: it waits for ever.
func (w *world) clone(n *node) {
	if w.accidents[doClone]+w.accidents[doRestore] > 0 {
		return
	}
	image := n.disk.durable
	if old := w.copies[n]; old != nil {
		image = old.image
	}
	c := &node{w: w, id: string(n.id[0] + cloneLetter), number: n.number + cloneLetter, identity: n.identity, offset: n.offset}
	c.rollBack(image)
	c.reach()
	w.nodes = append(w.nodes, c)
	c.start()
	w.accidents[doClone]++
	sometimes.hit("clone started")
	w.note("start %s, a clone of %v", c.id, n)
}

// stopClones stops one of each two: somebody has seen the alarm. What only that one had
// is gone.
func (w *world) stopClones() {
	for _, n := range slices.Clone(w.nodes) {
		p := w.twin(n)
		if p == nil || !slices.Contains(w.nodes, n) {
			continue
		}
		if diceOf(w.seed, 5, uint64(n.number)).chance(50) {
			n, p = p, n
		}
		if p.up {
			p.crash("one of two clones is stopped")
		}
		w.loseTail(p)
		n.reached.Join(p.reached)
		w.nodes = slices.DeleteFunc(w.nodes, func(x *node) bool { return x == p })
	}
}
