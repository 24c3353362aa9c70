package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// sourceSession runs one Source over one stream: a reader, a writer and a watcher per
// shard.
type sourceSession struct {
	r      *Replicator
	stream Stream
	wake   chan struct{}
	cancel context.CancelCauseFunc
	began  time.Duration

	mu     sync.Mutex
	source *Source       // guarded by mu
	heard  time.Duration // guarded by mu
}

// Serve sends to a peer that opened a stream, until the stream ends or Run does. It
// returns why, when all its goroutines are gone; the stream is closed then.
func (r *Replicator) Serve(stream Stream) error {
	ctx, err := r.enter()
	if err != nil {
		stream.Close(err)
		return err
	}
	defer r.exit()
	now := r.now().Elapsed
	s := &sourceSession{
		r: r, stream: stream, wake: make(chan struct{}, 1), began: now, heard: now,
		source: NewSource(SourceConfig{Local: r.cfg.Local, Shards: r.cfg.Shards, Log: r.cfg.Log, Own: r.cfg.Own, Members: r.cfg.Members, Refuse: r.cfg.Refuse}),
	}
	err = s.run(ctx)
	s.mu.Lock()
	id := s.source.Peer()
	s.mu.Unlock()
	r.cfg.Events.ServeEnded(id, err)
	return err
}

func (r *Replicator) enter() (context.Context, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.ctx.Err() != nil {
		return nil, ErrStopped
	}
	if r.streams >= MaxStreams {
		return nil, ErrBusy
	}
	r.streams++
	r.serving.Add(1)
	return r.ctx, nil
}

func (r *Replicator) exit() {
	r.mu.Lock()
	r.streams--
	r.mu.Unlock()
	r.serving.Done()
}

func (s *sourceSession) run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	s.cancel = cancel
	// Send and Recv block: only closing the stream ends them.
	context.AfterFunc(ctx, func() { s.stream.Close(s.cause(ctx)) })
	var wg sync.WaitGroup
	wg.Go(func() { cancel(s.read()) })
	for _, id := range s.r.cfg.Shards {
		wg.Go(func() { s.watch(ctx, id) })
	}
	cancel(s.write(ctx))
	wg.Wait()
	s.leave()
	return s.cause(ctx)
}

// cause names the end of Run as such, so that the peer comes back.
func (s *sourceSession) cause(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return ErrStopped
}

func (s *sourceSession) read() error {
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return err
		}
		if m, ok := m.(*Hello); ok {
			if err := s.r.learn(m.Identity, m.Members); err != nil {
				return err
			}
		}
		s.mu.Lock()
		now := s.r.now()
		s.source.Tick(now)
		s.heard = now.Elapsed
		err = s.source.Recv(m)
		id := s.source.Peer()
		s.mu.Unlock()
		if err != nil {
			s.r.accuse(err)
			return err
		}
		switch m := m.(type) {
		case *Hello:
			if err := s.r.tellApart(id); err != nil {
				return err
			}
			if err := s.join(id); err != nil {
				return err
			}
			s.remember(id, m.Vectors, true)
		case *Ack:
			s.remember(id, m.Durable, false)
		}
		wake(s.wake)
	}
}

// join registers the session; an older one of the same node is closed.
func (s *sourceSession) join(id Identity) error {
	if s.r.cfg.Cuts.Blocked(id.Region) {
		return ErrCut
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if old := s.r.sources[id.Node]; old != nil {
		old.cancel(ErrReplaced)
	}
	s.r.sources[id.Node] = s
	if id.Address != "" {
		s.r.nodeOf[id.Address] = id.Node
	}
	s.r.cfg.Events.Served(id)
	return nil
}

// remember keeps what the peer holds durably; a Hello replaces what was known.
func (s *sourceSession) remember(id Identity, vs []ShardVector, replace bool) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.sources[id.Node] != s {
		return
	}
	known := s.r.acked[id.Node]
	if known == nil || replace {
		known = make(map[store.ShardID]clock.VersionVector)
		s.r.acked[id.Node] = known
	}
	for _, v := range vs {
		joined := known[v.Shard]
		joined.Join(v.Vector)
		known[v.Shard] = joined
	}
}

func (s *sourceSession) leave() {
	s.mu.Lock()
	node := s.source.Peer().Node
	s.mu.Unlock()
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.sources[node] == s {
		delete(s.r.sources, node)
	}
}

// watch wakes the writer whenever the durable log advances.
func (s *sourceSession) watch(ctx context.Context, id store.ShardID) {
	for {
		_, advanced := s.r.cfg.Log.Heads(id)
		wake(s.wake) // after taking the channel, so that no advance is missed
		select {
		case <-ctx.Done():
			return
		case <-advanced:
		}
	}
}

func (s *sourceSession) write(ctx context.Context) error {
	return writeWhen(ctx, s.wake, s.r.cfg.Cuts, s.check, s.send)
}

// send sends what the machine wants sent. A slow peer blocks here, and holds up nobody
// else: every stream has its own session.
func (s *sourceSession) send(ctx context.Context) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		s.source.Tick(s.r.now())
		m, err := s.source.Next()
		s.mu.Unlock()
		if m == nil || err != nil {
			return err
		}
		if err := s.stream.Send(m); err != nil {
			return sendError(ctx, err)
		}
	}
	return ctx.Err()
}

// check closes streams that are silent or cut.
func (s *sourceSession) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, id := s.r.now().Elapsed, s.source.Peer()
	switch {
	case id.Node == "" && now-s.began > helloWithin:
		return fmt.Errorf("%w: no hello", ErrStuck)
	case now-s.heard > sourceSilence:
		return fmt.Errorf("%w: nothing heard for %v", ErrStuck, (now - s.heard).Round(time.Millisecond))
	case id.Region != "" && s.r.cfg.Cuts.Blocked(id.Region):
		return ErrCut
	}
	return nil
}
