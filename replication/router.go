package replication

import (
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

const (
	// RelayAfter is how long an origin may stand still, while some live peer is ahead,
	// before it is asked for at another node than its own.
	RelayAfter = time.Second
	// RelayIdle is how long a relay is kept that has nothing to relay.
	RelayIdle = 10 * time.Second
	// LiveFor is how long after its last message a peer counts as live.
	LiveFor = time.Second
)

// PeerView is what a Router is told about one peer and one shard. [Sink] implements it.
type PeerView interface {
	// Peer names the peer.
	Peer() Identity
	// Heads returns the peer's durable heads, ascending by origin.
	Heads(store.ShardID) []PeerHead
	// Arrived returns the last record of an origin that came from the peer, and when.
	Arrived(store.ShardID, clock.Origin) (clock.Seq, time.Duration)
	// Missing returns where the peer's log starts if it lacks what is due, else 0.
	Missing(store.ShardID, clock.Origin) clock.Seq
	// RTT returns the round-trip time, or 0 when unknown.
	RTT() time.Duration
}

// Router decides, for one shard of one node, which origins are wanted from which peer.
// It is not safe for concurrent use.
//
// The rules: a node that is live serves its own origins. An origin that a live peer has
// ahead of this node, and that stood still here for RelayAfter, is asked for at the
// live peer with the least lag that holds it; at the next one when that does not help.
// It is no longer asked for when its own node delivers again.
type Router struct {
	// Limit tells up to which record an origin is wanted at all, if there is a limit; nil
	// limits nothing.
	Limit func(clock.Origin) (clock.Seq, bool)

	shard   store.ShardID
	origins map[clock.Origin]*route
}

// route is the state of one origin.
type route struct {
	seq    clock.Seq     // local head at the last look
	still  time.Duration // since when it stands still although a peer is ahead
	needed time.Duration // when a peer was ahead last
	at     string        // node it is wanted from, or ""
	since  time.Duration // when at was chosen
	tried  []string      // nodes tried since the last progress
}

// holder is one live peer that has an origin.
type holder struct {
	view PeerView
	head PeerHead
}

// NewRouter returns a router that wants nothing.
func NewRouter(shard store.ShardID) *Router {
	return &Router{shard: shard, origins: make(map[clock.Origin]*route)}
}

// Tick looks at the live peers and returns the want set of each of them, by node;
// a peer that is not in the result is asked for nothing beside its own. have is what this
// node holds durably. Its own origins are no exception: a node restored from an old copy
// gets its lost tail back from the others.
func (r *Router) Tick(now time.Duration, have clock.VersionVector, live []PeerView) map[string][]WantOrigin {
	holders := make(map[clock.Origin][]holder)
	for _, v := range live {
		for _, h := range v.Heads(r.shard) {
			if h = r.limited(h); h.Seq > 0 {
				holders[h.Origin] = append(holders[h.Origin], holder{v, h})
			}
		}
	}
	r.forget(holders)
	wants := make(map[string][]WantOrigin)
	for _, o := range sortedOrigins(holders) {
		rt := r.origins[o]
		if rt == nil {
			rt = &route{still: now, seq: have.Get(o)}
			r.origins[o] = rt
		}
		rt.decide(now, r.shard, have.Get(o), holders[o])
		if rt.at != "" {
			wants[rt.at] = append(wants[rt.at], WantOrigin{o, have.Get(o)})
		}
	}
	return wants
}

// limited returns the head as far as it counts.
func (r *Router) limited(h PeerHead) PeerHead {
	if r.Limit == nil {
		return h
	}
	if end, ok := r.Limit(h.Origin); ok {
		h.Seq = min(h.Seq, end)
	}
	return h
}

// forget drops the origins that no live peer holds.
func (r *Router) forget(holders map[clock.Origin][]holder) {
	for o := range r.origins {
		if len(holders[o]) == 0 {
			delete(r.origins, o)
		}
	}
}

func sortedOrigins(m map[clock.Origin][]holder) []clock.Origin {
	os := make([]clock.Origin, 0, len(m))
	for o := range m {
		os = append(os, o)
	}
	clock.SortOrigins(os)
	return os
}

// decide updates the route of one origin.
func (rt *route) decide(now time.Duration, shard store.ShardID, have clock.Seq, holders []holder) {
	ahead := slices.ContainsFunc(holders, func(h holder) bool { return h.head.Seq > have })
	if ahead {
		rt.needed = now
	}
	if !ahead || have != rt.seq {
		rt.seq, rt.still, rt.tried = have, now, nil
	}
	relayed := rt.at != ""
	if relayed && !slices.ContainsFunc(holders, func(h holder) bool { return h.view.Peer().Node == rt.at }) {
		rt.at = "" // the relay is gone; there is no reason to wait again
	}
	if direct(now, shard, have, ahead, holders) || !ahead && now-rt.needed >= RelayIdle {
		rt.at = ""
		return
	}
	switch {
	case !ahead:
		return
	case rt.at != "":
		if stuck := now-max(rt.still, rt.since) >= RelayAfter && !rt.arrives(shard, have, holders); !stuck {
			return
		}
	case !relayed && now-rt.still < RelayAfter:
		return
	}
	rt.choose(now, shard, have, holders)
}

// direct reports whether the origin's own node is live and delivers, so that nobody
// else is to be asked. A node whose disk was replaced by an older copy lacks records of
// its own that others hold: it cannot deliver those.
func direct(now time.Duration, shard store.ShardID, have clock.Seq, ahead bool, holders []holder) bool {
	for _, h := range holders {
		if !h.head.Own {
			continue
		}
		o := h.head.Origin
		if h.view.Missing(shard, o) > have+1 {
			return false
		}
		seq, at := h.view.Arrived(shard, o)
		// Records that arrived and are not durable yet wait here; nobody else would help.
		if h.head.Seq <= have && !ahead || seq > have || seq > 0 && now-at < RelayAfter {
			return true
		}
	}
	return false
}

// arrives reports whether the relay has delivered what waits here.
func (rt *route) arrives(shard store.ShardID, have clock.Seq, holders []holder) bool {
	for _, h := range holders {
		if h.view.Peer().Node == rt.at {
			seq, _ := h.view.Arrived(shard, h.head.Origin)
			return seq > have
		}
	}
	return false
}

// choose picks the holder with the least lag that was not tried since the last
// progress; when all were, it starts over.
func (rt *route) choose(now time.Duration, shard store.ShardID, have clock.Seq, holders []holder) {
	if rt.at != "" {
		rt.tried = append(rt.tried, rt.at)
	}
	able := func(h holder) bool {
		return h.head.Seq > have && !h.head.Own && h.view.Missing(shard, h.head.Origin) <= have+1
	}
	fresh := func(h holder) bool { return able(h) && !slices.Contains(rt.tried, h.view.Peer().Node) }
	best := bestHolder(holders, fresh)
	if best == "" {
		rt.tried = nil
		best = bestHolder(holders, able)
	}
	rt.at, rt.since = best, now
}

// bestHolder returns the node with the least lag among the holders that pass. Lag is
// half a round trip plus how much older than the best its head is; ties by node id.
func bestHolder(holders []holder, pass func(holder) bool) string {
	var newest clock.Timestamp
	for _, h := range holders {
		newest = max(newest, h.head.Time)
	}
	lag := func(h holder) time.Duration {
		return h.view.RTT()/2 + time.Duration(newest.WallMillis()-h.head.Time.WallMillis())*time.Millisecond
	}
	var best *holder
	for i, h := range holders {
		if !pass(h) {
			continue
		}
		if best == nil || lag(h) < lag(*best) ||
			lag(h) == lag(*best) && strings.Compare(h.view.Peer().Node, best.view.Peer().Node) < 0 {
			best = &holders[i]
		}
	}
	if best == nil {
		return ""
	}
	return best.view.Peer().Node
}
