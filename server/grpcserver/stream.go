package grpcserver

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// lingerTime is how long a draining stream waits for its client to close it.
const lingerTime = time.Second

const (
	// unknownShare is the part of a stream's bytes that a response is taken to have before
	// there was any.
	unknownShare = 16
	// forget is the part of what was expected that a smaller response takes away.
	forget = 16
)

type kvStream = grpc.BidiStreamingServer[pb.StreamRequest, pb.StreamResponse]

// conversation is one KV.Stream. Three parts share it: receive reads requests, workers
// run them, and send sends the responses.
type conversation struct {
	kv      *kvService
	stream  kvStream
	workers *workers
	// bytes are those of the requests that run and of the responses that are not sent yet.
	bytes     *budget
	expected  atomic.Int64 // bytes of the next response: as large as the last ones
	responses chan response
	stuck     *time.Timer // gives the client up; runs while a response is being sent
}

// response waits to be sent; size is what it holds of the conversation's bytes.
type response struct {
	*pb.StreamResponse
	size    int
	session bool // it is to carry a token
}

// Stream serves operations until the client closes its side and every operation is
// answered, or the node drains, or the client does not take what it is sent.
func (k *kvService) Stream(stream kvStream) error {
	c := &conversation{
		kv: k, stream: stream,
		workers:   newWorkers(k.cfg.StreamOperations),
		bytes:     newBudget(k.cfg.StreamBytes),
		responses: make(chan response, k.cfg.StreamOperations),
	}
	c.expected.Store(int64(k.cfg.StreamBytes / unknownShare))
	givenUp := make(chan struct{})
	c.stuck = time.AfterFunc(k.cfg.SendTimeout, func() { close(givenUp) })
	c.stuck.Stop()
	// The context ends when the handler returns: what still runs then gives up.
	ctx, cancel := context.WithCancel(stream.Context())
	received, sent := make(chan error, 1), make(chan error, 1)
	k.receivers.Go(func() {
		err := c.receive(ctx)
		c.workers.wait()
		close(c.responses)
		received <- err
	})
	k.receivers.Go(func() { sent <- c.send(received) })
	defer cancel()
	select {
	case err := <-sent:
		return err
	case <-givenUp: // its goroutines end when the handler does
		told := server.Errorf(server.CodeTimeout, "the client took nothing of what it was sent for %v", k.cfg.SendTimeout)
		k.report(streamMethod+"unsent", time.Now(), told)
		return statusOf(told)
	}
}

// receive hands requests to workers until the client stops sending.
func (c *conversation) receive(ctx context.Context) error {
	for {
		request := &pb.StreamRequest{}
		d := &decoding{ctx: ctx, intake: c.kv.intake, message: request}
		err := c.stream.RecvMsg(d)
		if err == nil && d.id != 0 {
			c.refuse(ctx, d)
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = d.explain()
		}
		if err == nil {
			err = c.begin(ctx, request, d)
		}
		if err != nil {
			d.release()
			return err
		}
	}
}

// begin hands a request to a worker.
func (c *conversation) begin(ctx context.Context, request *pb.StreamRequest, d *decoding) error {
	if request.GetId() == 0 {
		return statusOf(server.Errorf(server.CodeInvalid, "id: required"))
	}
	taken := d.held + int(c.expected.Load())
	if err := c.bytes.take(ctx, taken); err != nil {
		return err
	}
	return c.workers.run(ctx, func() { c.serve(ctx, request, d, taken) })
}

// refuse answers a request that was not read.
func (c *conversation) refuse(ctx context.Context, d *decoding) {
	told := server.Explain(d.err)
	c.kv.report(streamMethod+"unread", time.Now(), told)
	c.reply(ctx, response{pb.StreamResponse_builder{Id: d.id, Error: detailOf(told)}.Build(), 0, false})
	select {
	case <-time.After(refusedPause):
	case <-ctx.Done():
	}
}

// serve runs one operation and queues its response, which holds its bytes until it is sent.
func (c *conversation) serve(ctx context.Context, request *pb.StreamRequest, d *decoding, taken int) {
	r, size := c.answer(ctx, request)
	last := c.expected.Load()
	c.expected.Store(max(int64(size), last-(last+forget-1)/forget))
	c.bytes.give(taken - size)
	d.release()
	c.reply(ctx, response{r, size, request.GetSession() && !r.HasError()})
}

// reply queues a response.
func (c *conversation) reply(ctx context.Context, r response) {
	select {
	case c.responses <- r:
	case <-ctx.Done():
	}
}

func (c *conversation) answer(ctx context.Context, request *pb.StreamRequest) (response *pb.StreamResponse, size int) {
	start, name := time.Now(), "unknown"
	var err error
	defer func() {
		if v := recover(); v != nil {
			err = c.kv.panicked(streamMethod+name, v)
		}
		var told *server.Error
		if err != nil {
			told = server.Explain(err)
			response = pb.StreamResponse_builder{Id: request.GetId(), Error: detailOf(told)}.Build()
			size = proto.Size(response)
		}
		c.kv.report(streamMethod+name, start, told)
	}()
	var result *pb.Result
	name, result, err = c.kv.doAfter(ctx, request)
	response = pb.StreamResponse_builder{Id: request.GetId(), Result: result}.Build()
	if size = proto.Size(response); err == nil && size > MessageBytesMax {
		err = server.Errorf(server.CodeReplySize, "reply of %d bytes, limit %d", size, MessageBytesMax)
	}
	return response, size
}

const streamMethod = "/atoll.v1.KV/Stream:"

// send writes responses until there are no more. When the node drains it tells the
// client, which then closes its side.
func (c *conversation) send(received <-chan error) error {
	draining := c.kv.cfg.Dispatcher.Draining()
	var linger <-chan time.Time
	for {
		select {
		case r, more := <-c.responses:
			if !more {
				return <-received
			}
			if r.session { // made here, tokens grow along the stream
				r.SetToken(c.kv.cfg.Dispatcher.Token())
			}
			if err := c.write(r.StreamResponse); err != nil {
				return err
			}
			c.bytes.give(r.size)
		case <-draining:
			draining = nil
			timer := time.NewTimer(lingerTime)
			defer timer.Stop()
			linger = timer.C
			notice := detailOf(server.Errorf(server.CodeDraining, "the node is draining"))
			if err := c.write(pb.StreamResponse_builder{Error: notice}.Build()); err != nil {
				return err
			}
		case <-linger:
			return statusOf(server.Errorf(server.CodeDraining, "the node is draining"))
		}
	}
}

// write sends a response; a client that takes none is given up.
func (c *conversation) write(r *pb.StreamResponse) error {
	c.stuck.Reset(c.kv.cfg.SendTimeout)
	defer c.stuck.Stop()
	return c.stream.Send(r)
}
