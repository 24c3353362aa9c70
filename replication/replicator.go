package replication

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// Replicator is the shell around the machines: it pulls from every peer and serves
// every peer. It is safe for concurrent use.
type Replicator struct {
	cfg     Config
	changed chan struct{} // capacity 1: the peers changed

	mu      sync.Mutex
	ctx     context.Context                                  // guarded by mu; nil unless running
	serving sync.WaitGroup                                   // Add under mu while running
	peers   map[string]*peer                                 // guarded by mu; by address
	sinks   map[string]*sinkSession                          // guarded by mu; welcomed ones by node
	sources map[string]*sourceSession                        // guarded by mu; by node
	streams int                                              // guarded by mu; streams served
	acked   map[string]map[store.ShardID]clock.VersionVector // guarded by mu; by node
	clones  *clones                                          // guarded by mu
	accused accusation                                       // guarded by mu
	routers map[store.ShardID]*Router                        // owned by Run
	nodeOf  map[string]string                                // guarded by mu; address to node, as last seen
	regions map[string]string                                // guarded by mu; address to region
}

// New returns a replicator without peers. It starts nothing.
func New(cfg Config) *Replicator {
	cfg.setDefaults()
	r := &Replicator{
		cfg: cfg, changed: make(chan struct{}, 1),
		peers: make(map[string]*peer), sinks: make(map[string]*sinkSession), sources: make(map[string]*sourceSession),
		acked: make(map[string]map[store.ShardID]clock.VersionVector), routers: make(map[store.ShardID]*Router), clones: newClones(),
		nodeOf: make(map[string]string), regions: make(map[string]string),
	}
	for _, id := range cfg.Shards {
		r.routers[id] = NewRouter(id)
		r.routers[id].Limit = func(o clock.Origin) (clock.Seq, bool) { return cfg.Limit(id, o) }
	}
	return r
}

// SetPeers replaces the set of peers, at any time. This node itself is left out when
// it is named by its own address or id. Of two entries with one address the
// configured one counts.
func (r *Replicator) SetPeers(peers []Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[string]Peer, len(peers))
	for _, p := range peers {
		if p.Address == "" || p.Address == r.cfg.Local.Address || p.Node == r.cfg.Local.Node {
			continue
		}
		old := next[p.Address]
		p.Removed = p.Removed || old.Removed
		p.Configured = (p.Configured || old.Configured) && !p.Removed
		p.Node, p.Region = cmpOr(p.Node, old.Node), cmpOr(p.Region, old.Region)
		next[p.Address] = p
	}
	for a, old := range r.peers {
		if _, ok := next[a]; !ok {
			old.stop()
			delete(r.peers, a)
		}
	}
	for a, p := range next {
		if r.peers[a] == nil {
			r.peers[a] = newPeer(r)
		}
		r.peers[a].peer = p
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Run pulls from the peers and serves streams until ctx is done. It returns when all
// its goroutines are gone. It may be called once.
func (r *Replicator) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	r.ctx = ctx
	r.mu.Unlock()
	var wg sync.WaitGroup
	tick := time.NewTicker(routeEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		r.startPeers(ctx, &wg)
		select {
		case <-ctx.Done():
		case <-r.changed:
		case <-tick.C:
			r.route()
		}
	}
	cancel()
	wg.Wait()
	r.mu.Lock()
	r.ctx = nil
	r.mu.Unlock()
	r.serving.Wait()
	return nil
}

// startPeers starts the loops of peers that are new.
func (r *Replicator) startPeers(ctx context.Context, wg *sync.WaitGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.peers {
		if p.started {
			continue
		}
		p.started = true
		wg.Go(func() { p.run(ctx) })
	}
}

func (r *Replicator) now() Now {
	wall, elapsed := r.cfg.Wall.Read()
	return Now{Elapsed: elapsed, WallMillis: wall, Stamp: r.cfg.Stamp()}
}

// route lets the routers look at the live peers and tells the sinks what to want. It
// is the only place that holds the locks of several sessions.
func (r *Replicator) route() {
	r.mu.Lock()
	sessions := make([]*sinkSession, 0, len(r.sinks))
	for _, s := range r.sinks {
		sessions = append(sessions, s)
	}
	r.mu.Unlock()
	slices.SortFunc(sessions, func(a, b *sinkSession) int { return strings.Compare(a.node, b.node) })
	now := r.now().Elapsed
	var live []PeerView
	for _, s := range sessions {
		s.mu.Lock()
		defer s.mu.Unlock()
		if now-s.sink.Heard() <= LiveFor && r.cfg.Refuse(s.node) == nil {
			live = append(live, s.sink)
		}
	}
	for _, id := range r.cfg.Shards {
		wants := r.routers[id].Tick(now, holds(r.cfg.Log, id), live)
		for _, s := range sessions {
			s.sink.SetWant(id, wants[s.node])
		}
	}
}

// TruncationPoint returns what this node and every member hold durably of a shard: up
// to there the op log is needed by nobody. Members are the configured peers, heard of
// or not, and the peers that were found otherwise.
func (r *Replicator) TruncationPoint(id store.ShardID) clock.VersionVector {
	heads, _ := r.cfg.Log.Heads(id)
	ended, table := r.cfg.Log.Ended(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	acks := NewAcks()
	members := make([]string, 0, len(r.peers))
	for a, p := range r.peers {
		if !p.peer.Removed {
			members = append(members, a)
		}
	}
	acks.SetMembers(members)
	for _, a := range members {
		if v, ok := r.acked[r.nodeAt(a)][id]; ok {
			acks.Set(a, id, v)
		}
	}
	return acks.Min(id, vectorOf(slices.Concat(heads, ended)).Carry(table))
}

// nodeAt returns the node at an address, as last seen, or "". Callers hold mu.
func (r *Replicator) nodeAt(address string) string {
	if n := r.nodeOf[address]; n != "" {
		return n
	}
	if p := r.peers[address]; p != nil {
		return p.peer.Node
	}
	return ""
}

// wake signals a channel of capacity 1.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
