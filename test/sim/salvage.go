package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/crdt/crdttest"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/membership/registry"
)

// asides returns what a node keeps aside, ascending by origin, settled or not.
func (n *node) asides() []keyspace.Aside {
	list, err := keyspace.ListAside(n.disk, 0)
	if err != nil {
		n.w.fail("I-33", "node %s: what is kept aside: %v", n.id, err)
	}
	return list
}

// keeps tells whether the node is the one that replays what a member wrote too late.
func (n *node) keeps(a keyspace.Aside) bool {
	m, _ := n.known.book.Get(nameOf(a.Writer.Region))
	return m.By == n.name()
}

// salvage replays what is kept aside at a node of members that it removed, or drops it.
func (n *node) salvage(drop bool) {
	if !n.up || n.known == nil || n.out(true) || !n.core.Idle() {
		return
	}
	for _, a := range n.asides() {
		if a.Records == 0 || !n.keeps(a) || n.w.failed() {
			continue
		}
		if drop {
			n.drop(a)
		} else {
			n.replay(a)
		}
	}
}

func (n *node) drop(a keyspace.Aside) {
	done, err := n.core.DropAside(a.Origin, a.Last)
	n.w.note("%s drops %v up to %d: %v", n.id, a.Origin, done.Done, err)
	if err != nil {
		n.w.fail("I-33", "node %s: drop what is kept aside: %v", n.id, err)
		return
	}
	sometimes.hit("kept aside, dropped")
	n.markWhenDurable(a, done.Done)
}

// replay issues what is kept aside of one origin again.
func (n *node) replay(a keyspace.Aside) {
	var err error
	done := keyspace.Replayed{More: true, Done: a.Done}
	for done.More && err == nil {
		p := &replaying{n: n, next: clock.Dot{Origin: a.Origin, Seq: done.Done + 1}}
		done, err = n.core.Replay(a.Origin, p.translate, n.known.limits.Seals != nil && n.w.roll(forReplay, n.number).chance(50))
		p.flush()
	}
	n.w.note("%s replays %v up to %d: %v", n.id, a.Origin, done.Done, err)
	if errors.Is(err, keyspace.ErrBusy) || errors.Is(err, keyspace.ErrWrongType) || errors.Is(err, command.ErrNotFloat) || errors.Is(err, command.ErrFieldNotFloat) {
		err = nil
		sometimes.hit("replay stopped at an update")
	}
	if err != nil && !keyspace.IsDamage(err) {
		n.w.fail("I-33", "node %s: replay: %v", n.id, err)
		return
	}
	sometimes.hit("kept aside, replayed")
	n.markWhenDurable(a, done.Done)
}

// markWhenDurable commits what was settled, and tells the others when it is durable.
func (n *node) markWhenDurable(a keyspace.Aside, upTo clock.Seq) {
	n.commit()
	if !n.up || n.w.planted.Has(mistake.AsideUnmarked) {
		return
	}
	commits := n.disk.applied
	n.whenSynced(commits, func() { n.mark(nameOf(a.Writer.Region), registry.Mark{Origin: a.Origin, Seq: upTo}) })
}

// whenSynced calls do once as many commits are durable.
func (n *node) whenSynced(commits int, do func()) {
	if n.disk.applied-len(n.disk.unsynced) >= commits {
		do()
		return
	}
	n.later(tick, func() { n.whenSynced(commits, do) })
}

func (n *node) mark(member string, m registry.Mark) {
	_ = n.edit(func(book *registry.Registry) error { book.Settle(member, m); return nil })
}

// settleAside drops what the member that replays has settled, and tells what this one has.
func (n *node) settleAside() {
	if n.known == nil || n.core.AsideCount() == n.counted && slices.Equal(n.known.encoded, n.compared) || !n.core.Idle() {
		return
	}
	n.counted, n.compared = n.core.AsideCount(), n.known.encoded
	n.shut()
	drop, tell := keyspace.CompareAsides(n.known.book, n.name(), 0, n.asides())
	for _, x := range drop {
		if _, err := n.core.DropAside(x.Mark.Origin, x.Mark.Seq); err != nil {
			n.w.fail("I-33", "node %s: settle what is kept aside: %v", n.id, err)
			return
		}
		sometimes.hit("kept aside, settled by another member")
	}
	if len(tell) > 0 && len(n.disk.unsynced) > 0 || n.w.planted.Has(mistake.AsideUnmarked) {
		n.compared = nil // what is told must be durable
		return
	}
	for _, x := range tell {
		n.mark(x.Member, x.Mark)
	}
	n.readmit()
}

// readmit lets count what came from a member before this node knew that it takes part again.
func (n *node) readmit() {
	for _, x := range keyspace.Readmitted(n.known.book, 0, n.asides()) {
		done, err := n.core.Readmit(x.Mark.Origin)
		if err != nil {
			n.w.fail("I-33", "node %s: readmit what is kept aside: %v", n.id, err)
			return
		}
		if n.w.note("%s readmits %v up to %d: %d", n.id, x.Mark.Origin, x.Mark.Seq, done.Done); done.Done < x.Mark.Seq {
			n.compared = nil // what waits for others is merged later
		}
		sometimes.hit("kept aside, readmitted")
	}
}

// shut tells which origins of removed members have ended before anybody met them.
func (n *node) shut() {
	for _, x := range keyspace.Unsealed(n.known.book, 0, n.asides()) {
		sometimes.hit("origin of a removed member that nobody had met")
		_ = n.edit(func(book *registry.Registry) error { book.Shut(x.Member, 0, x.Mark.Origin); return nil })
	}
}

func (r *roll) marks() map[clock.Origin]clock.Seq {
	marks := map[clock.Origin]clock.Seq{}
	for _, m := range r.book.All() {
		for _, mark := range m.Settled {
			marks[mark.Origin] = mark.Seq
		}
	}
	return marks
}

// replaying registers the updates that a replay makes, one by one.
type replaying struct {
	n     *node
	next  clock.Dot // of the update that is issued next
	again *update   // what is being made
	cmds  []keyspace.Command
	at    clock.Seq // of this node before
}

// translate is called before each update that is issued again.
func (p *replaying) translate(u *crdt.Update) []keyspace.Command {
	p.flush()
	n := p.n
	p.cmds = watchStreams(watchSketches(watchBounded(watchLists(bare(command.Reissue(u))))))
	p.at = n.core.Head(n.core.Origin()).Seq
	p.again = &update{saw: n.core.Vector(), again: p.next, beyond: map[string]clock.VersionVector{}}
	for i := range u.Changes {
		p.again.beyond[bareKey(u.Changes[i].Key)], _ = n.core.VectorOf(u.Changes[i].Key)
	}
	p.next.Seq++
	return placed(p.cmds)
}

// flush registers what became of the last one.
func (p *replaying) flush() {
	n := p.n
	if p.again == nil || n.core.Head(n.core.Origin()).Seq == p.at {
		p.again = nil
		return
	}
	u := n.w.record(n, p.again.saw, opsOf(p.cmds))
	u.again, u.beyond = p.again.again, p.again.beyond
	n.open = append(n.open, u)
	for key := range u.ops {
		n.w.replayed[key] = true
	}
	n.w.noteForgotten(u)
	n.w.note("%s issues %v again as %v", n.id, u.again, u.dot)
	p.again = nil
}

// opsOf returns what commands mean to the rules.
func opsOf(cmds []keyspace.Command) map[string]crdttest.Op {
	ops := map[string]crdttest.Op{}
	for _, c := range cmds {
		op := crdttest.Op{}
		switch c := c.(type) {
		case listWrite:
			if op = *c.op; op.Kind == "" {
				continue
			}
		case streamWrite:
			if op = *c.op; op.Kind == "" {
				continue
			}
		case groupWrite:
			if op = *c.op; op.Kind == "" {
				continue
			}
		case sketchWrite:
			if op = *c.op; op.Kind == "" {
				continue
			}
		case boundedWrite:
			if op = *c.op; op.Kind == "" {
				continue
			}
		case command.Once:
			op = opsOf([]keyspace.Command{c.Do})[string(c.Keys()[0])]
			op.Once = "o" + op.Kind + string(c.ID)
		case command.Set:
			op.Kind, op.Value = "set", string(c.Value)
		case command.Delete:
			op.Kind = "del"
		case command.IncrFloat: // all that is added here is whole
			op.Kind = "incr"
			op.Delta, _ = c.Delta.Int64()
		case command.SAdd:
			op.Kind, op.Value = "sadd", string(c.Members[0])
		case command.SRem:
			op.Kind, op.Value = "srem", string(c.Members[0])
		default:
			if op = fieldOp(c); op.Kind == "" {
				op = scoreOp(c)
			}
		}
		ops[string(c.Keys()[0])] = op
	}
	return ops
}

// checkSeals: nothing above a seal is applied, at any node that knows of it. Removed members
// have what they wrote.
func (w *world) checkSeals(n *node) {
	if n.known == nil || n.out(false) {
		return
	}
	for o, end := range n.known.limits.Seals {
		if has := n.core.Vector().Get(o); has > end {
			w.fail("I-20", "node %v has applied %v up to %d, the seal is %d", n, o, has, end)
		}
	}
}

// keptAlike reports whether all that is kept aside is there, everywhere, or settled
// everywhere: what a removed member still holds beyond its seals has come to all.
func (w *world) keptAlike() bool { return w.missingAside() == "" }

func (w *world) missingAside() string {
	if !w.removes() {
		return ""
	}
	present, settled := w.present(), map[clock.Origin]clock.Seq{}
	for _, n := range present {
		for _, a := range n.asides() {
			if n.keeps(a) {
				settled[a.Origin] = max(settled[a.Origin], a.Done)
			}
		}
	}
	for _, n := range present {
		for _, a := range n.asides() {
			if a.Records > 0 && a.Done < settled[a.Origin] {
				return fmt.Sprintf("%s keeps %v aside after %d, it is settled up to %d", n.id, a.Origin, a.Done, settled[a.Origin])
			}
		}
		if text := w.tailMissing(n); text != "" {
			return text
		}
	}
	return ""
}

// tailMissing says what a node lacks of that which removed members still hold.
func (w *world) tailMissing(n *node) string {
	last, marks := map[clock.Origin]clock.Seq{}, n.known.marks()
	for _, a := range n.asides() {
		last[a.Origin] = a.Last
	}
	for _, m := range n.known.book.All() {
		p := w.node(identityOf(m.Name)[0])
		if m.State != registry.Removed || p == nil || !p.up || w.cut(n, p) || w.cut(p, n) {
			continue
		}
		for _, o := range p.owned(0) {
			end, _ := n.core.Counts(o)
			has := p.disk.durable.heads[o].Seq
			if has <= end || max(last[o], marks[o]) >= has {
				continue
			}
			if p.disk.durable.start[o] > end+1 { // on each stream it sends all beyond the seal again, or nothing
				sometimes.hit("late updates whose op log was discarded")
				continue
			}
			return fmt.Sprintf("%s keeps %v up to %d of %d", n.id, o, last[o], has)
		}
		if text := w.lostElsewhere(n, p, last); text != "" {
			return text
		}
	}
	return ""
}

// lostElsewhere says what a node lacks of members that take part, and a removed one still holds: older disks were put in
// place of theirs.
func (w *world) lostElsewhere(n, removed *node, aside map[clock.Origin]clock.Seq) string {
	for _, h := range removed.disk.durable.sortedHeads() {
		_, bounded := n.core.Counts(h.Origin)
		has := max(n.core.Vector().Get(h.Origin), aside[h.Origin])
		if bounded || h.Seq <= has || n.stateOf(w.writers[h.Origin]) == registry.Removed || removed.disk.durable.start[h.Origin] > has+1 {
			continue
		}
		sometimes.hit("what only a removed member holds")
		return fmt.Sprintf("%s lacks %v after %d of %d that %s holds", n.id, h.Origin, has, h.Seq, removed.id)
	}
	return ""
}

// markLate marks the updates that do not count, and judges what became of them.
func (w *world) markLate() {
	if !w.removes() {
		return
	}
	present, issued := w.present(), map[clock.Dot]*update{}
	for _, u := range w.updates {
		for _, n := range present {
			if end, bounded := n.core.Counts(u.dot.Origin); bounded && u.dot.Seq > end {
				u.late = true
				sometimes.hit("late update")
			}
		}
		if w.stranded(u, present) {
			u.late = true
			sometimes.hit("late update that lies with a removed member only")
		}
		for _, n := range present {
			if u.late && n.core.Vector().Covers(u.dot) {
				w.fail("I-20", "%v does not count, and %v has applied it", u.dot, n)
			}
		}
		if u.again == (clock.Dot{}) || !present[0].core.Vector().Covers(u.dot) {
			continue
		}
		if before := issued[u.again]; before != nil {
			w.fail("I-20", "%v was issued again twice: as %v and as %v", u.again, before.dot, u.dot)
		}
		issued[u.again] = u
	}
}

// stranded tells that a member wrote an update after it was removed, or too late to be heard, and
// that its op log no longer has it, or one before it: it lies in its own data directory.
func (w *world) stranded(u *update, present []*node) bool {
	if slices.Contains(present, u.node) {
		return false
	}
	var best, counts clock.Seq
	for _, n := range present {
		counts = max(counts, n.core.Vector().Get(u.dot.Origin))
		for _, a := range n.asides() {
			if a.Origin == u.dot.Origin {
				best = max(best, a.Last)
			}
		}
	}
	return u.dot.Seq > max(best, counts) && u.node.disk.durable.start[u.dot.Origin] > counts+1
}
