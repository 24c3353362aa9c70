package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const (
	lookEvery = 100 * time.Millisecond
	// donorSilence is how long a donor may be silent although something is due: it waits
	// for its own disk first.
	donorSilence = 30 * time.Second
)

// FetcherConfig is what a Fetcher works with.
type FetcherConfig struct {
	Local     replication.Identity
	Shard     store.ShardID
	Applier   Applier
	Transport Transport
	// Heads returns what this node holds durably.
	Heads func(store.ShardID) []store.Head
	// Waits returns the records that wait for what their writers had seen by state.
	Waits func(store.ShardID) []Wait
	// Look returns the live peers and the number of all.
	Look func(store.ShardID) ([]replication.PeerLook, int)
	// Loading reports whether the node is new and waits for state; Loaded is called when it
	// need not wait any longer. An error of it ends Run.
	Loading func() bool
	Loaded  func() error
	// MaxOffset is how far a stamp may lie ahead of this node's wall clock.
	MaxOffset time.Duration
	Wall      clock.Wall
	Cuts      *linkcut.Cuts
	Events    FetcherEvents
}

// FetcherEvents are told what happens; each may be nil. They must not block.
type FetcherEvents struct {
	// Began tells that a donor's state comes, Ended that it is here, or why it broke off.
	// Refused is an alarm: a donor's state must not be merged.
	Began   func(Status)
	Ended   func(s Status, err error)
	Refused func(donor replication.Identity, err error)
	// Going is told every ProgressEvery.
	Going func(Status)
}

func (e *FetcherEvents) setDefaults() {
	if e.Began == nil {
		e.Began = func(Status) {}
	}
	if e.Ended == nil {
		e.Ended = func(Status, error) {}
	}
	if e.Refused == nil {
		e.Refused = func(replication.Identity, error) {}
	}
	if e.Going == nil {
		e.Going = func(Status) {}
	}
}

// Fetcher gets state from peers when a Plan says so, one transfer at a time.
type Fetcher struct {
	cfg      FetcherConfig
	plan     *Plan // owned by Run
	progress progress
}

// NewFetcher returns a fetcher that does nothing before Run.
func NewFetcher(cfg FetcherConfig) *Fetcher {
	cfg.Events.setDefaults()
	return &Fetcher{cfg: cfg, plan: NewPlan()}
}

// Status says how the present transfer is doing, or the last one.
func (f *Fetcher) Status() Status {
	return f.progress.status(f.elapsed(), f.cfg.Applier.Position(f.cfg.Shard), f.cfg.Loading())
}

func (f *Fetcher) elapsed() time.Duration { return f.now().Elapsed }

func (f *Fetcher) now() replication.Now {
	wall, elapsed := f.cfg.Wall.Read()
	return replication.Now{Elapsed: elapsed, WallMillis: wall}
}

// Run looks and fetches until ctx is done.
func (f *Fetcher) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := f.step(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step does what the plan decides. Its error is this node's, not a donor's.
func (f *Fetcher) step(ctx context.Context) error {
	live, known := f.cfg.Look(f.cfg.Shard)
	d := f.plan.Tick(View{
		Now: f.elapsed(), Loading: f.cfg.Loading(), Position: f.cfg.Applier.Position(f.cfg.Shard),
		Local: f.cfg.Heads(f.cfg.Shard), Waits: f.cfg.Waits(f.cfg.Shard), Live: live, Known: known,
	})
	switch {
	case d.Serve:
		return f.cfg.Loaded()
	case d.Finish:
		if err := f.cfg.Applier.Apply(ctx, f.cfg.Shard, &End{}); err != nil {
			f.cfg.Events.Ended(f.Status(), fmt.Errorf("end what an earlier transfer left: %w", err))
			return nil // looked at again; a store that is dead ends the node by itself
		}
		return f.cfg.Loaded()
	case d.Fetch != nil:
		return f.fetch(ctx, d.Fetch)
	}
	return nil
}

// fetch runs one transfer.
func (f *Fetcher) fetch(ctx context.Context, from *replication.PeerLook) error {
	// What a new node got by log meanwhile is no proof that it has everything: the End is.
	resumes := f.cfg.Applier.Position(f.cfg.Shard).Active || f.cfg.Loading()
	f.progress.begin(f.elapsed(), from.Identity, f.cfg.Applier.Position(f.cfg.Shard))
	f.cfg.Events.Began(f.Status())
	err := f.run(ctx, from, resumes)
	f.plan.Ended(f.elapsed(), from.Node, err)
	if err == nil {
		err = f.cfg.Loaded()
		f.progress.end(f.elapsed(), err)
		f.cfg.Events.Ended(f.Status(), err)
		return err
	}
	f.progress.end(f.elapsed(), err)
	if alarming(err) {
		f.cfg.Events.Refused(from.Identity, err)
	}
	if ctx.Err() == nil {
		f.cfg.Events.Ended(f.Status(), err)
	}
	return nil
}

func (f *Fetcher) run(parent context.Context, from *replication.PeerLook, resumes bool) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	stream, err := f.cfg.Transport.DialTransfer(ctx, from.Dial)
	if err != nil {
		return err
	}
	s := &receiverSession{
		f: f, stream: stream, cancel: cancel, region: from.Region,
		steps: make(chan Step, Window+2),
		receiver: NewReceiver(ReceiverConfig{
			Local: f.cfg.Local, Shard: f.cfg.Shard, Heads: f.cfg.Heads, MaxOffset: f.cfg.MaxOffset, Resumes: resumes,
		}),
	}
	return s.run(parent, ctx)
}

// receiverSession runs one Receiver over one stream: a reader, and the one that applies
// and sends.
type receiverSession struct {
	f      *Fetcher
	stream Stream
	cancel context.CancelCauseFunc
	region string
	steps  chan Step // credit bounds what is in it

	broken error // why no more steps come; set before steps is closed

	mu       sync.Mutex
	receiver *Receiver     // guarded by mu
	heard    time.Duration // guarded by mu
}

func (s *receiverSession) run(parent, ctx context.Context) error {
	// Send and Recv block: only closing the stream ends them.
	context.AfterFunc(ctx, func() { s.stream.Close(context.Cause(ctx)) })
	s.heard = s.f.elapsed()
	var wg sync.WaitGroup
	wg.Go(func() {
		s.broken = s.read(ctx)
		close(s.steps)
	})
	wg.Go(func() { s.watch(ctx) })
	err := s.apply(parent)
	if cause := context.Cause(ctx); cause != nil && parent.Err() == nil && err != nil {
		err = cause // why the stream was closed here
	}
	s.cancel(err)
	for range s.steps {
		// The reader must not wait for room.
	}
	wg.Wait()
	return err
}

func (s *receiverSession) read(ctx context.Context) error {
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return err
		}
		s.mu.Lock()
		now := s.f.now()
		s.receiver.Tick(now)
		s.heard = now.Elapsed
		step, err := s.receiver.Recv(m)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if step == nil {
			continue
		}
		select {
		case s.steps <- step:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watch ends the stream when the donor is silent or cut off, and tells progress.
func (s *receiverSession) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		changed := s.f.cfg.Cuts.Changed() // before the look, so that no cut is missed
		if s.f.cfg.Cuts.Blocked(s.region) || s.f.cfg.Cuts.Deaf(s.region) {
			s.cancel(replication.ErrCut)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-tick.C:
		}
		if s.f.progress.due(s.f.elapsed()) {
			s.f.cfg.Events.Going(s.f.Status())
		}
		s.mu.Lock()
		silent := s.f.elapsed() - s.heard
		s.mu.Unlock()
		if silent > donorSilence && len(s.steps) == 0 {
			s.cancel(fmt.Errorf("%w: nothing heard for %v", replication.ErrStuck, silent.Round(time.Second)))
		}
	}
}

// apply does the steps in order, also those that came before the stream broke, and sends
// what the machine wants sent.
func (s *receiverSession) apply(ctx context.Context) error {
	for {
		if err := s.send(); err != nil {
			return err
		}
		step, more := <-s.steps
		if !more {
			return s.broken
		}
		if err := s.f.cfg.Applier.Apply(ctx, s.f.cfg.Shard, step); err != nil {
			return err
		}
		if s.settled(step) {
			return nil
		}
	}
}

// settled tells the machine that a step is durable, and reports whether it was the last.
func (s *receiverSession) settled(step Step) (done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = s.f.elapsed() // what was slow here was not the donor
	if _, ok := step.(*Begin); ok {
		s.receiver.Begun(s.f.cfg.Applier.Position(s.f.cfg.Shard).UpTo)
		return false
	}
	s.receiver.Settled(step)
	s.f.progress.note(s.f.elapsed(), s.receiver.Counts(), s.f.cfg.Applier.Position(s.f.cfg.Shard))
	return s.receiver.Done()
}

func (s *receiverSession) send() error {
	for {
		s.mu.Lock()
		m := s.receiver.Next()
		s.mu.Unlock()
		if m == nil {
			return nil
		}
		// After io.EOF the reader finds out why.
		if err := s.stream.Send(m); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
}
