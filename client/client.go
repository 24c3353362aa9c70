package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Client is a connection to a cluster. It is safe for use by many goroutines.
type Client struct {
	*link
	space string // the namespace of calls; empty is the default one
	seen  *seen  // what its session has seen, nil outside of sessions
}

// link is what a client and its sessions share.
type link struct {
	opts    options
	connect connector // owned by run after Dial
	ctx     context.Context
	stop    context.CancelFunc
	wg      sync.WaitGroup

	mu         sync.Mutex
	connection *connection   // nil while there is none
	changed    chan struct{} // closed when connection changes
	failure    error         // why the last round of connecting failed
	closed     bool
}

// Dial connects to the first endpoint of target that answers. A target lists endpoints:
// "atoll://eu:7000,us:7000"; the scheme may be left out, and so may the port 7000. Dial
// fails with ErrUnavailable when no endpoint answers in three rounds, or when ctx ends
// before.
func Dial(ctx context.Context, target string, opts ...Option) (*Client, error) {
	endpoints, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	o := defaultOptions()
	for _, opt := range opts {
		opt(&o)
	}
	c := &Client{link: &link{opts: o, changed: make(chan struct{}), connect: connector{endpoints: endpoints, opts: o}}}
	s, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	c.connection = s
	c.wg.Go(func() { c.run(s) })
	return c, nil
}

func (c *link) dial(ctx context.Context) (*connection, error) {
	start := time.Now()
	for round := 1; ; round++ {
		s, err := c.connect.connect(ctx)
		if err == nil {
			return s, nil
		}
		if round == c.opts.dialRounds || !c.connect.pause(ctx, round) {
			return nil, &Error{
				Code:    codeUnavailable,
				Message: fmt.Sprintf("%v after %d tries in %.1fs", err, round, time.Since(start).Seconds()),
				Hint:    hintReach, Retryable: true, cause: ctx.Err(),
			}
		}
	}
}

// run replaces the connection whenever it ends, until the client is closed.
func (c *link) run(s *connection) {
	var old []*connection
	defer func() {
		for _, s := range old {
			s.close()
		}
	}()
	for {
		old = closeEnded(append(old, s))
		select {
		case <-s.leaving:
		case <-c.ctx.Done():
			return
		}
		c.publish(nil)
		c.connect.next()
		if s = c.reconnect(); s == nil {
			return
		}
		c.publish(s)
	}
}

// closeEnded waits for the goroutines of connections that are over and drops them.
func closeEnded(connections []*connection) []*connection {
	var live []*connection
	for _, s := range connections {
		select {
		case <-s.done:
			s.close()
		default:
			live = append(live, s)
		}
	}
	return live
}

// reconnect tries until it has a connection, or returns nil when the client is closed.
func (c *link) reconnect() *connection {
	for round := 1; ; round++ {
		s, err := c.connect.connect(c.ctx)
		if err == nil {
			return s
		}
		c.mu.Lock()
		c.failure = err
		c.mu.Unlock()
		if !c.connect.pause(c.ctx, round) {
			return nil
		}
	}
}

// publish makes s the connection of new calls.
func (c *link) publish(s *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connection = s
	if s != nil {
		c.failure = nil
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// current waits for a connection other than avoid.
func (c *link) current(ctx context.Context, avoid *connection) (*connection, error) {
	for {
		c.mu.Lock()
		s, changed, closed := c.connection, c.changed, c.closed
		c.mu.Unlock()
		if closed {
			return nil, ErrClosed
		}
		if s != nil && s != avoid {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fromContext(ctx.Err(), c.lastFailure())
		}
	}
}

// lastFailure is why there is no connection, if it is known.
func (c *link) lastFailure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// Close ends the client. Calls in flight fail: writes with ErrUnknown, reads with
// ErrClosed. It waits until every goroutine of the client is gone.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	c.stop()
	c.wg.Wait()
	return nil
}

// Endpoint returns the endpoint that calls go to now; it is empty while there is none.
func (c *Client) Endpoint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.connection == nil {
		return ""
	}
	return c.connection.endpoint
}

// Pong says which node answered.
type Pong struct{ Region, Node, Cluster string }

// Ping asks the node that calls go to who it is.
func (c *Client) Ping(ctx context.Context) (Pong, error) {
	r, err := c.Do(ctx, pb.Operation_builder{Ping: &pb.PingRequest{}}.Build())
	if err != nil {
		return Pong{}, err
	}
	p := r.GetPing()
	return Pong{Region: p.GetRegion(), Node: p.GetNode(), Cluster: p.GetCluster()}, nil
}

// Do runs one operation of the protocol, with the retries and errors of the typed calls. One that names no namespace
// becomes one of the client's. One that waits, see [Waits], ends with its own timeout or the context.
// It is for tools; programs use the typed handles.
func (c *Client) Do(ctx context.Context, op *pb.Operation) (*pb.Result, error) {
	if Waits(op) {
		return c.doWaiting(ctx, ForEver, op)
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	choose(op, c.space)
	// A message above the limit would end the stream, and with it the calls of others.
	if size := proto.Size(op); size > operationBytesMax {
		return nil, &Error{Code: "TOOLARGE", Message: fmt.Sprintf("operation of %d bytes, limit %d", size, operationBytesMax)}
	}
	op, again := named(ctx, op)
	if !again {
		return c.repeat(ctx, func(s *connection) (*pb.Result, bool, error) { return try(ctx, s, op, c.seen) })
	}
	var x sending
	result, err := c.repeat(ctx, func(s *connection) (*pb.Result, bool, error) { return c.tryOnce(ctx, s, op, c.seen, &x) })
	if x.sent {
		err = afterSent(err)
	}
	return result, err
}

// repeat tries something in one connection after the other, while another one may have it.
func (c *link) repeat(ctx context.Context, try func(*connection) (result *pb.Result, again bool, err error)) (*pb.Result, error) {
	var avoid *connection
	for {
		s, err := c.current(ctx, avoid)
		if err != nil {
			return nil, err
		}
		result, again, err := try(s)
		if !again {
			if err != nil && c.isClosed() && !errors.Is(err, ErrUnknown) {
				return nil, ErrClosed
			}
			return result, err
		}
		avoid = s
	}
}

// bounded gives ctx the default timeout if it has no deadline.
func (c *link) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || c.opts.timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.opts.timeout)
}

func (c *link) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
