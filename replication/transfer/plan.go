package transfer

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const (
	// StillFor is how long an origin may stand still, although a peer has told that its
	// log lacks what is due, before state is asked for: a relay may help first. When no
	// live peer's log can help there is nothing to wait for.
	StillFor = 2 * time.Second
	// MeetFor is how long a new node that has met an empty peer waits for the others: one
	// of them may hold data.
	MeetFor = 500 * time.Millisecond
	// BackoffMin and BackoffMax bound how long a donor that failed is left alone; the
	// pause doubles. AlarmBackoff is the pause after one whose state must not be merged.
	BackoffMin   = 500 * time.Millisecond
	BackoffMax   = 30 * time.Second
	AlarmBackoff = time.Minute

	// nearlyAll is the part of the updates known that a donor must hold to be preferred
	// for being near.
	nearlyAll = 0.99
)

// View is what a Plan looks at.
type View struct {
	Now time.Duration
	// Loading tells that the node is new and waits for state.
	Loading bool
	// Position is how far a transfer has come.
	Position Position
	// Local are this node's durable heads.
	Local []store.Head
	// Waits are records that came, and wait for what their writers had seen by state.
	Waits []Wait
	// Live are the live peers that have told what they hold; Known counts all peers.
	Live  []replication.PeerLook
	Known int
}

// Wait is a record whose writer was in the middle of a transfer: it had seen of some key what this node
// lacks. Mostly that comes by log. When its writer has lost it, by an older copy of a disk, only those that
// took over the same state have it, and only the state of somebody who has applied the record helps.
type Wait struct {
	Dot   clock.Dot
	Lacks clock.VersionVector
}

// Decision is what a Plan decides: at most one of the three.
type Decision struct {
	// Serve tells that a new node has nothing to wait for.
	Serve bool
	// Finish tells that all cells are merged: only the End is left.
	Finish bool
	// Fetch names the peer to fetch state from.
	Fetch *replication.PeerLook
}

// Plan decides, for one shard of one node, when state is needed and from whom. It is not
// safe for concurrent use.
type Plan struct {
	blocked map[clock.Origin]blockage
	avoid   map[string]pause // by node
	met     time.Duration    // when an empty peer was met first
	empty   bool             // one was
}

// blockage is an origin that stands still since a peer's log lacks what is due, or nobody's has what the next
// record waits for.
type blockage struct {
	seq   clock.Seq
	since time.Duration
}

// pause is how long a donor is left alone.
type pause struct {
	until, last time.Duration
}

// NewPlan returns a plan that has seen nothing.
func NewPlan() *Plan {
	return &Plan{blocked: make(map[clock.Origin]blockage), avoid: make(map[string]pause)}
}

// Tick looks at the node and its live peers and says what to do now.
func (p *Plan) Tick(v View) Decision {
	have := vectorOf(v.Local)
	hopeless := p.observe(v, have)
	switch {
	case v.Position.Active && v.Position.Done >= 1:
		return Decision{Finish: true}
	case v.Position.Active:
		return p.fetch(v, func(l *replication.PeerLook) bool { return len(l.Heads) > 0 })
	case v.Loading && slices.ContainsFunc(v.Live, func(l replication.PeerLook) bool { return len(l.Heads) > 0 }):
		return p.fetch(v, func(l *replication.PeerLook) bool { return len(l.Heads) > 0 })
	case v.Loading:
		return Decision{Serve: p.nobody(v)}
	case hopeless:
		return p.fetch(v, p.helps)
	}
	return Decision{}
}

// nobody reports whether a new node may serve: it has no peers, or met an empty one and
// gave the others a moment.
func (p *Plan) nobody(v View) bool {
	if v.Known == 0 || len(v.Live) == v.Known {
		return true
	}
	if len(v.Live) > 0 && !p.empty {
		p.empty, p.met = true, v.Now
	}
	return p.empty && v.Now-p.met >= MeetFor
}

// observe keeps the blockages and reports whether state is needed.
func (p *Plan) observe(v View, have clock.VersionVector) (hopeless bool) {
	seen := make(map[clock.Origin]bool)
	for i := range v.Live {
		for _, h := range v.Live[i].Heads {
			start := v.Live[i].Missing[h.Origin]
			if h.Seq > have.Get(h.Origin) && start > have.Get(h.Origin)+1 {
				p.block(h.Origin, have.Get(h.Origin), v.Now)
				seen[h.Origin] = true
			}
		}
	}
	for _, w := range v.Waits {
		if w.Dot.Seq == have.Get(w.Dot.Origin)+1 && w.hopeless(v.Live, have) {
			p.block(w.Dot.Origin, have.Get(w.Dot.Origin), v.Now)
			seen[w.Dot.Origin] = true
		}
	}
	for _, o := range sortedKeys(p.blocked) {
		if !seen[o] {
			delete(p.blocked, o)
			continue
		}
		if v.Now-p.blocked[o].since >= StillFor || nobodysLog(v.Live, o, have.Get(o)) {
			hopeless = true
		}
	}
	return hopeless
}

// block notes that an origin stands still at seq.
func (p *Plan) block(o clock.Origin, seq clock.Seq, now time.Duration) {
	if b, known := p.blocked[o]; !known || b.seq != seq {
		p.blocked[o] = blockage{seq: seq, since: now}
	}
}

// hopeless reports whether no live peer has what a record waits for, though one has applied the record.
func (w Wait) hopeless(live []replication.PeerLook, have clock.VersionVector) bool {
	applied := false
	for _, l := range live {
		for _, h := range l.Heads {
			have.Advance(h.Origin, h.Seq)
			applied = applied || h.Origin == w.Dot.Origin && h.Seq >= w.Dot.Seq
		}
	}
	return applied && !w.Lacks.LessEq(have)
}

// nobodysLog reports whether every live peer that is ahead in an origin has told that its
// log cannot help.
func nobodysLog(live []replication.PeerLook, o clock.Origin, have clock.Seq) bool {
	for _, l := range live {
		for _, h := range l.Heads {
			if h.Origin == o && h.Seq > have && l.Missing[o] <= have+1 {
				return false
			}
		}
	}
	return true
}

// helps reports whether a peer's state would move a blocked origin.
func (p *Plan) helps(l *replication.PeerLook) bool {
	return slices.ContainsFunc(l.Heads, func(h replication.PeerHead) bool {
		b, blocked := p.blocked[h.Origin]
		return blocked && h.Seq > b.seq
	})
}

// fetch picks the donor: of those that pass and did not just fail, one that holds nearly
// everything, and of these the nearest; ties by node.
func (p *Plan) fetch(v View, pass func(*replication.PeerLook) bool) Decision {
	var able []*replication.PeerLook
	var most uint64
	for i := range v.Live {
		l := &v.Live[i]
		if avoided, ok := p.avoid[l.Node]; pass(l) && (!ok || v.Now >= avoided.until) {
			able = append(able, l)
			most = max(most, total(l.Heads))
		}
	}
	able = slices.DeleteFunc(able, func(l *replication.PeerLook) bool {
		return float64(total(l.Heads)) < nearlyAll*float64(most)
	})
	if len(able) == 0 {
		return Decision{}
	}
	return Decision{Fetch: slices.MinFunc(able, func(a, b *replication.PeerLook) int {
		if c := cmp.Compare(a.RTT, b.RTT); c != 0 {
			return c
		}
		return strings.Compare(a.Node, b.Node)
	})}
}

func total(heads []replication.PeerHead) (n uint64) {
	for _, h := range heads {
		n += uint64(h.Seq)
	}
	return n
}

// Ended tells how a transfer from a node ended; nil is well.
func (p *Plan) Ended(now time.Duration, node string, err error) {
	if err == nil {
		delete(p.avoid, node)
		return
	}
	last := min(max(2*p.avoid[node].last, BackoffMin), BackoffMax)
	if alarming(err) {
		last = AlarmBackoff
	}
	p.avoid[node] = pause{until: now + last, last: last}
}

// alarming reports whether a donor's state must not be merged, so that somebody has to
// look at it.
func alarming(err error) bool {
	return errors.Is(err, replication.ErrDiverged) || errors.Is(err, replication.ErrMalformed) || errors.Is(err, ErrFuture)
}

func sortedKeys(m map[clock.Origin]blockage) []clock.Origin {
	os := make([]clock.Origin, 0, len(m))
	for o := range m {
		os = append(os, o)
	}
	clock.SortOrigins(os)
	return os
}
