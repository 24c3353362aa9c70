package keyspace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Bounds of the commit loop.
const (
	queueMax      = 1024    // requests of clients waiting for the loop, and as many others
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
	// Two queues of which the loop takes in turn: what peers send, and operators ask for, does
	// not wait behind all that clients want.
	clients  chan request
	others   chan request
	done     chan struct{} // closed when Run has ended
	unlearnt chan struct{} // capacity 1: the filter of cells is to be made anew
	heard    atomic.Pointer[func(Change)]

	core *Core // owned by Run

	mu      sync.Mutex
	current *published                  // guarded by mu; what readers see
	durable []store.Head                // guarded by mu; ascending by origin
	synced  uint64                      // guarded by mu; number of the last commit that is durable
	moved   chan struct{}               // guarded by mu; closed when durable or synced advance
	arrived chan struct{}               // guarded by mu; closed at the next commit; nil while nobody waits
	stats   Stats                       // guarded by mu
	digests *digester                   // see there
	sizes   sizers                      // see there
	heads   map[clock.Origin]store.Head // guarded by mu; durable by origin
	ended   ended                       // guarded by mu; durable
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
	// Aside is what is kept aside, in short; Above are origins of which more is applied than
	// counts.
	Aside AsideCount
	Above []clock.Origin
	// Transfer is how far taking over state has come.
	Transfer TransferState
	// Ends counts the origins that restarts left behind.
	Ends Ends
	// Once counts what is noted of operations with ids.
	Once OnceStats
	// Quarantined are the damaged ranges that wait to be healed.
	Quarantined []Quarantined
}

// request is one thing for the loop to do: exactly one of these, or none, to go on with what was postponed.
type request struct {
	execute  []Command // one transaction
	series   []Command // one transaction each
	frame    *oplog.Frame
	transfer TransferStep
	control  func(*Core) // what an operator asked for
	tick     bool

	last bool // it is the last of its batch

	wanted context.Context // of execute and series: when it has ended nobody waits, and it is not begun

	reply   chan<- outcome // for execute, series, transfer and control
	settled func(error)    // for frame
}

type outcome struct {
	replies []Reply
	done    bool // of a step of a transfer: it need not be given again
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
		clients:  make(chan request, queueMax),
		others:   make(chan request, queueMax),
		done:     make(chan struct{}),
		core:     NewCore(cfg.CoreConfig, st, heads, hlc),
		unlearnt: make(chan struct{}, 1),
		moved:    make(chan struct{}),
		heads:    map[clock.Origin]store.Head{},
	}
	if c := s.core.cache; c != nil {
		c.filter.forgotten = s.unlearn
	}
	s.raise(heads, nil)
	s.ended = newEnded(s.core)
	s.current = newPublished(st.View(), s.core)
	s.digests = newDigester(s.current.vector)
	s.stats.Aside, s.stats.Above = s.core.AsideCount(), s.core.limits.above
	s.stats.Ends, s.stats.Once = s.core.Ends(), s.core.Once()
	s.stats.Applied, s.stats.Transfer, s.stats.Quarantined = s.core.Vector(), s.core.TransferState(), s.core.Quarantined()
	return s, s.core.Failed()
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
	number uint64 // of the commit that made it
	ahead  bool   // a transfer has merged some ranges beyond the vector
	vector clock.VersionVector
	seen   clock.VersionVector // vector, and what some keys contain beyond it
	heads  map[clock.Origin]store.Head
	// retired explains vectors that name fewer origins than they cover.
	retired   *clock.Retired
	folds     *crdt.Folds
	ended     ended
	condemned error // nobody may read
	named     bool  // there may be cells of other namespaces than the default one
	refs      int   // guarded by Shard.mu; one for being current
}

func newPublished(v store.View, c *Core) *published {
	return &published{view: v, number: c.sealed, ahead: c.aheadOrActive(), vector: c.Vector(), seen: c.seen(), heads: maps.Clone(c.heads), retired: c.ends.table, folds: c.ends.folds, ended: newEnded(c), condemned: c.ends.condemned, named: c.batch.named, refs: 1}
}

// knowledge is what canonical forms depend on.
func (p *published) knowledge() crdt.Knowledge {
	seen := func(o clock.Origin) crdt.Context { return contextAt(p.heads[o], o, p.retired) }
	return crdt.Knowledge{Seen: seen, Folded: p.folds.At(p.vector)}
}

func (p *published) sortedHeads() []store.Head { return sortHeads(p.heads) }

// sortHeads returns heads ascending by origin.
func sortHeads(heads map[clock.Origin]store.Head) []store.Head {
	return slices.SortedFunc(maps.Values(heads), func(a, b store.Head) int { return cmp.Compare(a.Origin, b.Origin) })
}

// acquire takes hold of the published state, and of what also does under the lock. Nobody
// reads, compares or takes over the state of a node that is condemned.
func (s *Shard) acquire(also func()) (*published, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.current.condemned != nil {
		return nil, s.current.condemned
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
// under fsync always. After ctx ends the outcome is not known; what has not begun by then is
// not done at all.
func (s *Shard) Execute(ctx context.Context, cmds ...Command) ([]Reply, error) {
	wait, err := s.Begin(ctx, cmds...)
	if err != nil {
		return nil, err
	}
	return wait()
}

// Begin is Execute in two steps: it returns when the transaction is in the queue of the loop,
// and wait when it is acknowledged. Transactions that one goroutine begins run in that order.
func (s *Shard) Begin(ctx context.Context, cmds ...Command) (wait func() ([]Reply, error), err error) {
	if len(cmds) == 0 {
		return func() ([]Reply, error) { return nil, nil }, nil
	}
	reply := make(chan outcome, 1)
	if err := s.submit(ctx, s.clients, request{execute: cmds, wanted: ctx, reply: reply}); err != nil {
		return nil, err
	}
	return func() ([]Reply, error) { return s.await(ctx, reply) }, nil
}

func (s *Shard) await(ctx context.Context, reply <-chan outcome) ([]Reply, error) {
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

func (s *Shard) submit(ctx context.Context, queue chan<- request, r request) error {
	select {
	case <-s.done:
		return ErrClosed
	default:
	}
	select {
	case queue <- r:
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
func (s *Shard) Read(ctx context.Context, cmd Command) (r Reply, err error) {
	p, err := s.acquire(func() {})
	if err != nil {
		return r, err
	}
	defer func() {
		if e := s.doneReading(p); err == nil {
			err = e
		}
	}()
	reading := s.beginReading(ctx, p)
	defer reading.end()
	r, missed, err := reading.run(cmd)
	if err == nil && len(missed) > 0 {
		s.hear(Change{Events: missed})
	}
	return r, err
}

// cellsOf returns what the store itself holds: comparisons and transfers go by that, not by what is kept
// in memory.
func (s *Shard) cellsOf(p *published) stored {
	return stored{src: p.view, shard: s.cfg.Shard, retired: p.retired, named: p.named}
}

// Merge hands in a frame of another origin. It blocks only while the loop's queue is
// full. settled is called once: see Core.Merge; it must not block.
func (s *Shard) Merge(ctx context.Context, f *oplog.Frame, settled func(error)) error {
	return s.submit(ctx, s.others, request{frame: f, settled: settled})
}

// Durable returns how far the shard has come on disk, ascending by origin, and a
// channel that is closed when it next advances. The slice must not be changed.
func (s *Shard) Durable() ([]store.Head, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable, s.moved
}

// ended is what Core.Ended returns, at one moment.
type ended struct {
	heads []store.Head
	table *clock.Retired
}

func newEnded(c *Core) ended {
	heads, table := c.Ended()
	return ended{heads, table}
}

// Ended returns the last heads of the origins that are retired on disk, ascending, and the
// table that explains vectors without them. Heads that were asked for before are covered.
func (s *Shard) Ended() ([]store.Head, *clock.Retired) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended.heads, s.ended.table
}

// Stats returns what the shard is doing.
func (s *Shard) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Digest summarises the last acknowledged state. Only slots that changed since the
// last call are read.
func (s *Shard) Digest(ctx context.Context) (d Digest, err error) {
	p, err := s.Pin()
	if err != nil {
		return d, err
	}
	defer func() {
		if e := p.Close(); err == nil {
			err = e
		}
	}()
	if err := p.Summarize(ctx, false, nil); err != nil {
		return d, err
	}
	return p.table.digest(p.Vector())
}
