package clienttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/freeport"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
	"github.com/atollkv/atoll/server/respserver"
	"github.com/atollkv/atoll/store"
)

// TB is what the package needs of testing.TB.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Option changes a Server.
type Option func(*Server)

// WithClock sets the clock verdict: an error refuses writes.
func WithClock(verdict func() error) Option { return func(s *Server) { s.clock = verdict } }

// WithAdmin answers the Admin service.
func WithAdmin(a grpcserver.Admin) Option { return func(s *Server) { s.admin = a } }

// WithRegion names the region that Ping answers with; the default is "test".
func WithRegion(region string) Option { return func(s *Server) { s.region = region } }

// WithShard puts something between the dispatcher and the shard.
func WithShard(wrap func(server.Shard) server.Shard) Option { return func(s *Server) { s.wrap = wrap } }

// WithSurface changes how the server is configured.
func WithSurface(change func(*grpcserver.Config)) Option {
	return func(s *Server) { s.surface = change }
}

// Server is the client surface of a node.
type Server struct {
	// Addr is where it listens, host:port. It stays the same over Restart.
	Addr string

	fs      vfs.FS
	region  string
	clock   func() error
	admin   grpcserver.Admin
	wrap    func(server.Shard) server.Shard
	surface func(*grpcserver.Config)

	mu   sync.Mutex
	stop func() error // nil when stopped
}

// NewServer starts a server, which ends with the test.
func NewServer(t TB, opts ...Option) *Server {
	t.Helper()
	addr, err := freeport.Address()
	if err != nil {
		t.Fatalf("find a port: %v", err)
	}
	s := &Server{Addr: addr, fs: vfs.NewMem(), region: "test"}
	for _, opt := range opts {
		opt(s)
	}
	if err := s.Start(); err != nil {
		t.Fatalf("start server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Fatalf("stop server: %v", err)
		}
	})
	return s
}

// patience is the time that a call has on a machine that is busy with other tests.
const patience = time.Minute

// Dial returns a client of the server, which is closed with the test. A call has a minute
// unless the options or its context say otherwise.
func (s *Server) Dial(t TB, opts ...client.Option) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, s.Addr, append([]client.Option{client.WithTimeout(patience)}, opts...)...)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Fatalf("close client: %v", err)
		}
	})
	return c
}

// Start starts a stopped server on its data and its address.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return err
	}
	db, err := store.Open(store.Options{Dir: "data", FS: s.fs, CacheBytes: 1 << 20, MemTableBytes: 1 << 20})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	shard, err := s.open(db)
	if err != nil {
		return errors.Join(err, db.Close(), listener.Close())
	}
	s.stop = s.run(listener, db, shard)
	return nil
}

func (s *Server) open(db *store.DB) (*keyspace.Shard, error) {
	heads, err := db.Heads(0)
	if err != nil {
		return nil, err
	}
	hlc := clock.NewHLC(clock.NewSystem(), keyspace.Floor(heads))
	cfg := keyspace.Config{CoreConfig: keyspace.CoreConfig{
		Region: s.region, Node: "n1",
		NewOrigin: func() clock.Origin { return clock.Origin(rand.Uint64()) },
	}}
	return keyspace.Open(cfg, db, hlc)
}

func (s *Server) run(listener net.Listener, db *store.DB, shard *keyspace.Shard) (stop func() error) {
	var gate server.Shard = shard
	if s.wrap != nil {
		gate = s.wrap(shard)
	}
	cfg := grpcserver.Config{
		Dispatcher:   server.New(server.Config{Shard: gate, Clock: s.clock}),
		Identity:     grpcserver.Identity{Cluster: "test", Region: s.region, Node: "n1"},
		Admin:        s.admin,
		DrainTimeout: 2 * time.Second,
		Words:        respserver.Words,
	}
	if s.surface != nil {
		s.surface(&cfg)
	}
	front := grpcserver.New(cfg)
	// The front ends before the shard, so that what it let in can finish.
	shardCtx, stopShard := context.WithCancel(context.Background())
	frontCtx, stopFront := context.WithCancel(context.Background())
	shardDone, frontDone := make(chan error, 1), make(chan error, 1)
	go func() { shardDone <- shard.Run(shardCtx) }()
	go func() { frontDone <- front.Run(frontCtx, listener) }()
	return func() error {
		stopFront()
		err := <-frontDone
		stopShard()
		return errors.Join(err, <-shardDone, db.Close())
	}
}

// Stop drains the server and closes its store. Stopping twice is fine.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return nil
	}
	stop := s.stop
	s.stop = nil
	return stop()
}

// Restart stops the server and starts it again on the same data.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}
