package replication

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// sinkSession runs one Sink over one stream: a reader, an applier and a writer.
type sinkSession struct {
	p       *peer
	r       *Replicator
	address string
	node    string       // set when welcomed, under r.mu
	peer    Identity     // set with node
	heard   atomic.Int64 // when the last message came, as elapsed time
	stream  Stream
	stuck   time.Duration
	wake    chan struct{}
	apply   chan struct{}
	cancel  context.CancelCauseFunc

	mu   sync.Mutex
	sink *Sink // guarded by mu

	// Frames wait here for the applier and fates for the writer; credit bounds both.
	// They have their own lock because fates are told from within the commit loop.
	queueMu sync.Mutex
	queue   []Apply // guarded by queueMu
	fates   []fate  // guarded by queueMu
}

type fate struct {
	apply Apply
	err   error
}

func newSinkSession(p *peer, address string, stream Stream, stuck time.Duration) *sinkSession {
	cfg := p.r.cfg
	s := &sinkSession{
		p: p, r: p.r, address: address, stream: stream, stuck: stuck,
		wake: make(chan struct{}, 1), apply: make(chan struct{}, 1),
		sink: NewSink(SinkConfig{Local: cfg.Local, Shards: cfg.Shards, Log: cfg.Log, Own: cfg.Own, Window: cfg.Window, Hold: cfg.Hold, Members: cfg.Members}),
	}
	s.sink.Tick(p.r.now())
	return s
}

// run returns why the stream ended, when all its goroutines are gone.
func (s *sinkSession) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	s.cancel = cancel
	// Send and Recv block: only closing the stream ends them.
	context.AfterFunc(ctx, func() { s.stream.Close(context.Cause(ctx)) })
	var wg sync.WaitGroup
	wg.Go(func() { cancel(s.read()) })
	wg.Go(func() { cancel(s.applyAll(ctx)) })
	cancel(s.write(ctx))
	wg.Wait()
	s.leave()
	return context.Cause(ctx)
}

func (s *sinkSession) read() error {
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return err
		}
		now := s.r.now()
		s.heard.Store(int64(now.Elapsed))
		s.mu.Lock()
		s.sink.Tick(now)
		applies, err := s.sink.Recv(m)
		id := s.sink.Peer()
		s.mu.Unlock()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *Welcome:
			if err := s.r.learn(id, m.Members); err != nil {
				return err
			}
			if err := s.welcomed(id); err != nil {
				return err
			}
		case *Members:
			if err := s.r.learn(id, m.Registry); err != nil {
				return err
			}
		}
		if len(applies) > 0 {
			s.queueMu.Lock()
			s.queue = append(s.queue, applies...)
			s.queueMu.Unlock()
			wake(s.apply)
		}
		wake(s.wake)
	}
}

// welcomed registers the session as the one stream from its node.
func (s *sinkSession) welcomed(id Identity) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.nodeOf[s.address], s.r.regions[s.address] = id.Node, id.Region
	if old := s.r.sinks[id.Node]; old != nil {
		s.r.witness(old, id)
		return fmt.Errorf("%w: %q at %s and %s", errDuplicate, id.Node, old.address, s.address)
	}
	s.node, s.peer = id.Node, id
	s.r.sinks[id.Node] = s
	s.p.state, s.p.lastErr, s.p.session, s.p.connected = StateConnected, nil, s, s.r.now().Elapsed
	s.r.cfg.Events.Connected(id)
	return nil
}

func (s *sinkSession) leave() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.node != "" && s.r.sinks[s.node] == s {
		delete(s.r.sinks, s.node)
	}
}

// applyAll hands frames to the applier; when the shard's queue is full it waits, and
// nothing but this stream's credit with it.
func (s *sinkSession) applyAll(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.apply:
		}
		s.queueMu.Lock()
		queue := s.queue
		s.queue = nil
		s.queueMu.Unlock()
		for _, a := range queue {
			done := func(err error) { s.settled(a, err) }
			if err := s.r.cfg.Applier.Merge(ctx, a.Shard, a.Frame, done); err != nil {
				return fmt.Errorf("merge frame %v:%d: %w", a.Frame.Origin, a.Frame.First, err)
			}
		}
	}
}

// settled is called from the commit loop: it must not wait for the machine.
func (s *sinkSession) settled(a Apply, err error) {
	s.queueMu.Lock()
	s.fates = append(s.fates, fate{a, err})
	s.queueMu.Unlock()
	wake(s.wake)
}

func (s *sinkSession) write(ctx context.Context) error {
	return writeWhen(ctx, s.wake, s.r.cfg.Cuts, s.check, s.send)
}

// check closes streams that are silent or cut.
func (s *sinkSession) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if silent := s.r.now().Elapsed - s.sink.Heard(); silent > s.stuck {
		return fmt.Errorf("%w: nothing heard for %v", ErrStuck, silent.Round(time.Millisecond))
	}
	if s.r.deaf(s.sink.Peer().Region) {
		return ErrCut
	}
	return nil
}

// send settles fates and sends what the machine wants sent.
func (s *sinkSession) send(ctx context.Context) error {
	s.queueMu.Lock()
	fates := s.fates
	s.fates = nil
	s.queueMu.Unlock()
	for _, f := range fates {
		s.mu.Lock()
		s.sink.Tick(s.r.now())
		err := s.sink.Settled(f.apply, f.err)
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	for {
		s.mu.Lock()
		s.sink.Tick(s.r.now())
		m := s.sink.Next()
		s.mu.Unlock()
		if m == nil {
			return nil
		}
		if err := s.stream.Send(m); err != nil {
			return sendError(ctx, err)
		}
	}
}

// sendError returns why a stream ended when Send cannot tell: the reader finds out.
func sendError(ctx context.Context, err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
