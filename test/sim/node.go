package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

const cluster = "sim"

var shards = []store.ShardID{0}

// node is one region: the real cores, in a shell of virtual time.
type node struct {
	w      *world
	id     string
	number int // place of its letter in the alphabet
	// identity is what its data directory says it is: a clone has that of its original.
	identity string
	disk     *disk
	offset   time.Duration // wall clock minus true time
	// reached is all that the node ever held durably, older copies put in its disk's place
	// notwithstanding.
	reached clock.VersionVector

	// The rest is gone after a crash.
	up       bool
	life     int // counts starts; events of an earlier life do nothing
	core     *keyspace.Core
	hlc      *clock.HLC
	seen     clock.VersionVector // at the last check
	open     []*update           // updates of the open batch
	flight   [][]*update
	router   *replication.Router
	pulls    map[string]*stream // by peer
	serves   map[string]*stream // by identity of the peer
	acks     *replication.Acks
	dialAt   map[string]time.Duration
	known    *roll  // of members; nil where nobody is removed
	compared []byte // the registry that what is kept aside was compared with
	counted  keyspace.AsideCount
	removal  *removal            // that this node drives, nil if none
	ended    clock.VersionVector // what peers have told of ended origins
	// takeover is the transfer on its way, nil if none.
	takeover *transfer
	// healing gives a damaged range back, nil if none; standing are ranges that wait for it.
	healing  *healing
	standing map[[2]string]stands

	digested   *keyspace.Digest
	digestedAt [2]int // life and number of commits
}

// Read implements clock.Wall.
func (n *node) Read() (int64, time.Duration) {
	return (epoch + n.w.now + n.offset).Milliseconds(), n.w.now
}

func (n *node) now() replication.Now {
	wall, elapsed := n.Read()
	return replication.Now{Elapsed: elapsed, WallMillis: wall, Stamp: n.hlc.Last()}
}

func (n *node) roll(what purpose) *dice { return n.w.roll(what, n.number) }

// start opens the node on what its disk holds.
func (n *node) start() {
	heads := n.disk.latest.sortedHeads()
	n.up = true
	n.life++
	n.hlc = clock.NewHLC(n, n.floor(heads))
	n.openRoll()
	n.core = keyspace.NewCore(keyspace.CoreConfig{
		Region: n.identity, Node: "n1", Mistakes: n.w.planted, MaxOffset: maxOffset, SweepCells: n.w.cond.sweep, ExpireOthers: n.w.cond.others(),
		NewOrigin: func() clock.Origin { return n.w.newOrigin(n) }, Ends: n.endsConfig(), Limits: n.limits(), CacheBytes: cacheBytes,
		OnceWindow: n.w.cond.forget, Annulled: func(increment clock.Dot, saw clock.VersionVector) { n.w.annulled(n, increment, saw) },
	}, n.disk, heads, n.hlc)
	n.restoreBlocks()
	n.seen = n.core.Vector()
	n.open, n.flight, n.ended = nil, nil, clock.VersionVector{}
	n.router = replication.NewRouter(0)
	n.router.Limit = n.limit
	n.pulls, n.serves = map[string]*stream{}, map[string]*stream{}
	n.dialAt = map[string]time.Duration{}
	n.takeover = nil
	n.acks = replication.NewAcks()
	n.acks.SetMembers(n.members())
	n.later(n.roll(forTick).between(0, tick), n.tick)
}

// floor returns the stamp that the clock starts above.
func (n *node) floor(heads []store.Head) clock.Timestamp {
	switch {
	case n.w.planted.Has(mistake.ClockForgotten):
		return 0
	case n.w.planted.Has(mistake.OwnStampsOnly):
		own := n.owned(0)
		heads = slices.DeleteFunc(slices.Clone(heads), func(h store.Head) bool { return !slices.Contains(own, h.Origin) })
	}
	return keyspace.Floor(heads)
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
func (n *node) crash(why string) {
	n.w.note("crash %s: %s", n.id, why)
	if len(n.disk.unsynced) > 0 {
		sometimes.hit("crash with unsynced commits")
	}
	for _, s := range n.streams() {
		s.reset("crash")
	}
	n.up = false
	kept := n.roll(forCrash).n(len(n.disk.unsynced) + 1)
	for _, u := range slices.Concat(n.flight[:kept]...) {
		u.durable = true // though nobody was told
	}
	n.disk.crash(kept)
	n.reach()
}

// reach remembers what is durable.
func (n *node) reach() {
	for o, h := range n.disk.durable.heads {
		n.reached.Advance(o, h.Seq)
	}
}

func (n *node) streams() []*stream {
	var list []*stream
	for _, p := range n.w.nodes {
		if s := n.pulls[p.id]; s != nil {
			list = append(list, s)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(n.serves)) {
		list = append(list, n.serves[id])
	}
	return list
}

// members are the identities of the others that were not removed.
func (n *node) members() (others []string) {
	for _, p := range n.w.nodes {
		if p.identity != n.identity && n.stateOf(p.identity) != registry.Removed && !slices.Contains(others, p.identity) {
			others = append(others, p.identity)
		}
	}
	return others
}

// commit seals the open batch; it becomes durable later. A store that cannot write is
// dead, and the node with it.
func (n *node) commit() {
	if err := n.core.Failed(); err != nil {
		n.w.fail("I-33", "node %s: core failed: %v", n.id, err)
		return
	}
	if n.core.Idle() {
		return
	}
	if err := n.disk.apply(n.core.Seal()); err != nil {
		sometimes.hit("commit met a full disk")
		n.open = nil
		n.crash(err.Error())
		return
	}
	n.flight = append(n.flight, n.open)
	if n.w.planted.Has(mistake.AckedEarly) {
		acknowledge(n.open)
	}
	n.open = nil
	n.later(n.roll(forSync).between(0, n.w.cond.syncing)+n.delayOfDisk(), n.sync)
}

func (n *node) delayOfDisk() time.Duration {
	if n.w.cond.laggard == n.id[0] {
		return n.disk.slow + 300*time.Millisecond
	}
	return n.disk.slow
}

// sync makes the oldest commit durable and acknowledges its writes. Syncs complete in
// order, whatever the order of their timers. After one that failed nothing is
// acknowledged any more.
func (n *node) sync() {
	if err := n.disk.sync(); err != nil {
		sometimes.hit("sync failed")
		// The lost commit may be on the disk all the same, or not: here it is not.
		n.flight = n.flight[1:]
		n.disk.unsynced, n.flight = nil, nil
		n.crash(err.Error())
		return
	}
	for _, u := range n.flight[0] {
		u.durable = true
	}
	acknowledge(n.flight[0])
	n.flight = n.flight[1:]
	n.reach()
	n.pump()
}

func acknowledge(list []*update) {
	for _, u := range list {
		u.acked = true
	}
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

// owned are the origins on its disk that its identity has declared, in whatever life.
func (n *node) owned(store.ShardID) (own []clock.Origin) {
	for _, h := range n.disk.durable.sortedHeads() {
		if n.w.writers[h.Origin] == n.identity {
			own = append(own, h.Origin)
		}
	}
	return own
}

// tick does what timers do.
func (n *node) tick() {
	saw := n.core.Vector()
	if err := n.core.Tick(); err != nil {
		n.w.fail("I-33", "node %s: tick: %v", n.id, err)
		return
	}
	n.w.recordControl(n, saw)
	n.stale()
	if n.core.Ends().Superseded != nil {
		n.w.replaceSuperseded(n)
		return
	}
	if w := n.core.Waiting(); w.Frames > 0 {
		sometimes.hit("record waited at the gate")
		if w.Parked > 0 {
			sometimes.hit("frame parked")
		}
		if w.Damaged > 0 {
			sometimes.hit("frame waited for damage")
		}
		if w.Held > 0 {
			sometimes.hit("frame held while a seal is sought")
		}
	}
	if n.roll(forBatch).chance(n.w.cond.eager) {
		n.commit()
	}
	if !n.up {
		return
	}
	if n.roll(forTrim).chance(n.w.cond.trim) {
		n.truncate()
	}
	n.dial()
	n.route()
	n.catchUp()
	if n.mend(); !n.up {
		return
	}
	n.settleAside()
	if n.reap(); !n.up {
		return
	}
	for _, s := range n.streams() {
		s.expire()
	}
	n.pump()
	n.later(tick, n.tick)
}

// dial opens streams to the peers that have none. A node whose disk is full takes in
// nothing: it goes on serving what it has.
func (n *node) dial() {
	for _, p := range n.w.nodes {
		if p.identity == n.identity || !p.up || n.disk.full || n.connected(p.identity) || n.pulls[p.id] != nil || n.w.cut(n, p) || n.w.cut(p, n) || n.w.now < n.dialAt[p.id] {
			continue
		}
		n.dialAt[p.id] = n.w.now + n.w.roll(forDial, link(n, p)).between(100*time.Millisecond, 400*time.Millisecond)
		if n.stateOf(p.identity) == registry.Removed || n.out(false) {
			n.dialAt[p.id] += time.Second
		}
		n.w.connect(n, p)
	}
}

// connected reports whether the node pulls from a peer of that identity: a second address
// of a peer is left alone.
func (n *node) connected(identity string) bool {
	return slices.ContainsFunc(n.w.nodes, func(p *node) bool { return p.identity == identity && n.pulls[p.id] != nil })
}

func (n *node) route() {
	var live []replication.PeerView
	for _, p := range n.w.nodes {
		s := n.pulls[p.id]
		if s != nil && n.disk.full && !n.w.planted.Has(mistake.WriteErrorIgnored) {
			sometimes.hit("disk full, reads go on")
			s.reset("disk full")
			continue
		}
		if s != nil && s.sink.Welcomed() && n.w.now-s.sink.Heard() <= replication.LiveFor {
			live = append(live, s.sink)
		}
	}
	wants := n.router.Tick(n.w.now, n.disk.durable.vector(), live)
	for _, p := range n.w.nodes {
		if s := n.pulls[p.id]; s != nil {
			if len(wants[p.identity]) > 0 {
				sometimes.hit("relay used")
			}
			s.sink.SetWant(0, wants[p.identity])
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
	for identity, s := range n.serves {
		n.acks.Set(identity, 0, s.source.Acked(0))
	}
	mine := n.disk.durable.vector()
	for _, h := range n.disk.durable.retired().heads {
		mine.Advance(h.Origin, h.Seq)
	}
	for _, e := range n.lowest(mine).Entries() {
		n.w.checkTruncation(n, e)
		sometimes.hit("op log truncated")
		n.disk.latest.truncate(e.Origin, e.Seq)
		n.disk.durable.truncate(e.Origin, e.Seq)
	}
}

// lowest returns what all members hold.
func (n *node) lowest(mine clock.VersionVector) clock.VersionVector {
	if n.w.planted.Has(mistake.MemberForgotten) {
		n.acks.SetMembers([]string{n.w.nodes[0].identity})
	}
	return n.acks.Min(0, mine)
}

// rollBack puts an older durable image in place, as restoring a copy of the data
// directory does. Its op log may hold what others have truncated since.
func (n *node) rollBack(old *image) {
	n.disk = &disk{latest: old.clone(), durable: old.clone(), planted: n.w.planted}
}

// digest is computed from scratch on what is applied.
func (n *node) digest() (keyspace.Digest, error) {
	if !n.core.Idle() {
		return keyspace.Digest{}, errors.New("a batch is open")
	}
	if at := [2]int{n.life, n.disk.applied}; n.digested == nil || n.digestedAt != at {
		d, err := keyspace.ComputeDigest(n.disk, 0, n.core.Vector(), n.core.Knowledge())
		if err != nil {
			return d, err
		}
		n.digested, n.digestedAt = &d, at
	}
	return *n.digested, nil
}

func (n *node) String() string {
	if !n.up {
		return n.id + " (down)"
	}
	return fmt.Sprintf("%s %v", n.id, n.core.Vector())
}
