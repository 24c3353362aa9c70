package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const cluster = "sim"

var shards = []store.ShardID{0}

// node is one region: the real cores, in a shell of virtual time.
type node struct {
	w      *world
	id     string
	disk   *disk
	offset time.Duration // wall clock minus true time

	// The rest is gone after a crash.
	up     bool
	life   int // counts starts; events of an earlier life do nothing
	core   *keyspace.Core
	hlc    *clock.HLC
	own    []clock.Origin
	open   []*update // updates of the open batch
	flight [][]*update
	router *replication.Router
	wants  map[string][]replication.WantOrigin
	pulls  map[string]*stream // by peer
	serves map[string]*stream
	acks   *replication.Acks
	dialAt map[string]time.Duration
}

// Read implements clock.Wall.
func (n *node) Read() (int64, time.Duration) {
	return (epoch + n.w.now + n.offset).Milliseconds(), n.w.now
}

func (n *node) now() replication.Now {
	wall, elapsed := n.Read()
	return replication.Now{Elapsed: elapsed, WallMillis: wall, Stamp: n.hlc.Last()}
}

// start opens the node on what its disk holds.
func (n *node) start() {
	heads := n.disk.latest.sortedHeads()
	floor := keyspace.Floor(heads)
	if n.w.planted.Has(mistake.ClockForgotten) {
		floor = 0
	}
	n.up = true
	n.life++
	n.hlc = clock.NewHLC(n, floor)
	n.core = keyspace.NewCore(keyspace.CoreConfig{
		Region: n.id, Node: "n1", Mistakes: n.w.planted, MaxOffset: maxOffset,
		NewOrigin: func() clock.Origin { return n.w.newOrigin(n) },
	}, n.disk, heads, n.hlc)
	n.own = n.w.originsOf(n, heads)
	n.open, n.flight = nil, nil
	n.router = replication.NewRouter(0)
	n.wants = nil
	n.pulls, n.serves = map[string]*stream{}, map[string]*stream{}
	n.dialAt = map[string]time.Duration{}
	n.acks = replication.NewAcks()
	var others []string
	for _, p := range n.w.nodes {
		if p != n {
			others = append(others, p.id)
		}
	}
	n.acks.SetMembers(others)
	n.later(n.w.between(0, tick), n.tick)
}

// later schedules do for as long as the node lives.
func (n *node) later(d time.Duration, do func()) {
	life := n.life
	n.w.after(d, func() {
		if n.up && n.life == life {
			do()
		}
	})
}

// crash is kill -9 with loss of power: unsynced commits survive in part.
func (n *node) crash() {
	for _, s := range n.streams() {
		s.reset("crash")
	}
	n.up = false
	kept := n.w.rng.IntN(len(n.disk.unsynced) + 1)
	for _, u := range slices.Concat(n.flight[:kept]...) {
		u.durable = true // though nobody was told
	}
	n.disk.crash(kept)
}

func (n *node) streams() []*stream {
	var list []*stream
	for _, p := range n.w.nodes {
		for _, s := range []*stream{n.pulls[p.id], n.serves[p.id]} {
			if s != nil {
				list = append(list, s)
			}
		}
	}
	return list
}

// commit seals the open batch; it becomes durable later.
func (n *node) commit() {
	if err := n.core.Failed(); err != nil {
		n.w.fail("node %s: core failed: %v", n.id, err)
		return
	}
	if n.core.Idle() {
		return
	}
	n.disk.apply(n.core.Seal())
	n.flight = append(n.flight, n.open)
	n.open = nil
	if o := n.core.Origin(); o != 0 && !slices.Contains(n.own, o) {
		n.own = append(n.own, o)
		clock.SortOrigins(n.own)
	}
	n.later(n.w.between(0, n.w.syncing), n.sync)
}

// sync makes the oldest commit durable and acknowledges its writes. Syncs complete in
// order, whatever the order of their timers.
func (n *node) sync() {
	n.disk.sync()
	for _, u := range n.flight[0] {
		u.durable, u.acked = true, true
	}
	n.flight = n.flight[1:]
	n.pump()
}

// shipped is the image that streams serve from.
func (n *node) shipped() *image {
	if n.w.planted.Has(mistake.ShippedEarly) {
		return n.disk.latest
	}
	return n.disk.durable
}

// acknowledged is the image that this node tells others it holds.
func (n *node) acknowledged() *image {
	if n.w.planted.Has(mistake.AckApplied) {
		return n.disk.latest
	}
	return n.disk.durable
}

func (n *node) owned(store.ShardID) []clock.Origin { return n.own }

// tick does what timers do.
func (n *node) tick() {
	if err := n.core.Tick(); err != nil {
		n.w.fail("node %s: tick: %v", n.id, err)
		return
	}
	if n.core.Waiting().Frames > 0 {
		sometimes.hit("record waited at the gate")
	}
	if n.w.chance(n.w.eager) {
		n.commit()
	}
	if n.w.chance(n.w.trim) && !n.w.restore {
		n.truncate()
	}
	n.dial()
	n.route()
	for _, s := range n.streams() {
		s.expire()
	}
	n.pump()
	n.later(tick, n.tick)
}

// dial opens streams to the peers that have none.
func (n *node) dial() {
	for _, p := range n.w.nodes {
		if p == n || !p.up || n.pulls[p.id] != nil || n.w.cut(n, p) || n.w.cut(p, n) || n.w.now < n.dialAt[p.id] {
			continue
		}
		n.dialAt[p.id] = n.w.now + n.w.between(100*time.Millisecond, 400*time.Millisecond)
		n.w.connect(n, p)
	}
}

func (n *node) route() {
	var live []replication.PeerView
	for _, p := range n.w.nodes {
		if s := n.pulls[p.id]; s != nil && s.sink.Welcomed() && n.w.now-s.sink.Heard() <= replication.LiveFor {
			live = append(live, s.sink)
		}
	}
	n.wants = n.router.Tick(n.w.now, n.disk.durable.sortedHeads(), live)
	for _, p := range n.w.nodes {
		if s := n.pulls[p.id]; s != nil {
			if len(n.wants[p.id]) > 0 {
				sometimes.hit("relay used")
			}
			s.sink.SetWant(0, n.wants[p.id])
		}
	}
}

// pump sends whatever streams have to say.
func (n *node) pump() {
	for _, s := range n.streams() {
		s.pump(n)
	}
}

// truncate drops the op log that every node has durably.
func (n *node) truncate() {
	for _, p := range n.w.nodes {
		if s := n.serves[p.id]; s != nil {
			n.acks.Set(p.id, 0, s.source.Acked(0))
		}
	}
	var mine clock.VersionVector
	for _, h := range n.disk.durable.sortedHeads() {
		mine.Advance(h.Origin, h.Seq)
	}
	for _, e := range n.acks.Min(0, mine).Entries() {
		sometimes.hit("op log truncated")
		n.disk.latest.truncate(e.Origin, e.Seq)
		n.disk.durable.truncate(e.Origin, e.Seq)
	}
}

// rollBack puts an older durable image in place, as restoring a copy of the data
// directory does.
func (n *node) rollBack(old *image) {
	n.disk = &disk{latest: old.clone(), durable: old.clone()}
}

func (n *node) String() string {
	if !n.up {
		return n.id + " (down)"
	}
	return fmt.Sprintf("%s %v", n.id, n.core.Vector())
}
