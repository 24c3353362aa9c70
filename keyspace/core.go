package keyspace

import (
	"fmt"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// CoreConfig says which shard a Core is and what it may use.
type CoreConfig struct {
	Shard     store.ShardID
	Namespace uint32
	// Region and Node are declared with every fresh origin.
	Region, Node string
	// NewOrigin draws a random origin that nobody has used.
	NewOrigin func() clock.Origin
	// MaxOffset is how far a remote stamp may lie ahead of this clock; 0 means 500 ms.
	MaxOffset time.Duration
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
	cfg   CoreConfig
	hlc   *clock.HLC
	heads map[clock.Origin]store.Head
	vv    clock.VersionVector
	own   *oplog.Builder // nil before the first local write
	gate  gate
	batch batch
	sweep sweeper

	failed error // set once; nothing is accepted after it

	deferred []store.Head // planted mistake: heads of the batch before
}

// NewCore opens the shard whose state src shows, with the heads that the store holds.
// src must always show the latest applied commit.
func NewCore(cfg CoreConfig, src store.Reader, heads []store.Head, hlc *clock.HLC) *Core {
	if cfg.MaxOffset == 0 {
		cfg.MaxOffset = 500 * time.Millisecond
	}
	c := &Core{cfg: cfg, hlc: hlc, heads: map[clock.Origin]store.Head{}}
	c.batch = newBatch(stored{src, cfg.Shard, namespaceID(cfg.Namespace)})
	for _, h := range heads {
		c.heads[h.Origin] = h
		c.vv.Advance(h.Origin, h.Seq)
	}
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
	if c.failed != nil {
		return nil, false, c.failed
	}
	c.batch.forget()
	tx := c.begin(slices.ContainsFunc(cmds, Command.Writes))
	replies = make([]Reply, len(cmds))
	for i, cmd := range cmds {
		if replies[i], err = cmd.Run(tx); err != nil {
			return nil, false, err
		}
	}
	u, written := tx.update()
	if written {
		err = c.record(u, tx.write)
	}
	return replies, written, err
}

func (c *Core) begin(writes bool) *Tx {
	tx := &Tx{cells: &c.batch}
	if !writes {
		return tx
	}
	if c.own == nil {
		c.own = c.incarnate()
	}
	dot := clock.Dot{Origin: c.own.Origin(), Seq: c.own.Next()}
	tx.write = &txWrite{
		tag:  crdt.Tag{Dot: dot, Time: c.hlc.Now()},
		ctx:  crdt.ContextOf(dot, c.vv),
		keys: map[string]*txKey{},
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

// record makes an update a record of this node's origin, and applies it.
func (c *Core) record(u crdt.Update, w *txWrite) error {
	if w.tag.Dot.Seq == 1 {
		u.Declare = &crdt.Declaration{Region: c.cfg.Region, Node: c.cfg.Node}
	}
	body := u.Append(nil)
	if len(body) > oplog.MaxRecordBytes-(64<<10) {
		return &TooLargeError{What: "transaction in bytes", Size: len(body), Limit: oplog.MaxRecordBytes - (64 << 10)}
	}
	if err := c.apply(&u, w.tag, w.ctx); err != nil {
		return err
	}
	dep := c.vv
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
		c.batch.bytes += f.Size()
	}
}

func (c *Core) advance(h store.Head) {
	c.heads[h.Origin] = h
	c.vv.Advance(h.Origin, h.Seq)
	c.batch.heads[h.Origin] = h
}

// seen returns the context of the last applied record of o, that record included.
func (c *Core) seen(o clock.Origin) crdt.Context {
	h := c.heads[o]
	return crdt.Context{Seen: h.Dep, Self: clock.Dot{Origin: o, Seq: h.Seq}}
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
	c.gate.add(f, settled)
	if c.drain(f.Origin) {
		c.drainAll()
	}
}

// drainAll applies waiting frames until none can move.
func (c *Core) drainAll() {
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
		passed, left, wait, err := c.mergeFrame(w.frame)
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
			w.frame, w.wait = left, wait
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
	c.drainAll()
	return c.sweep.step(c)
}

// Close settles every frame that waits with err; the core accepts nothing after it.
func (c *Core) Close(err error) {
	if c.failed == nil {
		c.failed = err
	}
	c.gate.close(err)
}

// Failed returns the error after which the core accepts nothing, if there was one. The
// open batch must not be applied then.
func (c *Core) Failed() error { return c.failed }

// Idle reports whether the open batch is empty.
func (c *Core) Idle() bool {
	return len(c.batch.heads) == 0 && len(c.batch.cells) == 0 && len(c.batch.extra) == 0 && len(c.deferred) == 0
}

// Size returns the approximate bytes of the open batch.
func (c *Core) Size() int {
	n := c.batch.bytes
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
	if c.cfg.Mistakes.Has(mistake.VectorApart) {
		commit.Heads, c.deferred = c.deferred, commit.Heads
	}
	return commit
}

// Waiting describes the frames that wait at the gate.
type Waiting struct {
	Frames, Bytes int
	// Parked frames wait for this clock to reach their stamp.
	Parked int
	// Ahead is how far the farthest parked stamp lies ahead of this clock.
	Ahead time.Duration
	// Unknown frames are of a newer version of the format.
	Unknown int
}

// Waiting returns what waits at the gate.
func (c *Core) Waiting() Waiting { return c.gate.summary(c.hlc) }
