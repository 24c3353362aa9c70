package grpctransport

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
)

const (
	// queuedMax and queuedBytes bound the messages that wait for one peer. What is beyond is dropped.
	queuedMax   = 4096
	queuedBytes = 16 << 20
	// listenersMax bounds the peers that listen.
	listenersMax = 256
)

// Channels sends what is published here to the peers that listen, and drops what they do not take in time.
type Channels struct {
	pb.UnimplementedChannelsServer
	local  replication.Identity
	refuse func(node string) error
	cut    func(region string) bool

	dropped atomic.Int64
	closing chan struct{} // closed when Run ends

	mu        sync.Mutex
	listeners map[string]*listener // guarded by mu; by node
}

// NewChannels returns what sends for a node. refuse tells why a node must not listen, or nil; cut tells of
// regions that get nothing now.
func NewChannels(local replication.Identity, refuse func(node string) error, cut func(region string) bool) *Channels {
	return &Channels{local: local, refuse: refuse, cut: cut, closing: make(chan struct{}), listeners: map[string]*listener{}}
}

// Register adds the service to a gRPC server.
func (c *Channels) Register(to grpc.ServiceRegistrar) { pb.RegisterChannelsServer(to, c) }

// Run ends the streams when ctx ends.
func (c *Channels) Run(ctx context.Context) error {
	<-ctx.Done()
	close(c.closing)
	return nil
}

// Dropped counts the messages that a peer did not get because it was slow; one for each peer.
func (c *Channels) Dropped() int64 { return c.dropped.Load() }

// Publish sends a message to who listens. It waits for nobody. The bytes must not change any more.
func (c *Channels) Publish(channel, message []byte) {
	m := pb.ListenResponse_builder{Channel: channel, Message: message}.Build()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.listeners {
		if !c.cut(l.region) && !l.put(m) {
			c.dropped.Add(1)
		}
	}
}

// Listen implements the service.
func (c *Channels) Listen(r *pb.ListenRequest, stream grpc.ServerStreamingServer[pb.ListenResponse]) error {
	if r.GetCluster() != c.local.Cluster {
		return toStatus(replication.ErrWrongCluster)
	}
	if err := c.refuse(r.GetNode()); err != nil {
		return toStatus(err)
	}
	l := &listener{region: r.GetRegion(), queue: make(chan *pb.ListenResponse, queuedMax), replaced: make(chan struct{})}
	if !c.enter(r.GetNode(), l) {
		return toStatus(replication.ErrBusy)
	}
	defer c.leave(r.GetNode(), l)
	for {
		select {
		case m := <-l.queue:
			l.bytes.Add(-sizeOf(m))
			if err := stream.Send(m); err != nil {
				return err
			}
		case <-l.replaced:
			return status.Error(codes.Aborted, "the node listens on another stream")
		case <-c.closing:
			return status.Error(codes.Unavailable, "the node is stopping")
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

func (c *Channels) enter(node string, l *listener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.listeners[node]
	if old == nil && len(c.listeners) >= listenersMax {
		return false
	}
	if old != nil {
		close(old.replaced)
	}
	c.listeners[node] = l
	return true
}

func (c *Channels) leave(node string, l *listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listeners[node] == l {
		delete(c.listeners, node)
	}
}

// listener is a peer that listens.
type listener struct {
	region   string
	queue    chan *pb.ListenResponse
	bytes    atomic.Int64 // in queue
	replaced chan struct{}
}

func sizeOf(m *pb.ListenResponse) int64 { return int64(len(m.GetChannel()) + len(m.GetMessage())) }

// put lets a message wait, if there is room.
func (l *listener) put(m *pb.ListenResponse) bool {
	n := sizeOf(m)
	if l.bytes.Add(n) > queuedBytes {
		l.bytes.Add(-n)
		return false
	}
	select {
	case l.queue <- m:
		return true
	default:
		l.bytes.Add(-n)
		return false
	}
}

// Listen calls heard for what is published at the node at an address, in order, until ctx or the stream
// ends. A peer of an earlier version refuses: replication.ErrRefused.
func (t *Transport) Listen(ctx context.Context, address string, self replication.Identity, heard func(channel, message []byte)) error {
	conn, err := grpc.NewClient(address, t.options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := pb.NewChannelsClient(conn).Listen(ctx, pb.ListenRequest_builder{Cluster: self.Cluster, Node: self.Node, Region: self.Region}.Build())
	if err != nil {
		return fromStatus(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return fromStatus(err)
		}
		heard(m.GetChannel(), m.GetMessage())
	}
}
