package keyspace

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Bounds of the commit loop.
const (
	queueMax      = 1024    // requests waiting for the loop
	batchMax      = 512     // requests in one commit
	batchBytesMax = 4 << 20 // bytes after which a commit takes no more requests
	inFlightMax   = 4       // commits applied and not yet acknowledged
	unsyncedMax   = 1 << 16 // commits acknowledged and not yet durable, under fsync interval
	tickEvery     = 100 * time.Millisecond
)

// Store is where a shard keeps its state.
type Store interface {
	store.Reader
	Apply(*store.Commit) (store.Pending, error)
	View() store.View
	Heads(store.ShardID) ([]store.Head, error)
}

// Events tells what happens in a shard. Every function may be nil; none may block.
type Events struct {
	// Committed is called for each commit that was applied, in order, before it is
	// acknowledged.
	Committed func(records, cells int)
	// Durable is called for each commit that became durable, in order, with its frames.
	Durable func(shard store.ShardID, frames []*oplog.Frame)
	// Refused is called for a frame that is never merged.
	Refused func(origin clock.Origin, err error)
}

// Config says which shard it is and how it reports.
type Config struct {
	CoreConfig
	Events Events
}

// Shard is the shell around Core: one goroutine that commits, readers beside it.
type Shard struct {
	cfg   Config
	store Store
	hlc   *clock.HLC
	in    chan request
	done  chan struct{} // closed when Run has ended

	core *Core // owned by Run

	mu      sync.Mutex
	current *published                  // guarded by mu; what readers see
	durable []store.Head                // guarded by mu; ascending by origin
	moved   chan struct{}               // guarded by mu; closed when durable advances
	stats   Stats                       // guarded by mu
	digests *digester                   // its stale marks are guarded by mu, the rest by its own lock
	heads   map[clock.Origin]store.Head // guarded by mu; durable by origin
	closed  bool                        // guarded by mu; nobody may begin to read
	readers sync.WaitGroup              // added to under mu, unless closed
}

// Stats describes a shard.
type Stats struct {
	Origin  clock.Origin
	Applied clock.VersionVector
	Waiting Waiting
	Commits uint64
	Records uint64
}

// request is one thing for the loop to do: exactly one of the three.
type request struct {
	execute []Command
	frame   *oplog.Frame
	tick    bool

	reply   chan<- outcome // for execute
	settled func(error)    // for frame
}

type outcome struct {
	replies []Reply
	err     error
}

// Open reads the shard's state. The clock must be above every stamp of it: see Floor.
func Open(cfg Config, st Store, hlc *clock.HLC) (*Shard, error) {
	heads, err := st.Heads(cfg.Shard)
	if err != nil {
		return nil, fmt.Errorf("open shard %d: %w", cfg.Shard, err)
	}
	s := &Shard{
		cfg: cfg, store: st, hlc: hlc,
		in:      make(chan request, queueMax),
		done:    make(chan struct{}),
		core:    NewCore(cfg.CoreConfig, st, heads, hlc),
		moved:   make(chan struct{}),
		digests: newDigester(),
		heads:   map[clock.Origin]store.Head{},
	}
	s.advance(heads)
	s.current = newPublished(st.View(), s.core)
	s.stats.Applied = s.core.Vector()
	return s, nil
}

// Floor returns the greatest stamp in heads: a node's clock starts above it.
func Floor(heads []store.Head) clock.Timestamp {
	var t clock.Timestamp
	for _, h := range heads {
		t = max(t, h.Time)
	}
	return t
}

// published is a state that readers may see, with the vector and the contexts that
// belong to it.
type published struct {
	view   store.View
	vector clock.VersionVector
	heads  map[clock.Origin]store.Head
	refs   int // guarded by Shard.mu; one for being current
}

func newPublished(v store.View, c *Core) *published {
	return &published{view: v, vector: c.Vector(), heads: maps.Clone(c.heads), refs: 1}
}

func (p *published) seen(o clock.Origin) crdt.Context {
	h := p.heads[o]
	return crdt.Context{Seen: h.Dep, Self: clock.Dot{Origin: o, Seq: h.Seq}}
}

// acquire takes hold of the published state, and of what also does under the lock.
func (s *Shard) acquire(also func()) (*published, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.readers.Add(1)
	s.current.refs++
	also()
	return s.current, nil
}

// doneReading ends what acquire began.
func (s *Shard) doneReading(p *published) error {
	defer s.readers.Done()
	return s.release(p)
}

// closeReads refuses new readers, waits for those that are at it, and closes the
// published state: after it nobody uses the store.
func (s *Shard) closeReads() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.readers.Wait()
	return s.release(s.current)
}

func (s *Shard) release(p *published) error {
	s.mu.Lock()
	p.refs--
	last := p.refs == 0
	s.mu.Unlock()
	if last {
		return p.view.Close()
	}
	return nil
}

// Execute runs commands as one transaction and returns when it is acknowledged: durable
// under fsync always. After ctx ends the outcome is not known.
func (s *Shard) Execute(ctx context.Context, cmds ...Command) ([]Reply, error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	reply := make(chan outcome, 1)
	if err := s.submit(ctx, request{execute: cmds, reply: reply}); err != nil {
		return nil, err
	}
	select {
	case o := <-reply:
		return o.replies, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.done:
		return s.lastOutcome(reply)
	}
}

// lastOutcome returns an outcome that was sent before the shard closed.
func (s *Shard) lastOutcome(reply <-chan outcome) ([]Reply, error) {
	select {
	case o := <-reply:
		return o.replies, o.err
	default:
		return nil, ErrClosed
	}
}

func (s *Shard) submit(ctx context.Context, r request) error {
	select {
	case <-s.done:
		return ErrClosed
	default:
	}
	select {
	case s.in <- r:
		select {
		case <-s.done:
			s.refuseRest() // it may have come after the shard refused the rest itself
		default:
		}
		return nil
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Read runs a command that only reads, on the last acknowledged state.
func (s *Shard) Read(_ context.Context, cmd Command) (r Reply, err error) {
	p, err := s.acquire(func() {})
	if err != nil {
		return r, err
	}
	defer func() {
		if e := s.doneReading(p); err == nil {
			err = e
		}
	}()
	return cmd.Run(&Tx{cells: stored{p.view, s.cfg.Shard, namespaceID(s.cfg.Namespace)}})
}

// Merge hands in a frame of another origin. It blocks only while the loop's queue is
// full. settled is called once: see Core.Merge; it must not block.
func (s *Shard) Merge(ctx context.Context, f *oplog.Frame, settled func(error)) error {
	return s.submit(ctx, request{frame: f, settled: settled})
}

// Durable returns how far the shard has come on disk, ascending by origin, and a
// channel that is closed when it next advances. The slice must not be changed.
func (s *Shard) Durable() ([]store.Head, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable, s.moved
}

// Stats returns what the shard is doing.
func (s *Shard) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Digest summarises the last acknowledged state. Only slots that changed since the
// last call are read.
func (s *Shard) Digest(context.Context) (d Digest, err error) {
	s.digests.mu.Lock()
	defer s.digests.mu.Unlock()
	var work *digestWork
	p, err := s.acquire(func() { work = s.digests.begin() })
	if err != nil {
		return d, err
	}
	defer func() {
		if e := s.doneReading(p); err == nil {
			err = e
		}
	}()
	d, err = work.compute(stored{p.view, s.cfg.Shard, namespaceID(s.cfg.Namespace)}, p.vector, p.seen)
	s.mu.Lock()
	s.digests.end(work, err)
	s.mu.Unlock()
	return d, err
}
