package grpcserver_test

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
)

// tallied counts reads.
type tallied struct {
	server.Shard
	reads *atomic.Int64
}

func (t tallied) Read(ctx context.Context, cmd keyspace.Command) (keyspace.Reply, error) {
	t.reads.Add(1)
	return t.Shard.Read(ctx, cmd)
}

// TestAStreamThatIsNotReadIsGivenUp: a client that asks and asks, and takes no answer, makes the
// node hold few of them; others are served; it is ended with a reason.
func TestAStreamThatIsNotReadIsGivenUp(t *testing.T) {
	const value, asked, streamBytes = 1 << 20, 500, 8 << 20
	var reads atomic.Int64
	ended := make(chan *server.Error, 1)
	s := clienttest.NewServer(t,
		clienttest.WithShard(func(shard server.Shard) server.Shard { return tallied{shard, &reads} }),
		clienttest.WithSurface(func(c *grpcserver.Config) {
			c.StreamBytes, c.SendTimeout = streamBytes, 500*time.Millisecond
			c.Events.Request = func(method string, _ time.Duration, err *server.Error) {
				if strings.HasSuffix(method, ":unsent") {
					ended <- err
				}
			}
		}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	deaf, other := pb.NewKVClient(connect(t, s)), pb.NewKVClient(connect(t, s))
	_, err := other.Set(ctx, pb.SetRequest_builder{Key: key, Value: bytes.Repeat([]byte("v"), value)}.Build())
	check(t, err)
	stream, err := deaf.Stream(ctx)
	check(t, err)
	get := pb.Operation_builder{Get: pb.GetRequest_builder{Key: key}.Build()}.Build()
	for id := range asked {
		check(t, stream.Send(pb.StreamRequest_builder{Id: uint64(id) + 1, Operation: get}.Build()))
	}
	_, err = other.Incr(ctx, pb.IncrRequest_builder{Key: []byte("n"), Delta: 1}.Build())
	check(t, err)
	if e := <-ended; e == nil || e.Code != server.CodeTimeout {
		t.Errorf("ended with %v", e)
	}
	// One is being sent, and some were begun before it was known how large answers are.
	if n := reads.Load(); n < streamBytes/value || n > 4*streamBytes/value {
		t.Errorf("%d values of %d MiB were read for a client that takes none, with %d MiB to hold", n, value>>20, streamBytes>>20)
	}
	_, err = other.Ping(ctx, &pb.PingRequest{})
	check(t, err)
	for err = nil; err == nil; {
		_, err = stream.Recv()
	}
	if st := status.Convert(err); st.Code() != codes.DeadlineExceeded || !strings.Contains(st.Message(), "took nothing") {
		t.Errorf("the client is told %v", err)
	}
}
