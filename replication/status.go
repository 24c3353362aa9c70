package replication

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// PeerStatus is how one peer is doing.
type PeerStatus struct {
	Node, Region, Address string
	State                 State
	LastError             string
	RTT                   time.Duration
	// Skew is how far the peer's wall clock is ahead of this node's, give or take SkewError.
	Skew, SkewError time.Duration
	// BehindUpdates is how many updates the peer was known to have and this node lacks;
	// Behind is how old that knowledge gap is. Lower bounds when Live is false.
	BehindUpdates uint64
	Behind        time.Duration
	// AheadUpdates is how many updates this node has and the peer has not acknowledged.
	AheadUpdates uint64
	// Live tells that the peer was heard within LiveFor.
	Live bool
	// HeardAgo is the time since the last message, or negative when there was none.
	HeardAgo time.Duration
	// Connected is the age of the stream, or 0.
	Connected                                      time.Duration
	FramesReceived, BytesReceived, FramesDuplicate uint64
	// Missing counts how often the peer told that its log no longer holds what was due:
	// only a state transfer helps then.
	Missing uint64
}

// Status returns all peers, ascending by node, then address. A second address of a
// node that is connected already is left out.
func (r *Replicator) Status() []PeerStatus {
	r.mu.Lock()
	peers := make([]*peer, 0, len(r.peers))
	for _, p := range r.peers {
		if !p.duplicate {
			peers = append(peers, p)
		}
	}
	r.mu.Unlock()
	out := make([]PeerStatus, 0, len(peers))
	for _, p := range peers {
		out = append(out, p.status())
	}
	slices.SortFunc(out, func(a, b PeerStatus) int {
		if c := strings.Compare(a.Node, b.Node); c != 0 {
			return c
		}
		return strings.Compare(a.Address, b.Address)
	})
	return out
}

func (p *peer) status() PeerStatus {
	now := p.r.now()
	p.r.mu.Lock()
	a := p.peer.Address
	st := PeerStatus{
		Node: p.r.nodeAt(a), Region: cmpOr(p.r.regions[a], p.peer.Region), Address: a, State: p.state, HeardAgo: -1,
	}
	if p.lastErr != nil && !errors.Is(p.lastErr, ErrCut) {
		st.LastError = p.lastErr.Error()
	}
	if p.state == StateConnected {
		st.Connected = now.Elapsed - p.connected
	}
	session, removed := p.session, p.peer.Removed
	acked := make(map[store.ShardID]clock.VersionVector)
	for id, v := range p.r.acked[st.Node] {
		acked[id] = v
	}
	p.r.mu.Unlock()
	for _, id := range p.r.cfg.Shards {
		mine := holds(p.r.cfg.Log, id)
		v := acked[id].Carry(mine.Retired())
		st.AheadUpdates += v.Missing(mine)
	}
	if session != nil {
		session.fill(&st, now)
	}
	if removed {
		st.State, st.AheadUpdates, st.BehindUpdates, st.Behind = StateRemoved, 0, 0, 0 // neither counts
	}
	return st
}

// fill adds what the sink knows.
func (s *sinkSession) fill(st *PeerStatus, now Now) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sink.Counts()
	st.RTT = s.sink.RTT()
	st.Skew, st.SkewError = s.sink.Skew()
	st.HeardAgo = now.Elapsed - s.sink.Heard()
	st.Live = st.State == StateConnected && st.HeardAgo <= LiveFor
	st.FramesReceived, st.BytesReceived, st.FramesDuplicate, st.Missing = c.Frames, c.Bytes, c.Duplicates, c.Missing
	for _, id := range s.r.cfg.Shards {
		heads, _ := s.r.cfg.Log.Heads(id)
		ended, _ := s.r.cfg.Log.Ended(id)
		updates, behind := lag(slices.Concat(heads, ended), s.sink.Heads(id), now.WallMillis)
		st.BehindUpdates += updates
		st.Behind = max(st.Behind, behind)
	}
}

// lag returns how many updates of a peer are missing, and for how long at least: the
// age of the newest of them, or what lies between it and the newest one that is here.
func lag(local []store.Head, peer []PeerHead, wallMillis int64) (updates uint64, behind time.Duration) {
	have := make(map[clock.Origin]store.Head, len(local))
	for _, h := range local {
		have[h.Origin] = h
	}
	for _, h := range peer {
		mine := have[h.Origin]
		if h.Seq <= mine.Seq {
			continue
		}
		updates += uint64(h.Seq - mine.Seq)
		millis := max(wallMillis-h.Time.WallMillis(), 0)
		if mine.Seq > 0 {
			millis = max(millis, h.Time.WallMillis()-mine.Time.WallMillis())
		}
		behind = max(behind, time.Duration(millis)*time.Millisecond)
	}
	return updates, behind
}
