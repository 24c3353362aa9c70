package sim

import (
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// act does one step. A step that makes no sense any more, because a node is down or was
// left out of the run, does nothing.
func (w *world) act(st step) {
	n, p := w.meant(st), w.node(st.peer)
	if n == nil || st.peer != 0 && (p == nil || p == n) {
		return
	}
	switch st.do {
	case doWrite, doCrash:
		if n.up {
			w.write(n, st)
		}
	case doCut, doCutOne:
		w.note("%v", st)
		w.cuts[[2]*node{n, p}] = true
		w.cuts[[2]*node{p, n}] = w.cuts[[2]*node{p, n}] || st.do == doCut
	case doHeal:
		clear(w.cuts)
		w.note("heal")
	case doForge, doTamper, doSkip:
		if s := n.pulls[p.id]; n.up && s != nil && s.sink.Welcomed() {
			w.lie(s, st.do)
		}
	case doRemove, doForce:
		w.remove(n, p, st)
	case doAdd:
		w.add(n, p, st.by != 0)
	default:
		w.operate(n, st)
	}
}

// operate does a step that concerns one node.
func (w *world) operate(n *node, st step) {
	switch st.do {
	case doRestart:
		w.restart(n, n.offset)
	case doPower:
		w.power(n)
	case doClock:
		n.offset = st.by
		w.note("clock of %s: %v", n.id, n.offset)
	case doFuture:
		w.restart(n, st.by)
	case doTruncate:
		if n.up {
			n.truncate()
			w.note("truncate %s", n.id)
		}
	case doDiscard:
		if n.up {
			n.discard()
		}
	case doCopy:
		if n.up {
			w.copyDisk(n)
		}
	case doRestore:
		if n.up && w.copies[n] != nil && w.accidents[doClone] == 0 && w.mayRestore(n) {
			w.restore(n, st.by)
		}
	case doClone:
		w.clone(n)
	case doIsolate:
		w.isolate(n)
	case doFlip:
		n.flip()
	case doFlipLog:
		n.flipLog()
	case doReplay, doDrop:
		n.salvage(st.do == doDrop)
	default:
		w.spoil(n.disk, st)
	}
}

// power crashes a node, or starts it again.
func (w *world) power(n *node) {
	if !n.up {
		n.start()
		w.note("start %v", n)
		return
	}
	n.crash("loss of power")
}

// restart crashes a node and starts it with its clock wrong by as much.
func (w *world) restart(n *node, offset time.Duration) {
	if n.up {
		n.crash("restart")
	}
	n.offset = offset
	n.start()
	w.note("start %v with its clock off by %v", n, offset)
}

// copied is a copy of a disk, as a backup of the data directory has it.
type copied struct{ image *image }

func (w *world) copyDisk(n *node) {
	w.copies[n] = &copied{n.disk.durable.clone()}
	w.note("copy disk of %s", n.id)
}

// restore puts an earlier copy in the place of a disk, and sets the clock back.
func (w *world) restore(n *node, back time.Duration) {
	n.crash("restore")
	w.loseTail(n)
	n.rollBack(w.copies[n].image)
	if n.offset += back; back != 0 {
		sometimes.hit("older disk restored and clock set back")
	}
	if n.stateOf(n.identity) == registry.Removed {
		sometimes.hit("removed member restored")
	}
	n.start()
	w.accidents[doRestore]++
	sometimes.hit("older disk restored")
	w.note("restore disk of %v, clock moved by %v", n, back)
}

// spoil makes a disk misbehave, or good again.
func (w *world) spoil(d *disk, st step) {
	w.note("%v", st)
	switch st.do {
	case doSyncFail:
		d.failing = true
	case doFull:
		d.full = true
	case doSpace:
		d.full = false
	case doSlowDisk:
		d.slow = st.by
	}
}

// lie makes a stream deliver a frame that its source never sent: of an origin that
// neither end has to do with, a true one with other content, or one out of turn.
func (w *world) lie(s *stream, how verb) {
	b := oplog.NewBuilder(0, clock.Origin(w.roll(forTamper, s.number()).next()|1))
	b.Add(clock.MakeTimestamp((epoch+w.now).Milliseconds(), 0), clock.VersionVector{}, []byte{1, 0, 0})
	frame := b.Frame().Append(nil)
	if how != doForge {
		if frame = w.twisted(s, how); frame == nil {
			return
		}
	}
	s.lie, s.lied = how, true
	w.note("%s %s<-%s", how, s.to.id, s.from.id)
	s.arrive(s.to, &replication.Frames{Shard: store.ShardID(0), Frames: [][]byte{frame}})
	s.lie = ""
}

// twisted returns a frame of the source's own that the sink lacks: the next one with
// another stamp, or one that leaves a gap.
func (w *world) twisted(s *stream, how verb) []byte {
	for _, o := range s.from.owned(0) {
		have := s.to.core.Head(o).Seq
		for _, f := range s.from.disk.durable.frames[o] {
			switch {
			case how == doTamper && f.first == have+1:
				return tamper(f.bytes)
			case how == doSkip && f.first > have+1:
				sometimes.hit("frame out of turn")
				return f.bytes
			}
		}
	}
	return nil
}

// lift ends all faults: cuts but for those outside the core, bad disks, crashes, and
// what breaks messages. Skewed clocks and a slow node stay; clocks that are wrong by more
// than their nodes may differ are repaired, and those nodes started again.
func (w *world) lift() {
	w.stopClones()
	clear(w.cuts)
	w.cond.loss = 0
	if w.cond.core && !w.removes() { // the links of removed members lead nowhere
		w.keepCore()
	}
	for _, n := range w.nodes {
		n.disk.failing, n.disk.full, n.disk.slow = false, false, 0
		if n.up && n.wrong() {
			n.offset = 0
			n.crash("its clock is repaired")
		}
		if !n.up {
			n.offset = min(max(n.offset, -maxOffset/2), maxOffset/2)
			n.start()
		}
		// Streams that messages were lost from would only be found silent: save the time.
		for _, s := range n.streams() {
			if s.toSink == never || s.toSource == never {
				s.reset("healed")
			}
		}
	}
}

// wrong reports whether the node's time is off by more than clocks may be. A wall clock
// that was repaired is followed only by slewing: a restart takes it over at once.
func (n *node) wrong() bool {
	millis, _ := n.hlc.Physical()
	physical := time.Duration(millis)*time.Millisecond - epoch - n.w.now
	return max(n.offset.Abs(), physical.Abs()) > maxOffset/2
}

// keepCore cuts all links outside a tree: everything must reach everybody by relays.
func (w *world) keepCore() {
	for i, n := range w.nodes {
		parent := -1
		if i > 0 {
			parent = diceOf(w.seed, 3, uint64(n.number)).n(i)
		}
		for j, p := range w.nodes[:i] {
			if j != parent {
				w.cuts[[2]*node{n, p}], w.cuts[[2]*node{p, n}] = true, true
				sometimes.hit("only a core of links healed")
			}
		}
	}
}
