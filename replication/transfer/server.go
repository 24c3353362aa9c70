package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const (
	// MaxServed bounds the transfers that a node serves at a time: each holds a snapshot.
	MaxServed = 4
	// helloWithin is how long a stream may be open without a Hello.
	helloWithin = 5 * time.Second
	// servedSilence is how long a receiver may be silent: a snapshot keeps the disk from
	// reusing space.
	servedSilence = 2 * time.Minute
)

// ServerConfig is what a Server works with. Rate and Ready may be zero.
type ServerConfig struct {
	Local  replication.Identity
	Shards []store.ShardID
	State  State
	Wall   clock.Wall
	Cuts   *linkcut.Cuts
	// Rate bounds the bytes a second that one transfer sends; 0 is no bound.
	Rate int64
	// Ready tells why this node has nothing to give, or nil.
	Ready  func() error
	Events ServerEvents
}

// ServerEvents are told what happens; each may be nil. They must not block.
type ServerEvents struct {
	// Began tells that a snapshot is sent to a peer, Ended that it was, or why it broke off.
	Began func(peer replication.Identity)
	Ended func(peer replication.Identity, sent DonorCounts, err error)
}

// Server gives state to peers. It is safe for concurrent use.
type Server struct {
	cfg  ServerConfig
	pins pins

	mu      sync.Mutex
	ctx     context.Context // guarded by mu; nil unless running
	serving sync.WaitGroup  // Add under mu while running
	served  int             // guarded by mu

	sessions map[*donorSession]struct{} // guarded by mu; those with a snapshot
}

// Serving is one transfer that a node serves now.
type Serving struct {
	Peer replication.Identity
	Sent DonorCounts
	Took time.Duration
}

// NewServer returns a server that gives nothing before Run.
func NewServer(cfg ServerConfig) *Server {
	if cfg.Ready == nil {
		cfg.Ready = func() error { return nil }
	}
	if cfg.Events.Began == nil {
		cfg.Events.Began = func(replication.Identity) {}
	}
	if cfg.Events.Ended == nil {
		cfg.Events.Ended = func(replication.Identity, DonorCounts, error) {}
	}
	return &Server{cfg: cfg, sessions: make(map[*donorSession]struct{})}
}

// Serving returns what is served now, ascending by peer.
func (s *Server) Serving() (out []Serving) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.sessions {
		out = append(out, Serving{Peer: d.peer, Sent: d.sent, Took: s.elapsed() - d.began})
	}
	slices.SortFunc(out, func(a, b Serving) int { return strings.Compare(a.Peer.Node, b.Peer.Node) })
	return out
}

// enlist makes a session visible, strike ends that.
func (s *Server) enlist(d *donorSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.peer, d.began = d.donor.Peer(), s.elapsed()
	s.sessions[d] = struct{}{}
}

func (s *Server) strike(d *donorSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, d)
}

// Pinned returns the vectors above which the op log of a shard must be kept.
func (s *Server) Pinned(id store.ShardID) []clock.VersionVector {
	return s.pins.vectors(id, s.elapsed())
}

func (s *Server) elapsed() time.Duration {
	_, now := s.cfg.Wall.Read()
	return now
}

// Run lets transfers be served until ctx is done, and returns when all have ended.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.ctx = nil
	s.mu.Unlock()
	s.serving.Wait()
	return nil
}

// ServeTransfer sends state to a peer that opened a stream, until the stream ends or Run
// does. It returns why; the stream is closed then.
func (s *Server) ServeTransfer(stream Stream) error {
	ctx, err := s.enter()
	if err != nil {
		stream.Close(err)
		return err
	}
	defer s.exit()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	session := &donorSession{
		server: s, stream: stream, in: make(chan Message), cancel: cancel, greeted: make(chan struct{}),
		donor: NewDonor(DonorConfig{Local: s.cfg.Local, Shards: s.cfg.Shards}),
	}
	err = session.run(ctx)
	stream.Close(err)
	cancel(err)
	session.readers.Wait()
	return err
}

func (s *Server) enter() (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		return nil, replication.ErrStopped
	}
	if s.served >= MaxServed {
		return nil, ErrBusy
	}
	s.served++
	s.serving.Add(1)
	return s.ctx, nil
}

func (s *Server) exit() {
	s.mu.Lock()
	s.served--
	s.mu.Unlock()
	s.serving.Done()
}

// donorSession runs one Donor over one stream. All but the readers is one goroutine.
type donorSession struct {
	server  *Server
	stream  Stream
	in      chan Message
	cancel  context.CancelCauseFunc
	donor   *Donor
	snap    Snapshot
	readers sync.WaitGroup

	region  atomic.Pointer[string] // of the peer, once it has said hello
	greeted chan struct{}          // closed then

	peer  replication.Identity // with the next two guarded by server.mu
	sent  DonorCounts
	began time.Duration
}

func (d *donorSession) run(ctx context.Context) error {
	// Send and Recv block: only closing the stream ends them.
	stop := context.AfterFunc(ctx, func() { d.stream.Close(d.cause(ctx)) })
	defer stop()
	d.readers.Go(func() { d.cancel(d.read(ctx)) })
	d.readers.Go(func() { d.watchCuts(ctx) })
	err := d.serve(ctx)
	if d.snap != nil {
		d.server.strike(d)
		d.server.cfg.Events.Ended(d.donor.Peer(), d.donor.Counts(), err)
		err = errors.Join(err, d.snap.Close())
	}
	return err
}

// cause names the end of Run as such, so that the peer comes back.
func (d *donorSession) cause(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return replication.ErrStopped
}

func (d *donorSession) read(ctx context.Context) error {
	for {
		m, err := d.stream.Recv()
		if err != nil {
			return err
		}
		select {
		case d.in <- m:
		case <-ctx.Done():
			return d.cause(ctx)
		}
	}
}

// watchCuts ends the stream when the peer's region is cut off.
func (d *donorSession) watchCuts(ctx context.Context) {
	greeted := d.greeted
	for ctx.Err() == nil {
		changed := d.server.cfg.Cuts.Changed() // before the look, so that no cut is missed
		if region := d.region.Load(); region != nil && d.server.cfg.Cuts.Blocked(*region) {
			d.cancel(replication.ErrCut)
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-greeted:
			greeted = nil
		}
	}
}

// serve handles what comes and sends what is due, until the receiver has hung up.
func (d *donorSession) serve(ctx context.Context) error {
	for {
		if err := d.send(ctx); err != nil {
			return err
		}
		wait := servedSilence
		if d.donor.Peer().Node == "" {
			wait = helloWithin
		}
		timer := time.NewTimer(wait)
		select {
		case m := <-d.in:
			timer.Stop()
			if err := d.recv(ctx, m); err != nil {
				return err
			}
		case <-timer.C:
			return fmt.Errorf("%w: nothing heard for %v", replication.ErrStuck, wait)
		case <-ctx.Done():
			timer.Stop()
			if d.donor.Done() {
				return nil // the receiver hangs up when it has everything
			}
			return d.cause(ctx)
		}
	}
}

func (d *donorSession) recv(ctx context.Context, m Message) error {
	if err := d.donor.Recv(m); err != nil {
		return err
	}
	shard, wants := d.donor.Wants()
	if !wants {
		return nil
	}
	region := d.donor.Peer().Region
	d.region.Store(&region)
	close(d.greeted)
	if d.server.cfg.Cuts.Blocked(region) {
		return replication.ErrCut
	}
	if err := d.server.cfg.Ready(); err != nil {
		return fmt.Errorf("%w: %w", ErrNothing, err)
	}
	return d.open(ctx, shard)
}

// open takes the snapshot. The log is pinned first: it must not be truncated in between.
func (d *donorSession) open(ctx context.Context, shard store.ShardID) error {
	s := d.server
	id := s.pins.add(shard, s.cfg.State.Durable(shard))
	context.AfterFunc(ctx, func() { s.pins.let(id, s.elapsed()+PinFor) })
	snap, err := s.cfg.State.Snapshot(ctx, shard)
	if err != nil {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	d.snap = snap
	s.pins.raise(id, vectorOf(snap.Heads()))
	s.enlist(d)
	s.cfg.Events.Began(d.donor.Peer())
	return d.donor.Open(snap)
}

// send sends what is due. A slow receiver blocks here and holds up nobody else.
func (d *donorSession) send(ctx context.Context) error {
	for ctx.Err() == nil {
		m, err := d.donor.Next()
		if m == nil || err != nil {
			return err
		}
		if err := d.stream.Send(m); err != nil {
			<-ctx.Done() // the reader finds out why
			return d.cause(ctx)
		}
		d.server.mu.Lock()
		d.sent = d.donor.Counts()
		d.server.mu.Unlock()
		if p, ok := m.(*Part); ok && d.server.cfg.Rate > 0 {
			d.pace(ctx, len(p.Data))
		}
	}
	return nil
}

// pace waits as long as so many bytes may take.
func (d *donorSession) pace(ctx context.Context, n int) {
	t := time.NewTimer(time.Duration(float64(n) / float64(d.server.cfg.Rate) * float64(time.Second)))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
