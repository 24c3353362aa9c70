package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Messages are fixed and keys are snake_case, so that logs can be searched and counted. Neither keys
// nor values of clients are logged.

func (n *Node) logStarted() {
	n.log.Info("serving",
		"cluster", n.cfg.Cluster, "region", n.cfg.Region, "node", n.cfg.Node, "node_id", n.identity.ID, "version", n.opts.Version,
		"listen", n.cfg.Listen, "advertise", n.cfg.AdvertiseAddress(), "resp_listen", n.cfg.RESP.Listen, "http_listen", n.cfg.HTTPListen,
		"gossip_listen", n.cfg.Gossip.Listen, "data_dir", n.cfg.DataDir, "fsync", n.cfg.Fsync,
		"updates", n.durable().Total(), "known_members", len(n.roster.known()))
	warnings := n.cfg.Warnings()
	if w := n.files.warning(&n.cfg); w != "" {
		warnings = append(warnings, w)
	}
	for _, w := range warnings {
		n.log.Warn("configuration", "warning", w)
	}
}

func (n *Node) logStopped(cause error) {
	if cause != nil {
		n.log.Error("stopped", "cause", cause)
		return
	}
	n.log.Info("stopped")
}

func (n *Node) storeEvents() store.Events {
	return store.Events{
		Fatal: func(err error) {
			n.log.Error("disk failed; the node stops", "error", err)
			n.fatal <- err // called once
		},
		Damaged: func(d store.Damage) {
			n.metrics.damage.found.Inc()
			n.log.Error("data on disk is damaged; nothing of it is served", "file", d.File, "offset", d.Offset,
				"from", fmt.Sprintf("%x", clipKey(d.Lo)), "to", fmt.Sprintf("%x", clipKey(d.Hi)), "cause", d.Cause)
			n.healer.found()
		},
		Background: n.backgroundFailed,
		Full: func() {
			n.log.Error("the disk has no space left; the reserve is given back")
			if n.disk != nil { // not while opening
				n.disk.fill()
			}
		},
		Slow: func(path string, took time.Duration) {
			n.metrics.slowDisk.Inc()
			n.log.Warn("disk is slow", "path", path, "took", took)
		},
		Stall: func(stalled bool, reason string) {
			if stalled {
				n.metrics.stalls.Inc()
			}
			n.log.Warn("store holds writes back", "stalled", stalled, "reason", reason)
		},
	}
}

// clipKey returns space, namespace and slot of a key of the store: what follows is a client's.
func clipKey(key []byte) []byte { return key[:min(len(key), 7)] }

func (n *Node) shardEvents() keyspace.Events {
	return keyspace.Events{
		Committed: func(records, cells int) {
			n.metrics.commits.Inc()
			n.metrics.records.Add(float64(records))
			n.metrics.cells.Add(float64(cells))
		},
		Durable: func(_ store.ShardID, frames []*oplog.Frame) {
			for _, f := range frames {
				n.ring.Add(f, f.Encoded())
			}
		},
		Refused: func(o clock.Origin, err error) {
			n.metrics.refused.WithLabelValues(refusalReason(err)).Inc()
			n.log.Error("frame refused", "origin", o, "error", err)
		},
	}
}

func (n *Node) replicationEvents() replication.Events {
	event := func(name string) { n.metrics.streams.WithLabelValues(name).Inc() }
	return replication.Events{
		Connected: func(p replication.Identity) {
			event("connected")
			n.roster.meet(p)
			n.log.Info("peer connected", "peer", p.Node, "address", p.Address)
		},
		Disconnected: func(p replication.Identity, cause error) {
			event("disconnected")
			level := slog.LevelWarn
			if n.draining.Load() {
				level = slog.LevelDebug // that is what draining means
			}
			n.log.Log(context.Background(), level, "peer disconnected", "peer", p.Node, "address", p.Address, "cause", cause)
		},
		DialFailed: func(address string, cause error) {
			event("dial_failed")
			n.log.Debug("peer not reached", "address", address, "cause", cause)
		},
		Served: func(p replication.Identity) {
			event("served")
			n.roster.meet(p)
			n.log.Debug("peer pulls", "peer", p.Node)
		},
		ServeEnded: func(p replication.Identity, cause error) {
			event("serve_ended")
			n.log.Debug("peer pulls no more", "peer", p.Node, "cause", cause)
		},
		Diverged: func(p replication.Identity, cause error) {
			event("diverged")
			n.log.Error("histories diverge; the peer's stream is stopped", "peer", p.Node, "cause", cause)
		},
	}
}

func (n *Node) gossipEvents() membership.Events {
	event := func(name string) { n.metrics.gossip.WithLabelValues(name).Inc() }
	return membership.Events{
		Changed: func(m membership.Member) {
			event(m.State.String())
			n.roster.learn(m)
			n.log.Info("member changed", "member", m.Name(), "gossip", m.State, "address", m.Address)
		},
		Conflict: func(name, known, other string) {
			event("conflict")
			n.log.Error("two nodes have one name", "member", name, "known", known, "other", other)
		},
		Refused: func(name, address string, reason error) {
			event("refused")
			n.log.Warn("member refused", "member", name, "address", address, "error", reason)
		},
		Rejoined: func(asked, answered int, err error) {
			n.log.Debug("asked members to join", "asked", asked, "answered", answered, "error", err)
		},
		Log: func(level, line string) { n.log.Debug("gossip", "level", level, "text", line) },
	}
}

func (n *Node) serverEvents() grpcserver.Events {
	return grpcserver.Events{
		Panic: func(method string, value any, stack []byte) {
			n.metrics.panics.Inc()
			n.log.Error("request panicked", "method", method, "panic", value, "stack", string(stack))
		},
		Request: func(method string, took time.Duration, err *server.Error) { n.metrics.request("", method, took, err) },
	}
}

func (n *Node) clockChanged(v clock.Verdict, skew time.Duration) {
	level := slog.LevelInfo
	if v != clock.ClockGood {
		level = slog.LevelError
	}
	n.log.Log(context.Background(), level, "clock judged", "verdict", v.String(), "skew", skew, "max_offset", n.cfg.MaxOffset)
}

func (n *Node) clockRepaired(step time.Duration) {
	n.log.Warn("clock repaired; timestamps follow it again", "step", step)
}

func (n *Node) logTruncated(before, after int64) {
	n.metrics.truncated.Add(float64(before - after))
	n.log.Info("op log truncated", "bytes_before", before, "bytes_after", after)
}

func (n *Node) logOver(bytes, limit int64) {
	n.log.Warn("op log goes on without what a member lacks; that one will catch up by state", "bytes", bytes, "limit", limit, "max_age", n.cfg.Log.MaxAge)
}

// backgroundEvery bounds the lines about work that the store tries again and again.
const backgroundEvery = 10 * time.Second

func (n *Node) backgroundFailed(err error) {
	n.metrics.background.Inc()
	_, now := n.opts.Wall.Read()
	last := n.backgroundAt.Load()
	if now.Nanoseconds()-last < int64(backgroundEvery) || !n.backgroundAt.CompareAndSwap(last, now.Nanoseconds()) {
		return
	}
	n.log.Error("flush or compaction failed; it is tried again", "error", err)
}

// refusalReason names why a frame is never merged, as a metric label.
func refusalReason(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{keyspace.ErrDiverged, "diverged"},
		{keyspace.ErrMalformed, "malformed"},
		{keyspace.ErrDamaged, "damaged"},
		{keyspace.ErrClosed, "closed"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "other"
}
