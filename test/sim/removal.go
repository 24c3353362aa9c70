package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
)

const (
	tellWithin  = time.Second
	drainWithin = 2 * time.Second
)

// removal is a registry.Course on its way, at the node that drives it.
type removal struct {
	n       *node
	course  *registry.Course
	names   []string
	pending int // answers of this round
	until   time.Duration
}

func (n *node) stamp() clock.Timestamp { return n.hlc.Now() }

// remove begins to remove members, unless the node is at it or is not asked any more.
func (n *node) remove(identities []string, force bool) {
	if n.removal != nil || n.out(true) {
		return
	}
	r := &removal{n: n, until: n.w.now + drainWithin}
	for _, i := range identities {
		if n.stateOf(i) != registry.Removed {
			r.names = append(r.names, nameOf(i))
		}
	}
	if len(r.names) == 0 {
		return
	}
	err := n.edit(func(book *registry.Registry) (err error) {
		r.course, err = registry.NewCourse(book, r.names, n.name(), force, n.stamp())
		return err
	})
	n.w.note("%s removes %v, by force %v: %v", n.id, r.names, force, err)
	if err == nil {
		n.removal = r
		n.later(0, r.step)
	}
}

// step goes on as far as it can without an answer.
func (r *removal) step() {
	n := r.n
	for n.removal == r && !n.w.failed() {
		if todo := r.course.Ask(n.known.book); len(todo) > 0 {
			r.pending = len(todo)
			for _, name := range todo {
				r.ask(name)
			}
			return
		}
		if r.course.Owed(n.durable()) > 0 {
			if n.w.now > r.until {
				r.stop("what leaving members have does not arrive")
				return
			}
			n.later(20*time.Millisecond, r.step)
			return
		}
		err := n.edit(func(book *registry.Registry) error { return r.course.Step(book, n.stamp()) })
		switch {
		case err != nil:
			r.stop(err.Error())
		case r.course.Done():
			r.finish()
		}
	}
}

// ask tells a member and hears it, or that it is silent.
func (r *removal) ask(name string) {
	n, open := r.n, true
	heard := func(theirs *registry.Registry, heads []registry.Head, failed error) {
		if !open || n.removal != r || n.w.failed() {
			return
		}
		open = false
		err := n.edit(func(book *registry.Registry) error { return r.course.Heard(book, name, theirs, heads, failed) })
		if err != nil {
			r.stop(name + ": " + err.Error())
			return
		}
		if r.pending--; r.pending == 0 {
			r.step()
		}
	}
	n.later(tellWithin, func() { heard(nil, nil, errSilent) })
	n.tell(n.w.node(identityOf(name)[0]), heard)
}

// tell hands another the registry; what it answers may come back, or not.
func (n *node) tell(p *node, heard func(*registry.Registry, []registry.Head, error)) {
	encoded, w := n.known.encoded, n.w
	if p == n {
		n.later(0, func() { n.told(n.identity, encoded, heard) })
		return
	}
	if p == nil || w.cut(n, p) {
		return
	}
	w.after(w.delay(n, p), func() {
		if !p.up || p.refuse(n.identity) != nil {
			return
		}
		p.told(n.identity, encoded, func(book *registry.Registry, heads []registry.Head, err error) {
			if !w.cut(p, n) {
				n.later(w.delay(p, n), func() { heard(book, heads, err) })
			}
		})
	})
}

// tellAll spreads the registry to whoever can be reached.
func (n *node) tellAll() {
	for _, p := range n.w.nodes {
		if p != n {
			n.tell(p, func(*registry.Registry, []registry.Head, error) {})
		}
	}
}

// stop gives a removal up: it is called off, or must be finished by somebody.
func (r *removal) stop(why string) {
	n := r.n
	n.removal = nil
	n.w.note("%s does not remove %v: %s", n.id, r.names, why)
	if r.course.Frozen() {
		sometimes.hit("removal stopped with a member frozen")
		return
	}
	sometimes.hit("removal called off")
	if err := n.edit(func(book *registry.Registry) error { return r.course.CallOff(book, n.stamp()) }); err != nil {
		n.w.note("%s calls nothing off: %v", n.id, err)
	}
	n.tellAll()
}

func (r *removal) finish() {
	n := r.n
	n.removal = nil
	n.w.accidents[doRemove]++
	sometimes.hit("member removed")
	if len(r.names) > 1 {
		sometimes.hit("members removed in one step")
	}
	for _, name := range r.names {
		m, _ := n.known.book.Get(name)
		n.w.note("%s has removed %s: %v", n.id, name, m.Seals)
	}
	n.tellAll()
}

// victims returns who a step removes: a peer, and with it perhaps the next one. Operators
// do not remove each other, and leave two, or one of two.
func (w *world) victims(n, p *node, both bool) (out []string) {
	list := []*node{p}
	if i := slices.Index(w.nodes, p); both {
		list = append(list, w.nodes[(i+1)%len(w.nodes)])
	}
	for _, v := range list {
		gone := len(w.gone)
		if !w.gone[v.identity] {
			gone++
		}
		if v != n && !w.keepers[v.identity] && gone <= max(1, len(w.nodes)-2) {
			w.gone[v.identity] = true
			out = append(out, v.identity)
		}
	}
	return out
}

// remove does a step of an operator.
func (w *world) remove(n, p *node, st step) {
	if !n.up || w.gone[n.identity] {
		return
	}
	if list := w.victims(n, p, st.by != 0); len(list) > 0 {
		w.keepers[n.identity] = true
		n.remove(list, st.do == doForce)
	}
}

// add lets a removed member take part again, with an empty directory, or, as operators
// should not, with the old one. All others must learn of it at once: somebody who is removed by
// one that does not know of the new member may be sealed without it.
func (w *world) add(n, p *node, empty bool) {
	if !n.up || n.out(true) || n.stateOf(p.identity) != registry.Removed || !w.quiet(n) {
		return
	}
	if empty {
		w.wipe(p)
	}
	for _, p := range w.present() {
		p.shut()
		_ = n.edit(func(book *registry.Registry) error { book.Join(p.known.book); return nil })
	}
	err := n.edit(func(book *registry.Registry) error {
		return book.Add(p.name(), "", n.name(), book.After(n.stamp(), p.name()))
	})
	if w.note("%s adds %s again: %v", n.id, p.id, err); err != nil {
		return
	}
	sometimes.hit("member added again")
	delete(w.gone, p.identity)
	for _, p := range w.nodes {
		if p != n && p.up {
			p.learn(n.identity, n.known.encoded)
		}
	}
}

// quiet reports whether a node reaches all that take part, and nobody is being removed.
func (w *world) quiet(n *node) bool {
	return !w.busy() && !slices.ContainsFunc(w.present(), func(p *node) bool {
		return p != n && (!p.up || w.cut(n, p) || w.cut(p, n))
	})
}

// wipe lets a node begin anew, with nothing.
func (w *world) wipe(n *node) { w.wipeTo(n, func(*disk) {}) }

// wipeTo lets a node begin anew with what put puts on its disk.
func (w *world) wipeTo(n *node, put func(*disk)) {
	if n.up {
		n.crash("begins anew")
	}
	w.loseTail(n)
	delete(w.copies, n)
	n.disk = newDisk(w.planted)
	put(n.disk)
	n.start()
	w.note("%s begins anew", n.id)
}

// finishRemovals does what an operator does in the end: what was begun is finished, what
// was about to leave stays, and old directories are moved away.
func (w *world) finishRemovals() {
	if !w.removes() {
		return
	}
	truth := w.truth()
	frozen, leaving := truth.Names(func(s registry.State) bool { return s == registry.Sealing }), truth.Names(func(s registry.State) bool { return s == registry.Leaving })
	for _, n := range w.nodes {
		if n.up && n.known.old && n.stateOf(n.identity) == registry.Active {
			sometimes.hit("old directory of a removed member stays out")
			w.wipe(n)
		}
	}
	for _, n := range w.nodes {
		if !n.up || n.out(true) || w.gone[n.identity] {
			continue
		}
		if w.busy() || len(frozen)+len(leaving) == 0 {
			return
		}
		if len(frozen) > 0 {
			if w.reloadStuck(); w.failed() {
				return
			}
			sometimes.hit("removal taken over")
			var list []string
			for _, name := range frozen {
				list = append(list, identityOf(name))
			}
			_ = n.edit(func(book *registry.Registry) error { book.Join(truth); return nil })
			n.remove(list, true)
			return
		}
		_ = n.edit(func(book *registry.Registry) error {
			book.Join(truth)
			for _, name := range leaving {
				delete(w.gone, identityOf(name))
				if err := book.Add(name, "", n.name(), book.After(n.stamp(), name)); err != nil {
					return err
				}
			}
			return nil
		})
		n.tellAll()
		return
	}
}

// stuckFor is how long operators wait for a member that takes over state before they let it begin anew.
const stuckFor = 10 * time.Second

// reloadStuck lets a member begin anew that cannot say how far it is, since a part of the state that it took over was
// only at a member that is gone: with the members it knew, and only if others have what it has and stay.
func (w *world) reloadStuck() {
	for _, n := range w.present() {
		if !n.takesOver() || n.core.TransferState().Active || n.removal != nil {
			delete(w.stuck, n)
			continue
		}
		since, known := w.stuck[n]
		if !known {
			w.stuck[n] = w.now
		}
		held := slices.ContainsFunc(w.present(), func(p *node) bool {
			return p != n && p.up && n.stateOf(p.identity) == registry.Active && n.core.Vector().LessEq(p.durable())
		})
		if known && w.now-since >= stuckFor && held && n.core.AsideCount().Records == 0 {
			sometimes.hit("began anew to let a removal end")
			book := n.known.encoded
			w.note("%s begins anew, since it cannot say how far it is", n.id)
			w.wipeTo(n, func(d *disk) { d.put(rollKey, book) })
			delete(w.stuck, n)
			return
		}
	}
}

// takesOver reports whether a node cannot say how far it is, since it holds a part of a state.
func (n *node) takesOver() bool {
	return n.up && errors.Is(n.core.SetLimits(n.known.limits), keyspace.ErrTransfer)
}

// busy reports whether a removal is on its way.
func (w *world) busy() bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool { return n.up && n.removal != nil })
}

// truth is what all nodes together know of members, but for those that are out.
func (w *world) truth() *registry.Registry {
	all := registry.New()
	for _, n := range w.nodes {
		if n.known != nil && !n.stateOf(n.identity).Frozen() {
			all.Join(n.known.book)
		}
	}
	return all
}

// present returns the nodes that were not removed.
func (w *world) present() []*node {
	if !w.removes() {
		return w.nodes
	}
	truth := w.truth()
	return slices.DeleteFunc(slices.Clone(w.nodes), func(n *node) bool {
		m, _ := truth.Get(n.name())
		return m.State == registry.Removed
	})
}

// removalVerbs lets operators remove members in a part of the runs. Where there are clones
// nobody is removed.
func removalVerbs(verbs []verb) []verb {
	verbs = slices.DeleteFunc(slices.Clone(verbs), func(v verb) bool { return v == doClone })
	for range 1 + len(verbs)/12 {
		verbs = append(verbs, doRemove, doForce, doForce, doAdd, doReplay, doDrop, doCutOne, doHeal)
	}
	return verbs
}

// planRemoval makes some steps of a run those that lead to late writes: a member is cut off,
// goes on writing, is removed, and comes back.
func (s *scenario) planRemoval(d *dice) {
	nodes, n := s.cond.nodes, len(s.steps)
	v := d.n(len(nodes))
	victim, keeper := nodes[v], nodes[(v+1+d.n(len(nodes)-1))%len(nodes)]
	at := d.n(n / 2)
	put := func(do verb, node, peer byte) {
		if at < n && d.chance(85) {
			s.steps[at].do, s.steps[at].node, s.steps[at].peer = do, node, peer
			if s.steps[at].by = 0; do == doWrite {
				s.steps[at].ops = s.newWrites(d, at)
			} else {
				s.steps[at].ops = nil
			}
		}
		at += 1 + d.n(2)
	}
	put(doWrite, victim, 0)
	put(doIsolate, victim, 0)
	put(doWrite, victim, 0)
	put(pick(d, doForce, doForce, doRemove), keeper, victim)
	put(doWrite, victim, 0)
	put(doHeal, keeper, 0)
	at += d.n(3)
	put(pick(d, doReplay, doReplay, doDrop, doAdd), keeper, victim)
	put(pick(d, doReplay, doPower, doAdd), keeper, victim)
}

// planRestore lets a part of the runs put an older copy of its disk under a member that was removed. Ids of
// operations that are forgotten soon do not live through that.
func (s *scenario) planRestore(d *dice) {
	at := slices.IndexFunc(s.steps, func(st step) bool { return st.do == doForce || st.do == doRemove })
	if at < 1 || at+2 >= len(s.steps) || s.cond.forget > 0 || !d.chance(40) {
		return
	}
	victim, before, after := s.steps[at].peer, d.n(at), at+2+d.n(min(4, len(s.steps)-at-2))
	s.steps[before] = step{at: s.steps[before].at, do: doCopy, node: victim}
	s.steps[after] = step{at: s.steps[after].at, do: doRestore, node: victim}
}

// isolate cuts a node off from all others.
func (w *world) isolate(n *node) {
	for _, p := range w.nodes {
		if p != n {
			w.cuts[[2]*node{n, p}], w.cuts[[2]*node{p, n}] = true, true
		}
	}
	w.note("isolate %s", n.id)
}

// salvageAll does what an operator does when all is quiet: those that may replay what is
// kept aside do so, or drop it, and some of them crash over it.
func (w *world) salvageAll() {
	for _, n := range w.present() {
		d := n.roll(forReplay)
		if !w.removes() || n.core.AsideCount().Records == 0 || d.chance(20) {
			continue
		}
		if n.salvage(d.chance(25)); n.up && d.chance(30) {
			n.later(d.between(0, 100*time.Millisecond), func() { w.power(n); w.power(n) })
		}
	}
}

// mayRestore reports whether an older copy may be put in the place of a disk. A member that
// was asked how far it is must not forget what it promised; one that is removed may, unless
// others are still taking over its state: nobody could bring the rest of it.
func (w *world) mayRestore(n *node) bool {
	if !w.removes() {
		return true
	}
	if w.gone[n.identity] {
		return !slices.ContainsFunc(w.present(), func(p *node) bool { return p != n && p.takesOver() })
	}
	return !w.busy() && slices.Equal(w.copies[n].image.cells[string(rollKey)], n.disk.durable.cells[string(rollKey)])
}
