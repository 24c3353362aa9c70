package replication

import (
	"context"
	"errors"
	"sync"
	"time"
)

// State says how a peer is doing.
type State string

// The states of a peer.
const (
	StateConnecting State = "connecting"
	StateConnected  State = "connected"
	StateCut        State = "cut"
	StateRefused    State = "refused"
	// StateRemoved: the peer does not belong to the cluster any more.
	StateRemoved State = "removed"
)

// peer keeps one stream to one address open.
type peer struct {
	r       *Replicator
	stopped chan struct{}
	started bool // guarded by r.mu

	peer      Peer          // guarded by r.mu
	state     State         // guarded by r.mu
	lastErr   error         // guarded by r.mu
	duplicate bool          // guarded by r.mu
	session   *sinkSession  // guarded by r.mu; the current one, or the last welcomed
	connected time.Duration // guarded by r.mu; when it was welcomed
}

func newPeer(r *Replicator) *peer {
	return &peer{r: r, stopped: make(chan struct{}), state: StateConnecting}
}

// stop ends run. Callers hold r.mu.
func (p *peer) stop() { close(p.stopped) }

// run dials again and again until ctx is done or the peer was removed.
func (p *peer) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		select {
		case <-p.stopped:
			cancel()
		case <-ctx.Done():
		}
	})
	var last time.Duration
	stuck := StuckAfter
	for ctx.Err() == nil {
		changed := p.r.cfg.Cuts.Changed()
		if p.isCut() {
			p.set(StateCut, ErrCut)
			waitFor(ctx, changed, BackoffMax)
			last = 0
			continue
		}
		p.set(StateConnecting, nil)
		welcomed, err := p.connect(ctx, stuck)
		if ctx.Err() != nil {
			return
		}
		if welcomed {
			last = 0
		}
		stuck = nextStuck(stuck, err)
		var wait time.Duration
		last, wait = pause(last, p.r.cfg.Rand())
		wait = p.judge(err, wait)
		waitFor(ctx, changed, wait)
	}
}

// nextStuck doubles the patience after a stuck stream.
func nextStuck(stuck time.Duration, err error) time.Duration {
	if errors.Is(err, ErrStuck) {
		return min(2*stuck, StuckMax)
	}
	return StuckAfter
}

// judge records why a stream ended and returns how long to wait before the next.
func (p *peer) judge(err error, wait time.Duration) time.Duration {
	switch {
	case errors.Is(err, ErrDiverged):
		p.set(StateRefused, err)
		return DivergedBackoff
	case errors.Is(err, ErrClone):
		p.r.accuse(err)
		p.set(StateRefused, err)
		return max(wait, BackoffMax/5)
	case errors.Is(err, ErrCut):
		p.set(StateCut, err)
	case refusal(err):
		p.set(StateRefused, err)
		return max(wait, BackoffMax/5)
	default:
		p.set(StateConnecting, err)
	}
	return wait
}

// refusal reports whether an attempt ended for a reason that will not pass by itself.
func refusal(err error) bool {
	for _, e := range []error{ErrRefused, ErrWrongCluster, ErrSelf, ErrNoProtocol, ErrOrigin, ErrMalformed, ErrCredit, ErrUnexpected, errDuplicate} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// waitFor waits until ctx is done, a channel is closed, or the time is over.
func waitFor(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-t.C:
	}
}

func (p *peer) set(state State, err error) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.state = state
	p.duplicate = errors.Is(err, errDuplicate)
	if err != nil {
		p.lastErr = err
	}
}

// isCut reports whether the peer must be neither dialled nor heard.
func (p *peer) isCut() bool {
	p.r.mu.Lock()
	region := cmpOr(p.r.regions[p.peer.Address], p.peer.Region)
	p.r.mu.Unlock()
	return p.r.deaf(region)
}

// deaf reports whether this node must not hear a region.
func (r *Replicator) deaf(region string) bool {
	return region != "" && (r.cfg.Cuts.Blocked(region) || r.cfg.Cuts.Deaf(region))
}

// connect runs one stream until it ends; welcomed tells whether the peer accepted it.
func (p *peer) connect(ctx context.Context, stuck time.Duration) (welcomed bool, err error) {
	p.r.mu.Lock()
	address := p.peer.Address
	p.r.mu.Unlock()
	stream, err := p.r.cfg.Transport.Dial(ctx, address)
	if err != nil {
		p.r.cfg.Events.DialFailed(address, err)
		return false, err
	}
	s := newSinkSession(p, address, stream, stuck)
	err = s.run(ctx)
	s.mu.Lock()
	welcomed, id := s.sink.Welcomed(), s.sink.Peer()
	s.mu.Unlock()
	switch {
	case errors.Is(err, ErrDiverged):
		p.r.cfg.Events.Diverged(id, err)
		fallthrough
	case welcomed:
		p.r.cfg.Events.Disconnected(id, err)
	default:
		p.r.cfg.Events.DialFailed(address, err)
	}
	return welcomed, err
}
