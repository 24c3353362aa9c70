package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
)

const (
	// listenLook is how often the peers to listen to are looked at, and how soon a broken stream is begun anew;
	// listenRefused the same where the peer knows nothing of channels.
	listenLook    = 200 * time.Millisecond
	listenRefused = 30 * time.Second
)

// ear listens to what is published at the peers.
type ear struct {
	peers  func() []replication.PeerStatus
	cut    func(region string) bool
	listen func(ctx context.Context, address string) error

	wg      sync.WaitGroup
	streams map[string]context.CancelFunc // owned by run; by address
}

// run listens until ctx ends.
func (e *ear) run(ctx context.Context) error {
	e.streams = map[string]context.CancelFunc{}
	defer e.wg.Wait()
	tick := time.NewTicker(listenLook)
	defer tick.Stop()
	for {
		e.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look begins and ends streams.
func (e *ear) look(ctx context.Context) {
	wanted := map[string]bool{}
	for _, p := range e.peers() {
		if p.Node != "" && !e.cut(p.Region) {
			wanted[p.Address] = true
		}
	}
	for address, stop := range e.streams {
		if !wanted[address] {
			stop()
			delete(e.streams, address)
		}
	}
	for address := range wanted {
		if e.streams[address] == nil {
			within, stop := context.WithCancel(ctx)
			e.streams[address] = stop
			e.wg.Go(func() { e.follow(within, address) })
		}
	}
}

// follow listens to one peer again and again.
func (e *ear) follow(ctx context.Context, address string) {
	for ctx.Err() == nil {
		pause := listenLook
		if err := e.listen(ctx, address); errors.Is(err, replication.ErrRefused) {
			pause = listenRefused
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// wireChannels joins what is published here with the peers, and the other way round.
func (n *Node) wireChannels(transport *grpctransport.Transport) {
	n.channels = grpctransport.NewChannels(n.local, n.roll.refuse, n.cuts.Blocked)
	n.ear = &ear{
		peers: n.replicator.Status,
		cut:   func(region string) bool { return n.cuts.Blocked(region) || n.cuts.Deaf(region) },
		listen: func(ctx context.Context, address string) error {
			return transport.Listen(ctx, address, n.local, n.resp.Deliver)
		},
	}
}
