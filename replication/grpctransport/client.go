package grpctransport

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
)

const (
	// MaxMessageBytes bounds one message: a frame with one record of the greatest size
	// fits.
	MaxMessageBytes = 17 << 20
	keepaliveTime   = 10 * time.Second
	keepaliveWait   = 5 * time.Second
	connectTimeout  = 3 * time.Second
)

// Transport dials peers. Each stream has its own connection, so that an address is
// resolved anew at every attempt and no stream waits behind another.
type Transport struct{ options []grpc.DialOption }

// New returns a transport with the given credentials; nil means none: plain text.
// Further options are for tests.
func New(creds credentials.TransportCredentials, more ...grpc.DialOption) *Transport {
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	// Both HTTP/2 windows are as large as the largest credit, which is what bounds a stream. The
	// estimator, which setting them turns off, begins at 64 KiB and compares with the best bandwidth
	// that a connection ever had: on a link that became longer it stays there, 64 KiB a round trip.
	return &Transport{append([]grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithInitialWindowSize(replication.DefaultWindow),
		grpc.WithInitialConnWindowSize(replication.DefaultWindow),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveWait, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessageBytes), grpc.MaxCallSendMsgSize(MaxMessageBytes)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: connectTimeout}),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
	}, more...)}
}

// Dial implements replication.Transport.
func (t *Transport) Dial(ctx context.Context, address string) (replication.Stream, error) {
	conn, err := grpc.NewClient(address, t.options...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := pb.NewReplicationClient(conn).Pull(ctx)
	if err != nil {
		cancel()
		_ = conn.Close() // the error that matters is err
		return nil, fmt.Errorf("dial %s: %w", address, fromStatus(err))
	}
	return &clientStream{conn: conn, stream: stream, cancel: cancel}, nil
}

// clientStream is the sink's end of a stream.
type clientStream struct {
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[pb.PullRequest, pb.PullResponse]
	cancel context.CancelFunc
	once   sync.Once
}

func (s *clientStream) Send(m replication.Message) error {
	r, err := toRequest(m)
	if err != nil {
		return err
	}
	return s.stream.Send(r) // io.EOF when the stream is gone; Recv tells why
}

func (s *clientStream) Recv() (replication.Message, error) {
	r, err := s.stream.Recv()
	if err != nil {
		return nil, fromStatus(err)
	}
	return fromResponse(r)
}

func (s *clientStream) Close(error) {
	s.once.Do(func() {
		s.cancel()
		_ = s.conn.Close() // nothing is left to be lost
	})
}

// fromStatus names a refusal as such.
func fromStatus(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch st.Code() {
	case codes.AlreadyExists:
		return fmt.Errorf("%w: %w: %s", replication.ErrRefused, replication.ErrClone, st.Message())
	case codes.FailedPrecondition, codes.PermissionDenied, codes.InvalidArgument, codes.Unimplemented, codes.Unauthenticated:
		return fmt.Errorf("%w: %s", replication.ErrRefused, st.Message())
	default:
		return err
	}
}
