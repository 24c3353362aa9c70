package grpctransport

import (
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
)

const (
	maxConcurrentStreams = 128
	maxHeaderBytes       = 16 << 10
	handshakeTimeout     = 10 * time.Second
)

// Handler serves one stream until it ends; [replication.Replicator] is one.
type Handler interface {
	Serve(replication.Stream) error
}

// Server accepts the streams of peers.
type Server struct {
	pb.UnimplementedReplicationServer
	handler Handler
}

// NewServer returns a server that hands streams to h.
func NewServer(h Handler) *Server { return &Server{handler: h} }

// Register adds the service to a gRPC server, which should have been made with
// ServerOptions.
func (s *Server) Register(to grpc.ServiceRegistrar) { pb.RegisterReplicationServer(to, s) }

// ServerOptions returns what a gRPC server needs that peers talk to: limits, and an
// enforcement policy that matches their keepalive.
func ServerOptions() []grpc.ServerOption {
	// Neither HTTP/2 window is set: setting one disables the estimator for both.
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxSendMsgSize(MaxMessageBytes),
		grpc.MaxConcurrentStreams(maxConcurrentStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveWait}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	}
}

// Pull implements the service. gRPC ends a served stream only when its handler
// returns, so the handler waits here for Close while the stream is served beside it;
// the stream's calls then fail, and whoever serves it leaves.
func (s *Server) Pull(stream grpc.BidiStreamingServer[pb.PullRequest, pb.PullResponse]) error {
	st := &serverStream{stream: stream, closed: make(chan struct{})}
	go func() { _ = s.handler.Serve(st) }() // the cause reaches us by Close; the handler waits for its own
	<-st.closed
	return toStatus(st.cause)
}

// serverStream is the source's end of a stream.
type serverStream struct {
	stream grpc.BidiStreamingServer[pb.PullRequest, pb.PullResponse]
	once   sync.Once
	cause  error // set before closed is closed
	closed chan struct{}
}

func (s *serverStream) Send(m replication.Message) error {
	r, err := toResponse(m)
	if err != nil {
		return err
	}
	return s.stream.Send(r)
}

func (s *serverStream) Recv() (replication.Message, error) {
	r, err := s.stream.Recv()
	if err != nil {
		return nil, err
	}
	return fromRequest(r)
}

func (s *serverStream) Close(cause error) {
	s.once.Do(func() {
		s.cause = cause
		close(s.closed)
	})
}

// toStatus maps the end of a stream of frames or of state to what the peer is told.
func toStatus(err error) error { return statusOf(err, replicationCodes) }

var replicationCodes = []errorCode{
	{replication.ErrWrongCluster, codes.FailedPrecondition},
	{replication.ErrClone, codes.AlreadyExists},
	{replication.ErrSelf, codes.FailedPrecondition},
	{replication.ErrNoProtocol, codes.FailedPrecondition},
	{replication.ErrRemoved, codes.FailedPrecondition},
	{replication.ErrMalformed, codes.InvalidArgument},
	{replication.ErrUnexpected, codes.InvalidArgument},
	{replication.ErrOrigin, codes.PermissionDenied},
	{replication.ErrBusy, codes.ResourceExhausted},
}
