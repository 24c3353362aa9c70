package replication

import (
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// PeerLook is what this node knows of a live peer and one shard, to judge whether it
// could help out with state.
type PeerLook struct {
	Identity
	// Dial is the address under which the peer was reached.
	Dial string
	RTT  time.Duration
	// Heads are the peer's durable heads, ascending by origin.
	Heads []PeerHead
	// Missing is where the peer's log starts, for the origins of which it no longer holds
	// what this node lacks.
	Missing map[clock.Origin]clock.Seq
}

// MayHold tells whether the peer may hold all of v. It does not name origins that it has
// retired, so one that it does not name speaks for nothing: its state will tell.
func (p PeerLook) MayHold(v clock.VersionVector) bool {
	return !slices.ContainsFunc(p.Heads, func(h PeerHead) bool { return h.Seq < v.Get(h.Origin) })
}

// Look returns the live peers that have told what they hold, ascending by node, and how
// many peers there are in all.
func (r *Replicator) Look(id store.ShardID) (live []PeerLook, known int) {
	r.mu.Lock()
	sessions := make([]*sinkSession, 0, len(r.sinks))
	for _, s := range r.sinks {
		sessions = append(sessions, s)
	}
	for _, p := range r.peers {
		if !p.duplicate {
			known++
		}
	}
	r.mu.Unlock()
	now := r.now().Elapsed
	for _, s := range sessions {
		s.mu.Lock()
		if now-s.sink.Heard() <= LiveFor && s.sink.Told(id) {
			live = append(live, PeerLook{
				Identity: s.sink.Peer(), Dial: s.address, RTT: s.sink.RTT(),
				Heads: s.sink.Heads(id), Missing: s.sink.missingOf(id),
			})
		}
		s.mu.Unlock()
	}
	slices.SortFunc(live, func(a, b PeerLook) int { return strings.Compare(a.Node, b.Node) })
	return live, known
}
