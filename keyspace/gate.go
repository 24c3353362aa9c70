package keyspace

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store/oplog"
)

// wait says why a frame cannot be applied yet.
type wait int

const (
	// waitGap: an earlier frame of the origin is missing.
	waitGap wait = iota + 1
	// waitContext: updates that the writer had seen are missing.
	waitContext
	// waitState: what the writer had seen of a key by state, in the middle of a transfer, is missing.
	waitState
	// waitClock: the stamp is too far in the future. The frame is parked, not dropped.
	waitClock
	// waitVersion: a newer version of the program wrote the record.
	waitVersion
	// waitHeld: the writer's node is being removed, and how far it counts is not decided.
	waitHeld
	// waitSealed: the record does not count. It is kept aside at once.
	waitSealed
	// waitDamage: cells that the record changes are damaged here, and not healed yet.
	waitDamage
	// waitEnd: the record ends an origin that has gone on here. Only an operator can help.
	waitEnd
	// waitFence: the writer had not seen the end of an origin; see held.
	waitFence
)

// gate holds frames that arrived early, by origin in the order of their sequence. It is
// bounded by the credit that senders get: a frame's credit returns when it is settled.
type gate struct {
	queues map[clock.Origin][]*waiting
	needed clock.VersionVector // by the last record that had to wait for its context
	beyond clock.VersionVector // that its writer had of a key and this shard has not
}

type waiting struct {
	frame   *oplog.Frame
	wait    wait
	settled func(error)
	needs   clock.VersionVector // with waitContext and waitState: the context of its first record
	beyond  clock.VersionVector // with waitState: what is missing

	looked bool // for the declaration in frame
	who    crdt.Declaration
}

// add queues a frame. If a queued one ends alike, the new one takes over its place, and
// the older sender gets its credit back: each waiting frame is charged to the stream
// that sent it last, so streams that break and begin anew cannot pile frames up.
// Frames with other hashes are other histories: both wait for the judgement.
func (g *gate) add(f *oplog.Frame, settled func(error)) {
	if g.queues == nil {
		g.queues = map[clock.Origin][]*waiting{}
	}
	q := g.queues[f.Origin]
	same := func(w *waiting) bool { return w.frame.Last() == f.Last() && w.frame.Hash == f.Hash }
	if i := slices.IndexFunc(q, same); i >= 0 {
		older := q[i]
		if older.frame.First < f.First {
			f = older.frame
		}
		q = slices.Delete(q, i, i+1)
		defer older.settled(nil)
	}
	i, _ := slices.BinarySearchFunc(q, f, func(w *waiting, f *oplog.Frame) int {
		if w.frame.First <= f.First {
			return -1
		}
		return 1
	})
	g.queues[f.Origin] = slices.Insert(q, i, &waiting{frame: f, settled: settled})
}

// origins returns the origins with waiting frames, ascending.
func (g *gate) origins() []clock.Origin { return slices.Sorted(maps.Keys(g.queues)) }

// first returns the frame of o that comes next, or nil.
func (g *gate) first(o clock.Origin) *waiting {
	if q := g.queues[o]; len(q) > 0 {
		return q[0]
	}
	return nil
}

// pop settles the first frame of o: it is applied.
func (g *gate) pop(o clock.Origin) { g.drop(o, nil) }

// drop settles the first frame of o with err.
func (g *gate) drop(o clock.Origin, err error) {
	q := g.queues[o]
	w := q[0]
	if len(q) == 1 {
		delete(g.queues, o)
	} else {
		q[0] = nil // what was settled is not kept
		g.queues[o] = q[1:]
	}
	w.settled(err)
}

// close settles everything that waits with err.
func (g *gate) close(err error) {
	for _, o := range g.origins() {
		for g.first(o) != nil {
			g.drop(o, err)
		}
	}
}

func (g *gate) summary(hlc *clock.HLC) Waiting {
	var s Waiting
	for o, q := range g.queues {
		bytes := 0
		for _, w := range q {
			bytes += w.frame.EncodedSize()
			switch w.wait {
			case waitVersion:
				s.Unknown++
			case waitHeld:
				s.Held++
			case waitDamage:
				s.Damaged++
			}
		}
		s.Frames += len(q)
		s.Bytes += bytes
		switch q[0].wait {
		case waitState:
			s.ByState = append(s.ByState, ByState{Dot: clock.Dot{Origin: o, Seq: q[0].frame.First}, Lacks: q[0].beyond})
		case waitClock:
			s.park(o, q, bytes, hlc)
		case waitHeld:
			s.HeldBy = append(s.HeldBy, describe(o, q, bytes, hlc))
		}
	}
	slices.SortFunc(s.ByState, func(a, b ByState) int { return cmp.Compare(a.Dot.Origin, b.Dot.Origin) })
	for _, list := range [...][]Parked{s.ParkedBy, s.HeldBy} {
		slices.SortFunc(list, func(a, b Parked) int { return cmp.Compare(a.Origin, b.Origin) })
	}
	return s
}

// ahead returns how far the first record of a frame lies ahead of the clock.
func ahead(f *oplog.Frame, hlc *clock.HLC) time.Duration {
	t, err := f.FirstTime()
	if err != nil {
		return 0
	}
	return hlc.Ahead(t)
}
