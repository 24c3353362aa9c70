package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/replication"
)

// tailWait bounds how long a stopping node waits for its peers to acknowledge its last updates.
const tailWait = time.Second

// leaveWait bounds the goodbye to gossip.
const leaveWait = time.Second

// group runs parts until its context ends. The first that fails is reported.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	failed func(error)
	parts  sync.WaitGroup
}

func newGroup(failed func(error)) *group {
	g := &group{failed: failed}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

func (g *group) run(name string, part func(context.Context) error) {
	g.parts.Go(func() {
		if err := part(g.ctx); err != nil {
			g.failed(fmt.Errorf("%s: %w", name, err))
		}
	})
}

// stop ends the parts and waits for them.
func (g *group) stop() {
	g.cancel()
	g.parts.Wait()
}

// Run serves until ctx ends or a part fails, then drains, closes everything and returns. It returns
// nil after a clean stop. It must be called once.
func (n *Node) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	n.ran = true
	state, links := newGroup(stop), newGroup(stop)
	state.run("shard", n.shard.Run)
	state.run("members", n.roster.run)
	state.run("salvage", n.salvage.run)
	state.run("op log", n.truncater.run)
	state.run("clock", n.guard.run)
	state.run("store", n.watchStore)
	state.run("endings", n.stale.run)
	state.run("alarms", n.alarms.run)
	state.run("heal", n.healer.run)
	state.run("scrub", n.scrubber.run)
	state.run("expiry", n.expirer.run)
	state.run("log marks", n.markLog)
	state.run("disk", n.disk.run)
	state.run("memory", n.memory.run)
	if n.http != nil {
		state.run("http", func(ctx context.Context) error { return serveHTTP(ctx, n.http, n.httpListener) })
	}
	links.run("replication", n.replicator.Run)
	links.run("transfer", n.fetcher.Run)
	links.run("state for peers", n.donor.Run)
	links.run("verify", n.verifier.Run)
	if n.cluster != nil {
		links.run("gossip", n.cluster.Run)
	}
	links.run("channels", n.channels.Run)
	if n.resp != nil {
		links.run("listening", n.ear.run)
		links.run("resp", n.runRESP)
	}
	links.run("grpc", func(ctx context.Context) error { return n.grpc.Run(ctx, n.listener) })
	n.logStarted()

	<-ctx.Done()
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) {
		cause = nil
	}
	n.drain(cause)
	links.stop()
	state.stop()
	if err := n.close(); cause == nil {
		cause = err
	}
	cause = n.wayOut(cause)
	n.logStopped(cause)
	return cause
}

// drain tells everybody that the node is leaving: health first, then clients, then peers.
func (n *Node) drain(cause error) {
	n.draining.Store(true)
	n.grpc.SetServing(false)
	n.dispatcher.Drain()
	if cause != nil {
		return // nothing to wait for: the store is gone
	}
	n.log.Info("draining", "timeout", n.cfg.DrainTimeout)
	left := min(tailWait, n.cfg.DrainTimeout/5)
	const look = 10 * time.Millisecond
	for ; left > 0 && n.tail() > 0; left -= look {
		time.Sleep(look)
	}
	if tail := n.tail(); tail > 0 {
		n.log.Warn("stopping with updates that live peers lack", "updates", tail)
	}
}

// tail is the greatest number of updates that a live peer has not acknowledged.
func (n *Node) tail() (updates uint64) {
	for _, p := range n.replicator.Status() {
		if p.State == replication.StateConnected {
			updates = max(updates, p.AheadUpdates)
		}
	}
	return updates
}

// watchStore ends the node when its disk has failed.
func (n *Node) watchStore(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.fatal:
		return err
	}
}

// close lets go of what Open took.
func (n *Node) close() error {
	var errs []error
	if n.listener != nil {
		_ = n.listener.Close() // closed already when Run served it
	}
	if n.respListener != nil {
		_ = n.respListener.Close() // likewise
	}
	if n.httpListener != nil {
		_ = n.httpListener.Close()
	}
	if n.comparer != nil {
		n.comparer.Close()
	}
	if n.shard != nil && !n.ran {
		// The shard lets go of its view of the store when it runs to its end.
		ended, end := context.WithCancel(context.Background())
		end()
		errs = append(errs, n.shard.Run(ended))
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}

// Close lets go of a node that was opened and never run.
func (n *Node) Close() error { return n.close() }
