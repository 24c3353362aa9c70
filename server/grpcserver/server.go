package grpcserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Limits of a connection.
const (
	// MessageBytesMax bounds a message in either direction. It is above the largest
	// record (16 MiB), so that whatever is stored can also be moved.
	MessageBytesMax = 17 << 20

	streamsMax        = 128
	headerListBytes   = 16 << 10
	handshakeTimeout  = 10 * time.Second
	pingIntervalMin   = 5 * time.Second
	keepaliveInterval = 10 * time.Second
	keepaliveTimeout  = 5 * time.Second
)

// Identity says which node answers.
type Identity struct{ Cluster, Region, Node string }

// Admin answers the Admin service. Errors are explained by server.Explain.
type Admin interface {
	Status(context.Context, *pb.StatusRequest) (*pb.StatusResponse, error)
	Lag(context.Context, *pb.LagRequest) (*pb.LagResponse, error)
	Digest(context.Context, *pb.DigestRequest) (*pb.DigestResponse, error)
	CutLinks(context.Context, *pb.CutLinksRequest) (*pb.CutLinksResponse, error)
}

// Events reports what happens. Every function may be nil.
type Events struct {
	// Panic reports a request that panicked; the request failed with INTERNAL.
	Panic func(method string, value any, stack []byte)
	// Request reports a finished request or stream operation. err is nil or what the
	// client was told.
	Request func(method string, took time.Duration, err *server.Error)
}

// Config says what a Server serves. Dispatcher and Identity are required.
type Config struct {
	Dispatcher *server.Dispatcher
	Identity   Identity
	// Admin answers the Admin service; nil leaves the service out.
	Admin Admin
	// DrainTimeout bounds how long Run waits for running calls; default 10 s.
	DrainTimeout time.Duration
	// Connections bounds those of clients; default 10,000. SparesMax more are for others.
	Connections int
	// Waiters bounds the calls that wait for keys at a time; default 4,096. More are refused.
	Waiters int
	// StreamOperations bounds the operations of one stream in flight; default 256.
	StreamOperations int
	// StreamBytes bounds the bytes of the requests among them, and of the responses that the
	// client has not taken; default 64 MiB. One request is let in whatever its size.
	StreamBytes int
	// SendTimeout is how long a stream's client may take nothing of what it is sent; default 30 s.
	SendTimeout time.Duration
	// IntakeBytes bounds the bytes of the requests that are read and served at a time, over
	// all connections; more wait for a moment, then they are refused. Default 256 MiB. One
	// request is let in whatever its size.
	IntakeBytes int
	// WindowBytes is what a connection, and each stream of it, may send before somebody
	// reads it; default 1 MiB.
	WindowBytes int32
	// Words reads a command as it is worded in the Redis protocol: the name and its arguments, at least one.
	// Nil refuses them.
	Words func(args [][]byte, l *server.Limits) (server.Worded, error)
	// Regions tells how far what the node has written has come.
	Regions server.Regions
	// Full tells why no large request is to be read now; nil, or nil, lets it in. It must be quick.
	Full func() *server.Error
	// Options are added to those of the gRPC server: credentials, metrics.
	Options []grpc.ServerOption
	Events  Events
	// Ready tells why the node wants no traffic yet when Run starts; nil, or a nil error,
	// is that it does.
	Ready func() error
}

func (c *Config) setDefaults() {
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = 10 * time.Second
	}
	if c.Connections == 0 {
		c.Connections = 10_000
	}
	if c.Waiters == 0 {
		c.Waiters = 4096
	}
	if c.StreamOperations == 0 {
		c.StreamOperations = 256
	}
	if c.StreamBytes == 0 {
		c.StreamBytes = 64 << 20
	}
	if c.SendTimeout == 0 {
		c.SendTimeout = 30 * time.Second
	}
	if c.IntakeBytes == 0 {
		c.IntakeBytes = 256 << 20
	}
	if c.WindowBytes == 0 {
		c.WindowBytes = 1 << 20
	}
	if c.Full == nil {
		c.Full = func() *server.Error { return nil }
	}
}

// Server is the gRPC surface of a node.
type Server struct {
	cfg    Config
	intake *intake
	grpc   *grpc.Server
	health *health.Server
	// receivers counts the goroutines that read from streams. They end with the
	// connection, a moment after their handler.
	receivers sync.WaitGroup
	waits     chan struct{} // places of calls that wait for other regions
	keyWaits  waitingRoom
}

// New returns a server with the KV, the Trace and, if cfg has one, Admin service, health and
// reflection.
func New(cfg Config) *Server {
	cfg.setDefaults()
	s := &Server{cfg: cfg, health: health.NewServer(), intake: newIntake(cfg.IntakeBytes, cfg.Full), waits: make(chan struct{}, waitsMax), keyWaits: waitingRoom{callsMax: cfg.Waiters}}
	s.grpc = grpc.NewServer(s.options()...)
	kv := pb.KV_ServiceDesc
	s.explainDecoding(&kv)
	s.grpc.RegisterService(&kv, &kvService{Server: s})
	trace := pb.Trace_ServiceDesc
	s.explainDecoding(&trace)
	s.grpc.RegisterService(&trace, &traceService{Server: s})
	if cfg.Admin != nil {
		admin := pb.Admin_ServiceDesc
		s.explainDecoding(&admin)
		s.grpc.RegisterService(&admin, &adminService{admin: cfg.Admin})
	}
	healthpb.RegisterHealthServer(s.grpc, s.health)
	s.setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
	reflection.Register(s.grpc)
	return s
}

func (s *Server) options() []grpc.ServerOption {
	return append([]grpc.ServerOption{
		grpc.MaxRecvMsgSize(MessageBytesMax),
		grpc.MaxSendMsgSize(MessageBytesMax),
		grpc.MaxConcurrentStreams(streamsMax),
		// Both: one alone would leave the other to an estimator that grows it to 16 MiB.
		grpc.InitialWindowSize(s.cfg.WindowBytes),
		grpc.InitialConnWindowSize(s.cfg.WindowBytes),
		grpc.MaxHeaderListSize(headerListBytes),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingIntervalMin, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveInterval, Timeout: keepaliveTimeout}),
		experimental.BufferPool(newFramePool()),
		grpc.WaitForHandlers(true),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.ChainUnaryInterceptor(s.guardUnary),
		grpc.ChainStreamInterceptor(s.guardStream),
	}, s.cfg.Options...)
}

// Registrar takes further services. They must be registered before Run.
func (s *Server) Registrar() grpc.ServiceRegistrar { return s.grpc }

// SetServing tells health checks whether the node wants traffic. Run sets it when it
// starts, if the node is ready, and unsets it when it drains.
func (s *Server) SetServing(serving bool) {
	if serving {
		s.setHealth(healthpb.HealthCheckResponse_SERVING)
		return
	}
	s.setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
}

func (s *Server) setHealth(status healthpb.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", pb.KV_ServiceDesc.ServiceName} {
		s.health.SetServingStatus(service, status)
	}
}

// Run serves the listener until ctx ends. Then it drains: health says NOT_SERVING, new
// requests are refused, running ones get DrainTimeout to end. It returns when every
// goroutine it started is gone, and closes the listener.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	served := make(chan error, 1)
	s.SetServing(s.cfg.Ready() == nil)
	if s.cfg.Ready() == nil {
		s.SetServing(true) // it may have become ready between the question and the answer
	}
	go func() { served <- s.grpc.Serve(s.enter(listener)) }()
	var err error
	select {
	case <-ctx.Done():
		s.drain()
		err = <-served
	case err = <-served:
		s.grpc.Stop()
	}
	s.receivers.Wait()
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

func (s *Server) drain() {
	s.health.Shutdown()
	s.cfg.Dispatcher.Drain()
	graceful := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(graceful)
	}()
	timeout := time.NewTimer(s.cfg.DrainTimeout)
	defer timeout.Stop()
	select {
	case <-graceful:
	case <-timeout.C:
		s.grpc.Stop()
		<-graceful
	}
}
