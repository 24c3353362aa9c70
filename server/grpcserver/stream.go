package grpcserver

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// lingerTime is how long a draining stream waits for its client to close it.
const lingerTime = time.Second

type kvStream = grpc.BidiStreamingServer[pb.StreamRequest, pb.StreamResponse]

// conversation is one KV.Stream. Three parts share it: receive reads requests, workers
// run them, and the handler's own goroutine sends the responses.
type conversation struct {
	kv        *kvService
	stream    kvStream
	workers   *workers
	bytes     *budget
	responses chan *pb.StreamResponse
}

// Stream serves operations until the client closes its side and every operation is
// answered, or the node drains.
func (k *kvService) Stream(stream kvStream) error {
	c := &conversation{
		kv: k, stream: stream,
		workers:   newWorkers(k.cfg.StreamOperations),
		bytes:     newBudget(k.cfg.StreamBytes),
		responses: make(chan *pb.StreamResponse, k.cfg.StreamOperations),
	}
	// The context ends when the handler returns: what still runs then gives up.
	ctx, cancel := context.WithCancel(stream.Context())
	received := make(chan error, 1)
	k.receivers.Go(func() {
		err := c.receive(ctx)
		c.workers.wait()
		close(c.responses)
		received <- err
	})
	err := c.send(received)
	cancel()
	return err
}

// receive hands requests to workers until the client stops sending.
func (c *conversation) receive(ctx context.Context) error {
	for {
		request := &pb.StreamRequest{}
		d := &decoding{message: request}
		err := c.stream.RecvMsg(d)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = d.explain()
		}
		if err != nil {
			return err
		}
		if request.GetId() == 0 {
			return statusOf(server.Errorf(server.CodeInvalid, "id: required"))
		}
		size := proto.Size(request)
		if err := c.bytes.take(ctx, size); err != nil {
			return err
		}
		if err := c.workers.run(ctx, func() { c.serve(ctx, request, size) }); err != nil {
			return err
		}
	}
}

// serve runs one operation and queues its response.
func (c *conversation) serve(ctx context.Context, request *pb.StreamRequest, size int) {
	response := c.answer(ctx, request)
	c.bytes.give(size)
	select {
	case c.responses <- response:
	case <-ctx.Done():
	}
}

func (c *conversation) answer(ctx context.Context, request *pb.StreamRequest) (response *pb.StreamResponse) {
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
		}
		c.kv.report(streamMethod+name, start, told)
	}()
	var result *pb.Result
	name, result, err = c.kv.do(ctx, request.GetOperation())
	response = pb.StreamResponse_builder{Id: request.GetId(), Result: result}.Build()
	if size := proto.Size(response); err == nil && size > MessageBytesMax {
		e := server.Errorf(server.CodeTooLarge, "reply of %d bytes, limit %d", size, MessageBytesMax)
		e.Hint = "the operation was carried out; ask for less in one request"
		err = e
	}
	return response
}

const streamMethod = "/atoll.v1.KV/Stream:"

// send writes responses until there are no more. When the node drains it tells the
// client, which then closes its side.
func (c *conversation) send(received <-chan error) error {
	draining := c.kv.cfg.Dispatcher.Draining()
	var linger <-chan time.Time
	for {
		select {
		case response, more := <-c.responses:
			if !more {
				return <-received
			}
			if err := c.stream.Send(response); err != nil {
				return err
			}
		case <-draining:
			draining = nil
			timer := time.NewTimer(lingerTime)
			defer timer.Stop()
			linger = timer.C
			notice := detailOf(server.Errorf(server.CodeDraining, "the node is draining"))
			if err := c.stream.Send(pb.StreamResponse_builder{Error: notice}.Build()); err != nil {
				return err
			}
		case <-linger:
			return statusOf(server.Errorf(server.CodeDraining, "the node is draining"))
		}
	}
}
