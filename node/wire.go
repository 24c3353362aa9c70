package node

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/replication/transfer"
	"github.com/atollkv/atoll/replication/verify"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/adminserver"
	"github.com/atollkv/atoll/server/grpcserver"
	"github.com/atollkv/atoll/server/respserver"
	"github.com/atollkv/atoll/store"
)

// shardID is the one shard there is: all namespaces are in it.
const shardID store.ShardID = 0

// Options are what a node gets from the program around it.
type Options struct {
	// Wall is the clock. Required.
	Wall clock.Wall
	// Logger takes what happens; nil discards it.
	Logger *slog.Logger
	// Version is the version of the program.
	Version string
}

// Node is one running Atoll node.
type Node struct {
	cfg  Config
	opts Options
	log  *slog.Logger

	metrics    *metrics
	db         *store.DB
	identity   identity
	hlc        *clock.HLC
	shard      *keyspace.Shard
	ring       *replication.Ring
	origins    *origins
	roster     *roster
	roll       *roll
	channels   *grpctransport.Channels
	ear        *ear
	remover    *remover
	salvage    *salvage
	local      replication.Identity
	cuts       *linkcut.Cuts
	replicator *replication.Replicator
	cluster    *membership.Cluster // nil when gossip is off
	comparer   *grpctransport.Comparer
	verifier   *verify.Verifier
	guard      *clockGuard
	stale      *staleGuard
	alarms     *alarms
	loading    *loading
	donor      *transfer.Server
	fetcher    *transfer.Fetcher
	budget     budget
	files      openFiles
	disk       *diskGuard
	memory     *memGuard
	truncater  *truncater
	healer     *healer
	scrubber   *scrubber
	expirer    *expirer
	dispatcher *server.Dispatcher
	grpc       *grpcserver.Server
	resp       *respserver.Server // nil when it is off
	http       *http.Server

	listener     net.Listener
	respListener net.Listener // nil when it is off
	httpListener net.Listener // nil when HTTP is off

	ran          bool          // owned by Run
	started      time.Duration // reading of the clock's elapsed time
	draining     atomic.Bool
	backgroundAt atomic.Int64 // when a failure in the background was logged last
	fatal        chan error   // capacity 1: the store died
}

// Open takes the data directory and the addresses of cfg and joins the parts. Nothing runs before
// Run. The error is a *ConfigError, an *OwnerError, wraps one of package store, or comes from the
// system.
func Open(cfg Config, opts Options) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Dev.ClockOffsetFile != "" {
		opts.Wall = &offsetWall{wall: opts.Wall, path: cfg.Dev.ClockOffsetFile}
	}
	if err := checkWall(opts.Wall); err != nil {
		return nil, &ConfigError{Problems: []string{err.Error()}}
	}
	n := &Node{cfg: cfg, opts: opts, log: opts.Logger, metrics: newMetrics(), cuts: &linkcut.Cuts{}, fatal: make(chan error, 1)}
	n.healer, n.scrubber, n.expirer = newHealer(n), &scrubber{n: n}, newExpirer(n)
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dev.Faults {
		n.cuts.Set(cfg.Dev.Cut, cfg.Dev.Deaf)
	}
	_, n.started = opts.Wall.Read()
	for _, open := range []func() error{n.openStore, n.openRoll, n.openShard, n.openPeers, n.openServers} {
		if err := open(); err != nil {
			return nil, errors.Join(n.wayOut(err), n.close())
		}
	}
	return n, nil
}

// wayOut names the command that helps when damage keeps the node from running. A store that does not
// open says so itself.
func (n *Node) wayOut(err error) error {
	var vital *store.VitalError
	if n.db == nil || !keyspace.IsDamage(err) || errors.As(err, &vital) {
		return err
	}
	return &store.VitalError{Dir: n.cfg.DataDir, Cause: err}
}

// openStore takes the data directory.
func (n *Node) openStore() (err error) {
	mode := store.FsyncAlways
	if n.cfg.Fsync == "interval" {
		mode = store.FsyncInterval
	}
	if n.files, err = n.cfg.shareFiles(openFilesLimit()); err != nil {
		return &ConfigError{Problems: []string{err.Error()}}
	}
	size := diskSize(n.cfg.DataDir)
	n.budget = n.cfg.shareOut(availableMemory(), size)
	n.budget.limitHeap()
	n.memory = &memGuard{limit: n.budget.heap, live: liveHeap, collect: runtime.GC}
	n.db, err = store.Open(store.Options{
		Dir: n.cfg.DataDir, Fsync: mode, FsyncInterval: n.cfg.FsyncInterval,
		CacheBytes: n.budget.cache, MemTableBytes: uint64(n.budget.memTable), MemTables: n.budget.memTables, OpenTables: n.files.tables,
		ReserveBytes: reserveFor(n.cfg.Disk.ReserveBytes, size), Events: n.storeEvents(),
	})
	if err != nil {
		return err
	}
	n.disk = newDiskGuard(n.db)
	n.disk.step()
	n.identity, err = claim(n.db, &n.cfg)
	return err
}

// openShard reads where the node stood. The clock starts above every stamp that left it.
func (n *Node) openShard() error {
	heads, err := n.db.Heads(shardID)
	if err != nil {
		return err
	}
	n.hlc = clock.NewHLC(n.opts.Wall, keyspace.Floor(heads))
	core := keyspace.CoreConfig{
		Shard: shardID, Region: n.cfg.Region, Node: n.cfg.Node,
		NewOrigin: newOrigin, MaxOffset: n.cfg.MaxOffset, Limits: n.roll.holds, Ends: n.endings(), CacheBytes: n.budget.cells,
	}
	n.shard, err = keyspace.Open(keyspace.Config{CoreConfig: core, Events: n.shardEvents()}, n.db, n.hlc)
	if err != nil {
		return err
	}
	n.healer.restore()
	n.origins = newOrigins(n.shard, n.cfg.Region, n.cfg.Node)
	// The memory of the log is bounded as the log itself is.
	n.ring = replication.NewRing(&durableLog{db: n.db, shard: n.shard}, int(min(n.budget.ring, n.cfg.Log.MaxBytes)))
	return nil
}

// openPeers joins what speaks with the other nodes.
func (n *Node) openPeers() (err error) {
	self := membership.Member{
		Region: n.cfg.Region, Node: n.cfg.Node, Address: n.cfg.AdvertiseAddress(), HTTPAddress: n.cfg.HTTPListen,
	}
	if n.roster, err = openRoster(n.db, self); err != nil {
		return err
	}
	local := replication.Identity{Cluster: n.cfg.Cluster, Node: self.Name(), Region: n.cfg.Region, Address: self.Address, Run: uint64(newOrigin())}
	n.local = local
	transport := grpctransport.New(nil)
	n.replicator = replication.New(replication.Config{
		Local:  local,
		Shards: []store.ShardID{shardID}, Log: n.ring, Applier: applier{n.shard, n.disk}, Window: n.budget.window, Transport: transport,
		Members: n.roll.bytes, Refuse: n.roll.refuse, Limit: n.roll.limit, Learn: n.learn,
		Own: n.origins.own, Hold: func() bool { return n.loading.active() }, Wall: n.opts.Wall, Stamp: n.hlc.Last, Cuts: n.cuts, Events: n.replicationEvents(),
	})
	n.wireRoll(transport)
	n.wireChannels(transport)
	n.roster.changed = n.setPeers
	n.roster.changed()
	n.verifier = n.newVerifier()
	if n.cfg.Gossip.Listen != "" {
		if n.cluster, err = n.newCluster(self); err != nil {
			return err
		}
	}
	n.healer.local, n.healer.transport = local, transport
	if err := n.openTransfer(local, transport); err != nil {
		return err
	}
	n.guard = &clockGuard{
		peers: n.replicator.Status, maxOffset: n.cfg.MaxOffset, changed: n.clockChanged,
		hlc: n.hlc, repaired: n.clockRepaired,
	}
	n.openStale()
	n.alarms = &alarms{look: n.lookForAlarms, changed: n.alarmChanged}
	n.truncater = &truncater{
		log: n.db.Log(shardID), retain: n.cfg.Log.RetainBytes, limit: n.cfg.Log.MaxBytes,
		maxAge: n.cfg.Log.MaxAge, wall: n.opts.Wall,
		pinned:    func() []clock.VersionVector { return n.donor.Pinned(shardID) },
		durable:   n.durable,
		point:     func() clock.VersionVector { return n.replicator.TruncationPoint(shardID) },
		truncated: n.logTruncated, over: n.logOver,
	}
	return nil
}

func (n *Node) newCluster(self membership.Member) (*membership.Cluster, error) {
	cfg := membership.Config{
		Cluster: n.cfg.Cluster, Self: self, Listen: n.cfg.Gossip.Listen, Advertise: n.cfg.Gossip.Advertise,
		Seeds: n.cfg.Gossip.Join, Known: n.roster.known(), Events: n.gossipEvents(),
		LeaveTimeout: leaveWait,
	}
	if n.cfg.Gossip.KeyFile != "" {
		key, err := membership.LoadKey(n.cfg.Gossip.KeyFile)
		if err != nil {
			return nil, &ConfigError{Problems: []string{"gossip.key_file: " + err.Error()}}
		}
		cfg.Key = key
	}
	if n.cfg.Dev.Faults {
		cfg.Cuts = n.cuts
	}
	return membership.New(cfg)
}

// openServers takes the addresses and joins what clients speak with.
func (n *Node) openServers() (err error) {
	if n.listener, err = net.Listen("tcp", n.cfg.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	n.dispatcher = server.New(server.Config{
		Shard: n.shard, Cluster: n.cfg.Cluster,
		Limits: server.Limits{KeyBytes: int(n.cfg.Limits.MaxKeyBytes), ValueBytes: int(n.cfg.Limits.MaxValueBytes)},
		Clock:  n.guard.refusal, Pressure: n.pressure, Loading: n.loading.refusal, Fresh: n.stale.fresh,
	})
	n.grpc = grpcserver.New(grpcserver.Config{
		Dispatcher:  n.dispatcher,
		Identity:    grpcserver.Identity{Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node},
		Connections: n.files.connections,
		Admin:       n.newAdmin(), DrainTimeout: n.cfg.DrainTimeout * 3 / 5, Events: n.serverEvents(),
		StreamBytes: int(n.budget.stream), IntakeBytes: int(n.budget.intake), WindowBytes: int32(n.budget.unread),
		Full: n.full, Ready: n.ready, Words: respserver.Words,
		Regions: server.Regions{Written: n.writtenDot, Holding: n.regionsHolding},
	})
	grpctransport.NewServer(n.replicator).Register(n.grpc.Registrar())
	grpctransport.NewCompareServer(n.verifier).Register(n.grpc.Registrar())
	adminserver.RegisterVerify(n.grpc.Registrar(), n.verifier)
	n.channels.Register(n.grpc.Registrar())
	grpctransport.NewMemberServer(n).Register(n.grpc.Registrar())
	adminserver.RegisterMembers(n.grpc.Registrar(), n.newMembersAdmin())
	adminserver.RegisterClock(n.grpc.Registrar(), n.newClockAdmin())
	adminserver.NewBackup(&backups{n: n}).Register(n.grpc.Registrar())
	adminserver.NewScrub(n.scrubber).Register(n.grpc.Registrar())
	n.metrics.registry.MustRegister(gauges{n}, transferGauges{n}, damageGauges{n}, onceGauges{n})
	grpctransport.NewTransferServer(n.donor).Register(n.grpc.Registrar())
	adminserver.NewTransferAdmin(n.cfg.Region, n.cfg.Node, n.fetcher.Status, n.donor.Serving).Register(n.grpc.Registrar())
	if err := n.openRESP(); err != nil || n.cfg.HTTPListen == "" {
		return err
	}
	if n.httpListener, err = net.Listen("tcp", n.cfg.HTTPListen); err != nil {
		return fmt.Errorf("http_listen: %w", err)
	}
	n.httpListener = netutil.LimitListener(n.httpListener, httpConnections)
	n.http = newHTTP(n.metrics.handler(), n.db.Alive, n.ready)
	return nil
}

func (n *Node) newAdmin() *adminserver.Service {
	cfg := adminserver.Config{
		Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node, Version: n.opts.Version, Fsync: n.cfg.Fsync,
		State: n.state, Uptime: n.uptime, Shard: n.shard, LogBytes: n.db.Log(shardID).Bytes,
		Peers: n.replicator.Status, Members: n.roster.all, Stamp: n.hlc.Last, Clock: n.guard.now, Owner: n.origins.owner, Alarms: n.alarms.texts,
	}
	if n.cfg.Dev.Faults {
		cfg.Cut = func(blocked, deaf []string) {
			n.cuts.Set(blocked, deaf)
			n.log.Warn("links cut by command", "blocked", blocked, "deaf_to", deaf)
		}
	}
	return adminserver.New(cfg)
}

// newOrigin draws a random origin; zero is none.
func newOrigin() clock.Origin {
	var b [8]byte
	for {
		rand.Read(b[:]) // never fails
		if o := clock.Origin(binary.BigEndian.Uint64(b[:])); o != 0 {
			return o
		}
	}
}

// durable returns what this node holds; it names retired origins too.
func (n *Node) durable() clock.VersionVector {
	var v clock.VersionVector
	for _, h := range allHeads(n.shard) {
		v.Advance(h.Origin, h.Seq)
	}
	return v
}

func (n *Node) uptime() time.Duration {
	_, now := n.opts.Wall.Read()
	return now - n.started
}

func (n *Node) state() string {
	if n.draining.Load() {
		return "draining"
	}
	if n.loading.active() {
		return "loading"
	}
	return "serving"
}

// ready tells whether the node wants traffic.
func (n *Node) ready() error {
	if n.draining.Load() {
		return errors.New("draining")
	}
	if err := n.loading.refusal(); err != nil {
		return err
	}
	return n.db.Alive()
}
