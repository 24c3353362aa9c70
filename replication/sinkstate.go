package replication

import (
	"maps"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// Peer returns who the peer said it is; its Node is empty before the Welcome.
func (s *Sink) Peer() Identity { return s.peer }

// Welcomed reports whether the peer accepted this node.
func (s *Sink) Welcomed() bool { return s.welcomed }

// Heard returns when the last message came.
func (s *Sink) Heard() time.Duration { return s.heard }

// Heads returns the peer's durable heads of a shard as of its last heartbeat,
// ascending by origin. The slice must not be changed.
func (s *Sink) Heads(id store.ShardID) []PeerHead {
	if sh := s.shards[id]; sh != nil {
		return sh.heads
	}
	return nil
}

// RTT returns the round-trip time that the peer measured last, or 0.
func (s *Sink) RTT() time.Duration { return s.rtt }

// Skew returns how far the peer's wall clock is ahead of this node's, and how wrong that
// may be at most.
func (s *Sink) Skew() (ahead, err time.Duration) { return s.skew.ahead, s.skew.err }

// Stamp returns the peer's HLC as of its last heartbeat.
func (s *Sink) Stamp() clock.Timestamp { return s.stamp }

// Counts returns what was received.
func (s *Sink) Counts() SinkCounts { return s.counted }

// Missing returns where the peer's log of an origin starts, when it told that it no
// longer holds what this node lacks; else 0.
func (s *Sink) Missing(id store.ShardID, o clock.Origin) clock.Seq {
	if sh := s.shards[id]; sh != nil {
		return sh.missing[o]
	}
	return 0
}

// Arrived returns the last record of an origin that came by this stream, and when.
func (s *Sink) Arrived(id store.ShardID, o clock.Origin) (clock.Seq, time.Duration) {
	if sh := s.shards[id]; sh != nil {
		return sh.arrived[o].seq, sh.arrived[o].at
	}
	return 0, 0
}

// Told reports whether the peer has said what it holds of a shard.
func (s *Sink) Told(id store.ShardID) bool {
	sh := s.shards[id]
	return sh != nil && sh.told
}

// missingOf returns a copy of all that Missing tells.
func (s *Sink) missingOf(id store.ShardID) map[clock.Origin]clock.Seq {
	return maps.Clone(s.shards[id].missing)
}

// found drops the marks of what this node has got by another way: state, or a relay.
func (sh *sinkShard) found(v clock.VersionVector) {
	maps.DeleteFunc(sh.missing, func(o clock.Origin, start clock.Seq) bool { return v.Get(o)+1 >= start })
}
