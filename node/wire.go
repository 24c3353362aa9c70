package node

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/adminserver"
	"github.com/atollkv/atoll/server/grpcserver"
	"github.com/atollkv/atoll/store"
)

// shardID is the one shard there is; namespaceID the one namespace.
const (
	shardID     store.ShardID = 0
	namespaceID uint32        = 0
)

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
	cuts       *linkcut.Cuts
	replicator *replication.Replicator
	cluster    *membership.Cluster // nil when gossip is off
	guard      *clockGuard
	truncater  *truncater
	dispatcher *server.Dispatcher
	grpc       *grpcserver.Server
	http       *http.Server

	listener     net.Listener
	httpListener net.Listener // nil when HTTP is off

	ran      bool          // owned by Run
	started  time.Duration // reading of the clock's elapsed time
	draining atomic.Bool
	fatal    chan error // capacity 1: the store died
}

// Open takes the data directory and the addresses of cfg and joins the parts. Nothing runs before
// Run. The error is a *ConfigError, an *OwnerError, wraps one of package store, or comes from the
// system.
func Open(cfg Config, opts Options) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkWall(opts.Wall); err != nil {
		return nil, &ConfigError{Problems: []string{err.Error()}}
	}
	n := &Node{cfg: cfg, opts: opts, log: opts.Logger, metrics: newMetrics(), cuts: &linkcut.Cuts{}, fatal: make(chan error, 1)}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dev.Faults {
		n.cuts.Set(cfg.Dev.Cut, cfg.Dev.Deaf)
	}
	_, n.started = opts.Wall.Read()
	for _, open := range []func() error{n.openStore, n.openShard, n.openPeers, n.openServers} {
		if err := open(); err != nil {
			return nil, errors.Join(err, n.close())
		}
	}
	return n, nil
}

// openStore takes the data directory.
func (n *Node) openStore() (err error) {
	mode := store.FsyncAlways
	if n.cfg.Fsync == "interval" {
		mode = store.FsyncInterval
	}
	n.db, err = store.Open(store.Options{
		Dir: n.cfg.DataDir, Fsync: mode, FsyncInterval: n.cfg.FsyncInterval,
		CacheBytes: n.cfg.CacheBytes, Events: n.storeEvents(),
	})
	if err != nil {
		return err
	}
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
		Shard: shardID, Namespace: namespaceID, Region: n.cfg.Region, Node: n.cfg.Node,
		NewOrigin: newOrigin, MaxOffset: n.cfg.MaxOffset,
	}
	n.shard, err = keyspace.Open(keyspace.Config{CoreConfig: core, Events: n.shardEvents()}, n.db, n.hlc)
	if err != nil {
		return err
	}
	n.origins = newOrigins(n.shard, n.cfg.Region, n.cfg.Node)
	n.ring = replication.NewRing(&durableLog{db: n.db, shard: n.shard}, 0)
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
	n.replicator = replication.New(replication.Config{
		Local:  replication.Identity{Cluster: n.cfg.Cluster, Node: self.Name(), Region: n.cfg.Region, Address: self.Address},
		Shards: []store.ShardID{shardID}, Log: n.ring, Applier: applier{n.shard}, Transport: grpctransport.New(nil),
		Own: n.origins.own, Wall: n.opts.Wall, Stamp: n.hlc.Last, Cuts: n.cuts, Events: n.replicationEvents(),
	})
	n.roster.changed = func() { n.replicator.SetPeers(n.roster.peers(n.cfg.Peers)) }
	n.roster.changed()
	if n.cfg.Gossip.Listen != "" {
		if n.cluster, err = n.newCluster(self); err != nil {
			return err
		}
	}
	n.guard = &clockGuard{peers: n.replicator.Status, maxOffset: n.cfg.MaxOffset, changed: n.clockChanged}
	n.truncater = &truncater{
		log: n.db.Log(shardID), retain: n.cfg.Log.RetainBytes, limit: n.cfg.Log.MaxBytes,
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
	n.listener = netutil.LimitListener(n.listener, int(n.cfg.Limits.MaxConnections))
	n.dispatcher = server.New(server.Config{
		Shard:  n.shard,
		Limits: server.Limits{KeyBytes: int(n.cfg.Limits.MaxKeyBytes), ValueBytes: int(n.cfg.Limits.MaxValueBytes)},
		Clock:  n.guard.refusal,
	})
	n.grpc = grpcserver.New(grpcserver.Config{
		Dispatcher: n.dispatcher,
		Identity:   grpcserver.Identity{Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node},
		Admin:      n.newAdmin(), DrainTimeout: n.cfg.DrainTimeout * 3 / 5, Events: n.serverEvents(),
	})
	grpctransport.NewServer(n.replicator).Register(n.grpc.Registrar())
	n.metrics.registry.MustRegister(gauges{n})
	if n.cfg.HTTPListen == "" {
		return nil
	}
	if n.httpListener, err = net.Listen("tcp", n.cfg.HTTPListen); err != nil {
		return fmt.Errorf("http_listen: %w", err)
	}
	n.http = newHTTP(n.metrics.handler(), n.db.Alive, n.ready)
	return nil
}

func (n *Node) newAdmin() *adminserver.Service {
	cfg := adminserver.Config{
		Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node, Version: n.opts.Version, Fsync: n.cfg.Fsync,
		State: n.state, Uptime: n.uptime, Shard: n.shard, LogBytes: n.db.Log(shardID).Bytes,
		Peers: n.replicator.Status, Members: n.roster.all, Stamp: n.hlc.Last, Clock: n.guard.now, Owner: n.origins.owner,
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

func (n *Node) durable() clock.VersionVector {
	heads, _ := n.shard.Durable()
	var v clock.VersionVector
	for _, h := range heads {
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
	return "serving"
}

// ready tells whether the node wants traffic.
func (n *Node) ready() error {
	if n.draining.Load() {
		return errors.New("draining")
	}
	return n.db.Alive()
}
