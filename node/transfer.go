package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/replication/transfer"
	"github.com/atollkv/atoll/store"
)

// shardState gives and takes the state of a shard: the third way in, which ends in the same corridor.
type shardState struct {
	shard *keyspace.Shard
	disk  *diskGuard
}

// Durable implements transfer.State.
func (s shardState) Durable(store.ShardID) clock.VersionVector {
	var v clock.VersionVector
	for _, h := range s.heads(shardID) {
		v.Advance(h.Origin, h.Seq)
	}
	return v
}

func (s shardState) heads(store.ShardID) []store.Head {
	return allHeads(s.shard)
}

// Snapshot implements transfer.State.
func (s shardState) Snapshot(ctx context.Context, _ store.ShardID) (transfer.Snapshot, error) {
	snap, err := s.shard.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snapshot{snap}, nil
}

type snapshot struct{ *keyspace.Snapshot }

// Declared implements transfer.Snapshot.
func (s snapshot) Declared() (out []transfer.Declared, err error) {
	found, err := s.Snapshot.Declared()
	for _, h := range s.Heads() {
		if who, ok := found[h.Origin]; ok {
			out = append(out, transfer.Declared{Origin: h.Origin, Region: who.Region, Node: who.Node})
		}
	}
	return out, err
}

// Next implements transfer.Snapshot.
func (s snapshot) Next(after []byte, maxBytes int) (*transfer.Chunk, error) {
	c, err := s.Snapshot.Next(after, maxBytes)
	return &transfer.Chunk{After: c.After, UpTo: c.UpTo, Beyond: c.Beyond, Cells: c.Cells}, err
}

// Apply implements transfer.Applier.
func (s shardState) Apply(ctx context.Context, _ store.ShardID, step transfer.Step) error {
	switch step := step.(type) {
	case *transfer.Begin:
		return s.begin(ctx, step)
	case *transfer.Chunk:
		if err := s.disk.await(ctx, chunkBytes(step)); err != nil {
			return err
		}
		return blame(s.shard.Transfer(ctx, keyspace.TransferChunk{Chunk: keyspace.Chunk{
			After: step.After, UpTo: step.UpTo, Beyond: step.Beyond, Cells: step.Cells,
		}}))
	case *transfer.End:
		if err := s.shard.Transfer(ctx, keyspace.TransferEnd{}); err != nil {
			return blame(err)
		}
		return s.shard.AwaitDurable(ctx) // before that, the heads say that it is still needed
	default:
		return fmt.Errorf("unknown step %T", step)
	}
}

// chunkBytes is the space that a chunk takes.
func chunkBytes(c *transfer.Chunk) (n int) {
	for _, cell := range c.Cells {
		n += len(cell.Key) + len(cell.Value)
	}
	return n
}

// begin goes on where an earlier transfer broke off, or, when that cannot be, begins anew.
func (s shardState) begin(ctx context.Context, b *transfer.Begin) error {
	step := keyspace.TransferBegin{Heads: b.Heads, Ends: b.Ends, Declared: map[clock.Origin]crdt.Declaration{}}
	for _, d := range b.Declared {
		step.Declared[d.Origin] = crdt.Declaration{Region: d.Region, Node: d.Node}
	}
	if st := s.shard.TransferState(); st.Active {
		step.After = st.Position
	}
	err := s.shard.Transfer(ctx, step)
	if step.After != nil && errors.Is(err, keyspace.ErrTransfer) {
		step.After = nil
		err = s.shard.Transfer(ctx, step)
	}
	return blame(err)
}

// blame names what is the donor's fault.
func blame(err error) error {
	switch {
	case errors.Is(err, keyspace.ErrDiverged):
		return fmt.Errorf("%w: %w", replication.ErrDiverged, err)
	case errors.Is(err, keyspace.ErrMalformed):
		return fmt.Errorf("%w: %w", replication.ErrMalformed, err)
	case errors.Is(err, keyspace.ErrFuture):
		return fmt.Errorf("%w: %w", transfer.ErrFuture, err)
	}
	return err
}

// Position implements transfer.Applier.
func (s shardState) Position(store.ShardID) transfer.Position {
	st := s.shard.TransferState()
	return transfer.Position{Active: st.Active, UpTo: st.Position, Cells: st.Cells, Done: st.Done}
}

// waits tells which records wait for what their writers had seen by state.
func (s shardState) waits(store.ShardID) (out []transfer.Wait) {
	for _, w := range s.shard.Stats().Waiting.ByState {
		out = append(out, transfer.Wait{Dot: w.Dot, Lacks: w.Lacks})
	}
	return out
}

// openTransfer joins what catches up by state, and what helps others to.
func (n *Node) openTransfer(local replication.Identity, transport *grpctransport.Transport) (err error) {
	state := shardState{n.shard, n.disk}
	empty := len(state.heads(shardID)) == 0 && !n.shard.TransferState().Active
	if n.loading, err = openLoading(n.db, empty, n.cfg.Bootstrap || n.alone()); err != nil {
		return err
	}
	n.donor = transfer.NewServer(transfer.ServerConfig{
		Local: local, Shards: []store.ShardID{shardID}, State: state, Wall: n.opts.Wall, Cuts: n.cuts,
		Rate: n.cfg.Transfer.MaxRate, Ready: n.loading.refusal, Events: n.donorEvents(),
	})
	n.fetcher = transfer.NewFetcher(transfer.FetcherConfig{
		Local: local, Shard: shardID, Applier: state, Transport: transport, Heads: state.heads, Waits: state.waits, Look: n.look,
		Loading: n.loading.active, Loaded: n.loading.end, MaxOffset: n.cfg.MaxOffset, Wall: n.opts.Wall, Cuts: n.cuts,
		Events: n.fetcherEvents(),
	})
	n.loading.progress = n.fetcher.Status
	n.loading.loaded = n.logLoaded
	return nil
}

// alone reports whether there is nobody that could have data.
func (n *Node) alone() bool {
	return len(n.cfg.Peers) == 0 && len(n.cfg.Gossip.Join) == 0 && len(n.roster.known()) == 0
}

// look counts whoever gossip is still to find as one more peer.
func (n *Node) look(id store.ShardID) (live []replication.PeerLook, known int) {
	live, known = n.replicator.Look(id)
	if known == 0 && !n.alone() {
		known = 1
	}
	return live, known
}

func (n *Node) logLoaded() {
	if !n.draining.Load() {
		n.grpc.SetServing(true)
	}
	n.log.Info("loaded; clients are answered", "updates", n.durable().Total())
}

func (n *Node) fetcherEvents() transfer.FetcherEvents {
	fields := func(s transfer.Status) []any {
		return []any{
			"donor", s.Donor.Node, "address", s.Donor.Address, "done", percent(s.Done), "cells", s.Cells, "total", s.Total, "bytes", s.Bytes,
			"cells_per_second", int64(s.CellsPerSecond), "left", s.Left, "took", s.Took,
		}
	}
	return transfer.FetcherEvents{
		Began: func(s transfer.Status) { n.log.Info("state transfer begun", fields(s)...) },
		Going: func(s transfer.Status) { n.log.Info("state transfer", fields(s)...) },
		Ended: func(s transfer.Status, err error) {
			if err != nil {
				n.log.Warn("state transfer broke off; it goes on with the next donor", append(fields(s), "cause", err)...)
				return
			}
			n.log.Info("state transfer ended", fields(s)...)
		},
		Refused: func(p replication.Identity, err error) {
			n.metrics.transfer.refused.Inc()
			n.log.Error("a donor's state was refused", "donor", p.Node, "address", p.Address, "error", err)
		},
	}
}

func percent(part float64) string { return fmt.Sprintf("%.1f%%", 100*part) }

func (n *Node) donorEvents() transfer.ServerEvents {
	return transfer.ServerEvents{
		Began: func(p replication.Identity) {
			n.log.Info("peer fetches the state", "peer", p.Node, "address", p.Address)
		},
		Ended: func(p replication.Identity, c transfer.DonorCounts, err error) {
			n.metrics.transfer.sent.Add(float64(c.Bytes))
			n.log.Info("peer fetches the state no more", "peer", p.Node, "cells", c.Cells, "bytes", c.Bytes, "cause", err)
		},
	}
}
