package client

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

const sendQueueMax = 1024

// connection is one gRPC connection with one stream. It ends once, with a cause, and then every
// call in it ends too.
type connection struct {
	endpoint string
	conn     *grpc.ClientConn
	stream   grpc.BidiStreamingClient[pb.StreamRequest, pb.StreamResponse]
	cancel   context.CancelFunc
	queue    chan *call
	done     chan struct{} // closed when the connection has ended
	leaving  chan struct{} // closed when no call may start any more
	retired  chan struct{} // closed when, after that, none is in flight
	wg       sync.WaitGroup

	mu       sync.Mutex
	calls    map[uint64]*call // in flight, by id
	alone    int              // calls beside the stream
	lastID   uint64
	retiring bool
}

// call is one operation in flight.
type call struct {
	request *pb.StreamRequest
	in      *seen      // of the session, or nil
	after   tokens     // what the session had seen
	sent    bool       // guarded by connection.mu
	reply   chan reply // holds one
}

// reply is how a call ended. lost is set when the connection ended first; sent then tells
// whether the request may have arrived.
type reply struct {
	response *pb.StreamResponse
	lost     error
	sent     bool
}

var (
	errRetired = errors.New("the node is stopping")
	errLost    = errors.New("the node closed the connection")
)

func newConnection(endpoint string, conn *grpc.ClientConn, stream grpc.BidiStreamingClient[pb.StreamRequest, pb.StreamResponse], cancel context.CancelFunc) *connection {
	s := &connection{
		endpoint: endpoint, conn: conn, stream: stream, cancel: cancel,
		queue: make(chan *call, sendQueueMax), done: make(chan struct{}),
		leaving: make(chan struct{}), retired: make(chan struct{}),
		calls: map[uint64]*call{},
	}
	s.wg.Go(s.send)
	s.wg.Go(s.receive)
	return s
}

// start queues an operation. An error means that it was not sent.
func (s *connection) start(ctx context.Context, op *pb.Operation, in *seen) (*call, error) {
	c := &call{reply: make(chan reply, 1), in: in, after: in.tokens()}
	s.mu.Lock()
	if s.retiring {
		s.mu.Unlock()
		return nil, errRetired
	}
	s.lastID++
	c.request = pb.StreamRequest_builder{Id: s.lastID, Operation: op, Session: in != nil, After: listed(c.after)}.Build()
	s.calls[s.lastID] = c
	s.mu.Unlock()
	select {
	case s.queue <- c:
		return c, nil
	case <-ctx.Done():
		s.forget(c)
		return nil, ctx.Err()
	case <-s.done:
		// The end of the connection has answered the call, as not sent.
		return c, nil
	}
}

// forget drops a call nobody waits for, and tells whether it was sent.
func (s *connection) forget(c *call) (sent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.request.GetId())
	s.closeWhenIdle()
	return c.sent
}

// send writes queued calls to the stream. gRPC gathers what follows closely into one
// packet.
func (s *connection) send() {
	for {
		select {
		case c := <-s.queue:
			if !s.markSent(c) {
				continue
			}
			if err := s.stream.Send(c.request); err != nil {
				// Receive learns the reason and ends the connection.
				return
			}
		case <-s.retired:
			// Idle now: start refuses, and nothing waits for an answer.
			_ = s.stream.CloseSend()
			return
		case <-s.done:
			return
		}
	}
}

// markSent notes that the call may arrive from now on. It is false for a call that was
// given up before.
func (s *connection) markSent(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, waiting := s.calls[c.request.GetId()]; !waiting {
		return false
	}
	c.sent = true
	return true
}

func (s *connection) receive() {
	for {
		response, err := s.stream.Recv()
		if err != nil {
			s.end(err)
			return
		}
		if response.GetId() == 0 {
			s.retire()
			continue
		}
		s.mu.Lock()
		c := s.calls[response.GetId()]
		delete(s.calls, response.GetId())
		s.closeWhenIdle()
		s.mu.Unlock()
		if c != nil {
			c.in.note(s, response.GetToken(), c.after)
			c.reply <- reply{response: response}
		}
	}
}

// retire lets the calls in flight end, and no other begin.
func (s *connection) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave()
	s.closeWhenIdle()
}

// leave refuses later calls. The caller holds mu.
func (s *connection) leave() {
	if !s.retiring {
		s.retiring = true
		close(s.leaving)
	}
}

// closeWhenIdle closes the sending side of a retiring connection. The caller holds mu.
func (s *connection) closeWhenIdle() {
	if !s.retiring || len(s.calls)+s.alone > 0 {
		return
	}
	select {
	case <-s.retired:
	default:
		close(s.retired)
	}
}

// enter begins a call beside the stream; false where no call may begin any more. The connection lives at least until
// exit, unless it breaks.
func (s *connection) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retiring {
		return false
	}
	s.alone++
	return true
}

func (s *connection) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alone--
	s.closeWhenIdle()
}

// isRetiring tells that another connection should be opened.
func (s *connection) isRetiring() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retiring
}

// end answers every call in flight and closes the connection.
func (s *connection) end(cause error) {
	if errors.Is(cause, io.EOF) {
		cause = errLost
	}
	s.mu.Lock()
	calls := s.calls
	s.calls = map[uint64]*call{}
	s.leave()
	lost := make(map[*call]reply, len(calls))
	for _, c := range calls {
		lost[c] = reply{lost: cause, sent: c.sent}
	}
	s.mu.Unlock()
	close(s.done)
	for c, r := range lost {
		c.reply <- r
	}
	s.cancel()
	_ = s.conn.Close()
}

// close ends the connection at once and waits for its goroutines.
func (s *connection) close() {
	s.cancel()
	s.wg.Wait()
}
