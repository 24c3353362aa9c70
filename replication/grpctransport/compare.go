package grpctransport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/verify"
)

const (
	// compareCallMax bounds how long one answer may take: a peer may read all its data for
	// it. compareIdleMax bounds how long a peer may keep this node's state pinned without
	// asking anything: as long, since it may be reading meanwhile.
	compareCallMax = 10 * time.Minute
	compareIdleMax = 10 * time.Minute
	// comparePeersMax bounds the connections that are kept.
	comparePeersMax = 256
	frameBytes      = 5 // of gRPC around each message
)

// Comparer opens comparisons. Connections are kept and idle: a verification that finds
// nothing different is not to spend its time on dialling.
type Comparer struct {
	transport *Transport

	mu    sync.Mutex
	conns map[string]*grpc.ClientConn // guarded by mu; by address
}

// NewComparer returns a comparer that dials with creds, nil for none.
func NewComparer(creds credentials.TransportCredentials, more ...grpc.DialOption) *Comparer {
	return &Comparer{transport: New(creds, append(more, grpc.WithIdleTimeout(time.Minute))...), conns: map[string]*grpc.ClientConn{}}
}

// Close closes the connections.
func (c *Comparer) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for address, conn := range c.conns {
		_ = conn.Close() // nothing is left to be lost
		delete(c.conns, address)
	}
}

func (c *Comparer) conn(address string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.conns[address]; conn != nil {
		return conn, nil
	}
	if len(c.conns) >= comparePeersMax {
		return nil, fmt.Errorf("%d peers already", len(c.conns))
	}
	conn, err := grpc.NewClient(address, c.transport.options...)
	if err == nil {
		c.conns[address] = conn
	}
	return conn, err
}

// Dial implements verify.Transport.
func (c *Comparer) Dial(ctx context.Context, address string) (verify.Conn, error) {
	conn, err := c.conn(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := pb.NewCompareClient(conn).Compare(ctx)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("dial %s: %w", address, compareError(err))
	}
	return &comparison{stream: stream, cancel: cancel}, nil
}

// comparison is the asking end of one comparison.
type comparison struct {
	stream         grpc.BidiStreamingClient[pb.CompareRequest, pb.CompareResponse]
	cancel         context.CancelFunc
	sent, received uint64
}

// Call implements verify.Conn. The context that counts is Dial's.
func (c *comparison) Call(_ context.Context, r verify.Request) (verify.Response, error) {
	m, err := toCompareRequest(r)
	if err != nil {
		return nil, err
	}
	limit := time.AfterFunc(compareCallMax, c.cancel)
	defer limit.Stop()
	c.sent += uint64(proto.Size(m)) + frameBytes
	if err := c.stream.Send(m); err != nil && !errors.Is(err, io.EOF) { // after EOF, Recv tells why
		return nil, compareError(err)
	}
	got, err := c.stream.Recv()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: the peer hung up", verify.ErrUnexpected)
	}
	if err != nil {
		return nil, compareError(err)
	}
	c.received += uint64(proto.Size(got)) + frameBytes
	return fromCompareResponse(got)
}

// Bytes implements verify.Conn.
func (c *comparison) Bytes() (sent, received uint64) { return c.sent, c.received }

// Close implements verify.Conn.
func (c *comparison) Close() { c.cancel() }

// compareError puts what the peer's end says into words.
func compareError(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch st.Code() {
	case codes.FailedPrecondition, codes.ResourceExhausted:
		return fmt.Errorf("%w: %s", verify.ErrRefused, st.Message())
	case codes.Unimplemented:
		return fmt.Errorf("%w: the peer's version does not know verification", verify.ErrRefused)
	default:
		return errors.New(st.Message())
	}
}

// CompareHandler answers one comparison; [verify.Verifier] is one.
type CompareHandler interface {
	Serve(ctx context.Context, next func() (verify.Request, error), send func(verify.Response) error) error
}

// CompareServer answers comparisons of peers.
type CompareServer struct {
	pb.UnimplementedCompareServer
	handler CompareHandler
}

// NewCompareServer returns a server over h.
func NewCompareServer(h CompareHandler) *CompareServer { return &CompareServer{handler: h} }

// Register adds the service to a gRPC server.
func (s *CompareServer) Register(to grpc.ServiceRegistrar) { pb.RegisterCompareServer(to, s) }

// Compare implements the service. The comparison runs beside the handler, so that a peer
// that keeps silent can be hung up on: its calls fail then, and it lets go of the state.
func (s *CompareServer) Compare(stream grpc.BidiStreamingServer[pb.CompareRequest, pb.CompareResponse]) error {
	idle := time.NewTimer(compareIdleMax)
	defer idle.Stop()
	next := func() (verify.Request, error) {
		m, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		idle.Reset(compareIdleMax)
		return fromCompareRequest(m)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- s.handler.Serve(stream.Context(), next, func(r verify.Response) error {
			m, err := toCompareResponse(r)
			if err != nil {
				return err
			}
			return stream.Send(m)
		})
	}()
	select {
	case err := <-ended:
		return compareStatus(err)
	case <-idle.C:
		return status.Error(codes.DeadlineExceeded, "the peer asked nothing for too long")
	}
}

func compareStatus(err error) error { return statusOf(err, compareCodes) }

var compareCodes = []errorCode{
	{verify.ErrRefused, codes.FailedPrecondition},
	{verify.ErrBusy, codes.ResourceExhausted},
	{verify.ErrMalformed, codes.InvalidArgument},
	{verify.ErrUnexpected, codes.InvalidArgument},
}
