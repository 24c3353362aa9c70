package keyspace

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// CoreConfig says which shard a Core is and what it may use.
type CoreConfig struct {
	Shard store.ShardID
	// Region and Node are declared with every fresh origin.
	Region, Node string
	// NewOrigin draws a random origin that nobody has used.
	NewOrigin func() clock.Origin
	// MaxOffset is how far a remote stamp may lie ahead of this clock; 0 means 500 ms.
	MaxOffset time.Duration
	// ExpireOthers is how long after its end a key is deleted here when another node's deadline was
	// decisive; 0 means ten minutes, and up to one more that differs from node to node. A key that this
	// node's deadline ended is deleted MaxOffset after it.
	ExpireOthers time.Duration
	// CacheBytes bounds the memory of cells that are kept there; 0 keeps none.
	CacheBytes int64
	// SweepCells bounds the cells that one step of the sweep visits; 0 means 512.
	SweepCells int
	// Limits is what was decided about members that are removed.
	Limits Limits
	// Ends says when origins of earlier incarnations are ended.
	Ends EndsConfig
	// OnceWindow is how long an operation with an id is known at least; 0 means five minutes.
	OnceWindow time.Duration
	// Annulled is told that this node made an increment void, by its last record: its operation was carried out
	// before. saw is what that record had seen. nil is nobody.
	Annulled func(increment clock.Dot, saw clock.VersionVector)
	// Mistakes are planted by tests of the tests.
	Mistakes mistake.Set
}

// Core is the corridor that both doors lead into: a state machine that turns commands
// and frames into commits. It is not safe for concurrent use, does no I/O but reads
// through the store.Reader given, and reads time only through the HLC.
//
// Usage: any number of Execute, Merge and Tick, then Seal; the commit that Seal
// returns must be applied to the store before the next call.
type Core struct {
	cfg     CoreConfig
	hlc     *clock.HLC
	heads   map[clock.Origin]store.Head
	vv      clock.VersionVector
	own     *oplog.Builder // nil before the first local write
	gate    gate
	batch   batch
	watches watches
	sweep   sweeper
	folding folding

	quarantine *quarantine
	guard      *guarded                                     // what batch reads through
	memory     txMemory                                     // of Execute
	aheadOf    func(key []byte) (clock.VersionVector, bool) // ahead, as a value
	// accepted frames pass the gate whatever their stamps say, by origin up to a seq.
	accepted map[clock.Origin]clock.Seq

	transfer transfer
	limits   limits
	aside    map[clock.Origin]aside
	ends     ends
	wishes   []wish

	cache   *cellCache
	sealed  uint64        // commits so far
	changed [Slots]uint64 // the last commit that changed each slot

	notes     notes
	writers   atomic.Bool // changes tell who made them
	conflicts conflicts
	arrivals  arrivals

	once once // operations with ids

	replaying bool // the update at hand issues another one again

	failed error // set once; nothing is accepted after it

	deferred []store.Head        // planted mistake: heads of the batch before
	stale    clock.VersionVector // planted mistake: the vector of the last commit
}

// NewCore opens the shard whose state src shows, with the heads that the store holds.
// src must always show the latest applied commit.
func NewCore(cfg CoreConfig, src store.Reader, heads []store.Head, hlc *clock.HLC) *Core {
	if cfg.MaxOffset == 0 {
		cfg.MaxOffset = 500 * time.Millisecond
	}
	if cfg.ExpireOthers == 0 {
		cfg.ExpireOthers = expireOthers + expireSpread(cfg.Region, cfg.Node)
	}
	if cfg.SweepCells == 0 {
		cfg.SweepCells = sweepCells
	}
	c := &Core{cfg: cfg, hlc: hlc, heads: map[clock.Origin]store.Head{}, cache: newCellCache(cfg.CacheBytes)}
	c.quarantine, c.aheadOf = &quarantine{}, c.ahead
	c.guard = &guarded{Reader: cachedReader{src, c.cache, &c.sealed}, quarantine: c.quarantine, mistakes: cfg.Mistakes}
	c.batch = newBatch(stored{src: c.guard, shard: cfg.Shard})
	c.batch.watches, c.batch.named = &c.watches, hasNamed(src)
	c.followEnds()
	c.watches.closed = make(chan struct{})
	c.watches.close = sync.OnceFunc(func() { close(c.watches.closed) })
	c.cache.learnSome(src)
	for _, h := range heads {
		c.heads[h.Origin] = h
		c.vv.Advance(h.Origin, h.Seq)
	}
	if err := c.openEnds(src); err != nil {
		c.failed = err
		return c
	}
	c.folding.pending = c.foldingPending(src)
	if c.transfer, c.failed = loadTransfer(src, cfg.Shard); c.failed == nil {
		hlc.Observe(c.transfer.newest)
	}
	if c.failed == nil {
		c.failed = c.openLimits(src)
	}
	if c.failed == nil {
		c.failed = c.openOnce(src)
	}
	if c.failed == nil {
		c.quarantine.list, c.failed = loadQuarantine(src, cfg.Shard)
	}
	c.forgetQuarantine()
	return c
}

// Vector returns what the shard has applied, the open batch included.
func (c *Core) Vector() clock.VersionVector { return c.vv }

// Head returns how far the shard has come in the records of o.
func (c *Core) Head(o clock.Origin) store.Head { return c.heads[o] }

// Origin returns the incarnation of this run, 0 before the first local write.
func (c *Core) Origin() clock.Origin {
	if c.own == nil {
		return 0
	}
	return c.own.Origin()
}

// Execute runs commands as one transaction. If they change anything, they become one
// record; written tells so. After an error nothing of them is kept.
func (c *Core) Execute(cmds []Command) (replies []Reply, written bool, err error) {
	return c.execute(cmds, clock.Dot{})
}

// execute is Execute; the record names the update that it replays, if it does.
func (c *Core) execute(cmds []Command, replays clock.Dot) (replies []Reply, written bool, err error) {
	replies = make([]Reply, len(cmds))
	if written, err = c.executeIn(replies, cmds, replays); err != nil {
		return nil, false, err
	}
	return replies, written, nil
}

// executeIn is execute with the memory for the replies. After an error they do not count.
func (c *Core) executeIn(replies []Reply, cmds []Command, replays clock.Dot) (written bool, err error) {
	if c.failed != nil {
		return false, c.failed
	}
	c.batch.forget()
	c.guard.forget()
	writes := slices.ContainsFunc(cmds, Command.Writes)
	if writes && c.ends.superseded != nil {
		return false, c.ends.superseded
	}
	if c.ends.condemned != nil {
		return false, c.ends.condemned
	}
	c.memory.forget()
	tx := c.beginIn(&c.memory, writes)
	for i, cmd := range cmds {
		replies[i], err = cmd.Run(tx)
		tx.NotifyMisses(cmd)
		if err == nil && len(cmds) > 1 {
			err = replies[i].Err // all or nothing
		}
		if err != nil {
			return false, err
		}
	}
	u, written := tx.update()
	if written {
		u.Replays = replays
		c.name(&u, tx.write.once, replies[0])
		err = c.record(u, tx.write)
	}
	if err == nil {
		c.notes.list = append(c.notes.list, tx.events...)
	}
	return written, err
}

func (c *Core) begin(writes bool) *Tx { return c.beginIn(&txMemory{}, writes) }

// beginIn begins a transaction in memory that no other uses.
func (c *Core) beginIn(m *txMemory, writes bool) *Tx {
	tx := &m.tx
	*tx = Tx{cells: &c.batch, countEnded: c.cfg.Mistakes.Has(mistake.FieldsEndedCounted), self: c.self(), hlc: c.hlc, ahead: c.cfg.MaxOffset, watches: &c.watches, conflicts: &c.conflicts, applied: c.vv, arrivals: &c.arrivals, roundsTrusted: c.cfg.Mistakes.Has(mistake.RoundsTrusted), noting: c.notes.wanted.Load(), missing: c.notes.misses.Load()}
	if !writes {
		return tx
	}
	if c.own == nil {
		c.own = c.incarnate()
	}
	dot := clock.Dot{Origin: c.own.Origin(), Seq: c.own.Next()}
	tx.write = &m.write
	*tx.write = txWrite{
		tag:  crdt.Tag{Dot: dot, Time: c.hlc.Now()},
		ctx:  crdt.ContextOf(dot, c.vv),
		keys: m.write.keys, changes: m.write.changes,
		beyond: c.aheadOf, origins: c, lates: c.lates, keepEnded: c.cfg.Mistakes.Has(mistake.EndedKept),
		anyRights: c.cfg.Mistakes.Has(mistake.RightsUnchecked), anyID: c.cfg.Mistakes.Has(mistake.IDsByClock), passPending: c.cfg.Mistakes.Has(mistake.PendingPassed),
	}
	return tx
}

// incarnate takes a fresh origin. An origin is never used over two openings of a data
// directory: a restored older copy would give new updates the names of lost ones.
func (c *Core) incarnate() *oplog.Builder {
	if c.cfg.Mistakes.Has(mistake.OriginReused) {
		if b := c.resume(); b != nil {
			return b
		}
	}
	return oplog.NewBuilder(uint32(c.cfg.Shard), c.cfg.NewOrigin())
}

// bodyBytesKept bounds the memory for the body of a record that the next one uses.
const bodyBytesKept = 1 << 20

// record makes an update a record of this node's origin, and applies it.
func (c *Core) record(u crdt.Update, w *txWrite) error {
	if w.tag.Dot.Seq == 1 {
		u.Declare = &crdt.Declaration{Region: c.cfg.Region, Node: c.cfg.Node}
		u.Closes = c.unclosed(w.tag.Dot.Origin)
	}
	dep := c.contextOfRecord() // an update that retires an origin was made by one who still named it
	body := c.bodyOf(u, c.memory.body[:0])
	if c.memory.body = body; cap(body) > bodyBytesKept {
		c.memory.body = nil
	}
	if len(body) > updateBytesMax {
		return &TooLargeError{What: "transaction in bytes", Size: len(body), Limit: updateBytesMax}
	}
	if err := c.apply(&u, w.tag, w.ctx); err != nil {
		return err
	}
	if u.Declare != nil {
		c.batch.set(store.MetaKey(MadeMeta(c.cfg.Shard, w.tag.Dot.Origin)), []byte{1})
	}
	if c.own.Size()+len(body) > batchBytesMax {
		c.cutFrame() // a frame of the whole batch might be too large to travel
	}
	c.own.Add(w.tag.Time, dep, body)
	c.advance(store.Head{
		Origin: w.tag.Dot.Origin, Seq: w.tag.Dot.Seq, Time: w.tag.Time,
		Hash: c.own.Hash(), Dep: dep.Without(w.tag.Dot.Origin),
	})
	return nil
}

// cutFrame makes the own records that are not in a frame yet one frame of the batch.
func (c *Core) cutFrame() {
	if f := c.own.Frame(); f != nil {
		c.batch.frames = append(c.batch.frames, f)
		c.batch.own += f.Size()
	}
}

func (c *Core) advance(h store.Head) {
	h.Dep = c.ends.shorten(h, len(c.heads))
	if _, known := c.heads[h.Origin]; !known {
		c.ends.allClosed = false
	}
	c.heads[h.Origin] = h
	c.vv.Advance(h.Origin, h.Seq)
	if c.vv.Retired() != c.ends.table {
		c.vv = c.vv.Under(c.ends.table)
	}
	c.batch.heads[h.Origin] = h
}

// Seen returns the context of the last applied record of o, that record included.
func (c *Core) Seen(o clock.Origin) crdt.Context {
	if c.cfg.Mistakes.Has(mistake.FloorsSettledEarly) {
		return crdt.Context{Seen: c.vv}
	}
	return contextAt(c.heads[o], o, c.ends.table)
}

// Merge takes a frame of another origin. Its records are applied as soon as their
// context is covered; until then the frame waits. settled is called once, with nil
// when the whole frame is applied or known, or with the reason why it never will be:
// ErrDiverged, ErrMalformed, or a failure to read the store.
func (c *Core) Merge(f *oplog.Frame, settled func(error)) {
	if c.failed != nil {
		settled(c.failed)
		return
	}
	if f.Origin == c.Origin() && f.Last() > c.heads[f.Origin].Seq {
		settled(fmt.Errorf("%w: %v is written by this node and by another", ErrDiverged, f.Origin))
		return
	}
	if retired, err := c.ends.judge(f); retired {
		settled(err)
		return
	}
	c.crowdOut(f.Origin)
	c.gate.add(f, settled)
	if c.drain(f.Origin) {
		c.drainAll()
	}
	c.annulAll()
}

// drainAll applies waiting frames until none can move.
func (c *Core) drainAll() {
	if c.cfg.Mistakes.Has(mistake.GateNotRetried) {
		return
	}
	for moved := true; moved; {
		moved = false
		for _, o := range c.gate.origins() {
			moved = c.drain(o) || moved
		}
	}
}

// drain applies waiting frames of one origin as far as possible.
func (c *Core) drain(o clock.Origin) (moved bool) {
	for {
		w := c.gate.first(o)
		if w == nil {
			return moved
		}
		passed, left, wait, err := c.mergeOrKeep(w.frame)
		if passed != nil {
			moved = true
			c.batch.frames = append(c.batch.frames, passed)
		}
		switch {
		case err != nil:
			c.gate.drop(o, err)
		case left == nil:
			c.gate.pop(o)
		default:
			w.frame, w.wait, w.needs, w.beyond = left, wait, clock.VersionVector{}, clock.VersionVector{}
			if wait == waitContext || wait == waitState {
				w.needs, w.beyond = c.gate.needed, c.gate.beyond
			}
			if wait == waitSealed {
				continue // the rest of it is kept aside
			}
			return moved
		}
	}
}

// Tick retries what waits for time to pass, and sweeps a little.
func (c *Core) Tick() error {
	if c.failed != nil {
		return c.failed
	}
	c.batch.forget()
	c.guard.forget()
	c.settleExtras()
	c.drainAll()
	c.annulAll()
	if err := c.sweepOnce(); err != nil {
		return err
	}
	if ended, err := c.endOrigins(); err != nil {
		return err
	} else if !ended {
		if err := c.grantWishes(); err != nil {
			return err
		}
	}
	if err := c.folding.step(c); err != nil {
		return err
	}
	return c.sweep.step(c)
}

// Close settles every frame that waits with err; the core accepts nothing after it.
func (c *Core) Close(err error) {
	if c.failed == nil {
		c.failed = err
	}
	c.gate.close(err)
	c.watches.close()
}

// Failed returns the error after which the core accepts nothing, if there was one. The
// open batch must not be applied then.
func (c *Core) Failed() error { return c.failed }

// Idle reports whether the open batch is empty.
func (c *Core) Idle() bool {
	return len(c.batch.heads) == 0 && len(c.batch.retired) == 0 && len(c.batch.cells) == 0 && len(c.batch.skips) == 0 && len(c.batch.extra)+len(c.batch.drops) == 0 && len(c.deferred) == 0
}

// Size returns the approximate bytes of the open batch.
func (c *Core) Size() int {
	n := c.batch.bytes + c.batch.own
	if c.own != nil {
		n += c.own.Size()
	}
	return n
}

// Seal closes the open batch and returns what it changes.
func (c *Core) Seal() *store.Commit {
	if c.own != nil {
		c.cutFrame()
	}
	commit := c.batch.seal(c.cfg.Shard)
	c.guard.forget()
	if c.writers.Load() {
		c.batch.writers = map[string]int64{}
	}
	c.sealed++
	for _, cell := range commit.Cells {
		if slot, ok := slotOfCell(cell.Key); ok {
			c.changed[slot] = c.sealed
		}
	}
	if !c.cfg.Mistakes.Has(mistake.CacheStale) {
		c.cache.change(commit.Cells, c.sealed)
	}
	if mistake.Enabled {
		c.stale = c.vv
	}
	if c.cfg.Mistakes.Has(mistake.VectorApart) {
		commit.Heads, c.deferred = c.deferred, commit.Heads
	}
	return commit
}

// Waiting describes the frames that wait at the gate.
type Waiting struct {
	Frames, Bytes int
	// Parked frames wait for this clock to reach their stamp, or that of one before them.
	Parked int
	// ParkedBy tells whose they are, ascending by origin.
	ParkedBy []Parked
	// Ahead is how far the farthest stamp that is known lies ahead of this clock.
	Ahead time.Duration
	// Unknown frames are of a newer version of the format.
	Unknown int
	// Held frames are of a member that is being removed.
	Held int
	// HeldBy tells of which origins they are, ascending.
	HeldBy []Parked
	// Damaged frames wait until the cells that they change are healed.
	Damaged int
	// ByState are updates that wait for what their writers had seen by state, ascending by origin.
	ByState []ByState
}

// ByState is an update whose writer was in the middle of a transfer: it had seen of a key what this
// shard lacks. When nobody has that by log any more, only the state of one that has applied the update
// helps.
type ByState struct {
	Dot   clock.Dot
	Lacks clock.VersionVector
}

// Waiting returns what waits at the gate.
func (c *Core) Waiting() Waiting { return c.gate.summary(c.hlc) }
