package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

const (
	// staleEvery is how often a node compares what it knows of ended origins with its peers.
	staleEvery = 50 * time.Millisecond
	// hearWithin is how long the writes of a node that has been started wait for the first word of its
	// peers. Peers that cannot be reached hold them up no longer.
	hearWithin = time.Second
)

// staleGuard keeps a data directory that was restored from an old copy from writing too early. What a
// writer had not seen of an origin that all others have folded cannot be merged any more, so it first
// takes over what its peers know. A node that was only restarted has it already.
type staleGuard struct {
	// look returns the live peers and how many there are; has tells what this node holds.
	look func() (live []replication.PeerLook, known int)
	has  func() clock.VersionVector

	// heard is closed once all peers have told what they hold, or the time for that is over.
	heard chan struct{}
	ended clock.VersionVector // owned by run; what peers have told of ended origins, and this node lacks

	mu    sync.Mutex
	lacks error // guarded by mu
}

func (g *staleGuard) run(ctx context.Context) error {
	tick := time.NewTicker(staleEvery)
	defer tick.Stop()
	for waited := time.Duration(0); ; waited += staleEvery {
		g.step(waited >= hearWithin)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step looks at the peers; late tells that nobody is waited for any more. What a peer has told stays
// true when it is out of reach.
func (g *staleGuard) step(late bool) {
	live, known := g.look()
	for _, p := range live {
		for _, h := range p.Heads {
			if h.Ended {
				g.ended.Advance(h.Origin, h.Seq)
			}
		}
	}
	lacks := g.missing()
	g.mu.Lock()
	g.lacks = lacks
	g.mu.Unlock()
	select {
	case <-g.heard:
	default:
		if late || len(live) == known {
			close(g.heard)
		}
	}
}

// missing tells what this node lacks of ended origins, and forgets what it has.
func (g *staleGuard) missing() error {
	has, left := g.has(), clock.VersionVector{}
	for _, e := range g.ended.Entries() {
		if e.Seq > has.Get(e.Origin) {
			left.Advance(e.Origin, e.Seq)
		}
	}
	g.ended = left
	if left.Len() == 0 {
		return nil
	}
	e := left.Entries()[0]
	return fmt.Errorf("this node's data is of an older time, and it first takes over what its peers have: of %v it has %d updates, they %d; %d such origins",
		e.Origin, has.Get(e.Origin), e.Seq, left.Len())
}

// fresh waits until this node may write after its start, and tells why it must not.
func (g *staleGuard) fresh(ctx context.Context) error {
	select {
	case <-g.heard:
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lacks
}

// isStale tells without waiting whether this node must not write yet.
func (n *Node) isStale() bool {
	if n.stale == nil {
		return true // the node is being opened
	}
	select {
	case <-n.stale.heard:
	default:
		return true
	}
	n.stale.mu.Lock()
	defer n.stale.mu.Unlock()
	return n.stale.lacks != nil
}

// openStale makes the guard. A node without data is no old copy.
func (n *Node) openStale() {
	n.stale = &staleGuard{look: func() ([]replication.PeerLook, int) { return n.look(shardID) }, has: n.durable, heard: make(chan struct{})}
	if n.durable().Len() == 0 || n.alone() {
		close(n.stale.heard)
	}
}
