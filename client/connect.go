package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

const (
	// messageBytesMax bounds a message in either direction.
	messageBytesMax = 17 << 20
	// operationBytesMax leaves room for the id and the tags around an operation.
	operationBytesMax = messageBytesMax - 64
	// operatorKey is the header of a stream that is an operator's.
	operatorKey = "atoll-operator"
)

// connector opens connections. It is owned by one goroutine.
type connector struct {
	endpoints []string
	first     int // the endpoint to try first
	opts      options
}

// connect tries every endpoint once, the one after the last failure first. The errors
// of all are in the error.
func (k *connector) connect(ctx context.Context) (*connection, error) {
	var failures []string
	for range k.endpoints {
		endpoint := k.endpoints[k.first]
		s, err := k.open(ctx, endpoint)
		if err == nil {
			return s, nil
		}
		failures = append(failures, fmt.Sprintf("%s (%s)", endpoint, reason(err)))
		k.next()
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.New("cannot reach " + strings.Join(failures, ", "))
}

// next moves on to the next endpoint.
func (k *connector) next() { k.first = (k.first + 1) % len(k.endpoints) }

// open connects to one endpoint and checks with a ping that it takes requests.
func (k *connector) open(ctx context.Context, endpoint string) (*connection, error) {
	var dialed lastError
	conn, err := grpc.NewClient("passthrough:///"+endpoint, k.dialOptions(&dialed)...)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if k.opts.operator {
		life = metadata.AppendToOutgoingContext(life, operatorKey, "yes")
	}
	opened, fail := context.WithTimeout(ctx, k.opts.dialTimeout)
	defer fail()
	// The stream lives with the connection; only its opening is bounded.
	stop := context.AfterFunc(opened, cancel)
	s, err := greet(life, cancel, endpoint, conn)
	if !stop() && err == nil {
		s.close()
		err = opened.Err()
	}
	if err != nil {
		cancel()
		_ = conn.Close()
		return nil, errors.Join(dialed.get(), err)
	}
	return s, nil
}

func greet(ctx context.Context, cancel context.CancelFunc, endpoint string, conn *grpc.ClientConn) (*connection, error) {
	stream, err := pb.NewKVClient(conn).Stream(ctx)
	if err != nil {
		return nil, err
	}
	s := newConnection(endpoint, conn, stream, cancel)
	c, err := s.start(ctx, pb.Operation_builder{Ping: &pb.PingRequest{}}.Build(), nil)
	if err != nil {
		s.close()
		return nil, err
	}
	r := <-c.reply
	if r.lost != nil {
		s.close()
		return nil, r.lost
	}
	if s.isRetiring() {
		s.close()
		return nil, errRetired
	}
	return s, nil
}

func (k *connector) dialOptions(dialed *lastError) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(k.opts.credentials),
		grpc.WithUserAgent(k.opts.userAgent),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageBytesMax), grpc.MaxCallSendMsgSize(messageBytesMax)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}),
		// Reconnecting is the client's work: it goes to another endpoint.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: k.opts.dialTimeout}),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			c, err := k.opts.dialer(ctx, address)
			dialed.set(err)
			return c, err
		}),
	}
}

// pause waits before round n (from 1) of connecting. It is false when ctx ended.
func (k *connector) pause(ctx context.Context, n int) bool {
	d := k.opts.backoffMax
	if n <= 16 {
		d = min(d, k.opts.backoffMin<<(n-1))
	}
	timer := time.NewTimer(d/2 + rand.N(d/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lastError remembers why a connection could not be opened; gRPC wraps it in text.
type lastError struct {
	mu  sync.Mutex
	err error
}

func (l *lastError) set(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *lastError) get() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// reason is the shortest text that tells why an endpoint failed.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		text := op.Err.Error()
		return strings.TrimPrefix(text, "connect: ")
	}
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "context canceled") {
		return "no answer"
	}
	return fromStatus(err).Message
}
