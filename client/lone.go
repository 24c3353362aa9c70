package client

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// What the headers and the trailer of a call in a session are called.
const (
	sessionKey = "atoll-session"
	afterKey   = "atoll-after-bin"
	tokenKey   = "atoll-token-bin"
)

// ForEver is to wait as long as the context of a call lasts.
const ForEver time.Duration = -1

// doWaiting runs an operation that waits, at most so long. It is a call of its own: in the stream it would hold up
// others, and its end could not be told to the node.
func (c *Client) doWaiting(ctx context.Context, wait time.Duration, op *pb.Operation) (*pb.Result, error) {
	if wait == 0 {
		return c.Do(ctx, op)
	}
	choose(op, c.space)
	if _, has := ctx.Deadline(); !has && wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait+waitSpare)
		defer cancel()
	}
	leave, err := c.seen.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	begun, again := time.Now(), false
	return c.repeat(ctx, func(s *connection) (*pb.Result, bool, error) {
		if again && wait > 0 { // another node waits for the rest of the time
			limitWait(op, wait-time.Since(begun))
		}
		again = true
		return lone(ctx, s, op, c.seen)
	})
}

// limitWait sets how long an operation waits: a millisecond at least. One in the words of the Redis protocol keeps its own
// time.
func limitWait(op *pb.Operation, wait time.Duration) {
	m := op.ProtoReflect()
	request := m.Mutable(m.WhichOneof(m.Descriptor().Oneofs().ByName("op"))).Message()
	if f := request.Descriptor().Fields().ByName("wait_ms"); f != nil {
		request.Set(f, protoreflect.ValueOfUint64(waitOf(max(wait, time.Millisecond))))
	}
}

// waitOf is a time to wait as messages have it.
func waitOf(wait time.Duration) uint64 {
	switch {
	case wait < 0:
		return 1<<64 - 1
	case wait > 0:
		return uint64(max(1, wait.Milliseconds()))
	}
	return 0
}

// lone runs an operation in one connection as a call of its own. See try.
func lone(ctx context.Context, s *connection, op *pb.Operation, in *seen) (result *pb.Result, again bool, err error) {
	if !s.enter() {
		return nil, true, nil
	}
	defer s.exit()
	after := in.tokens()
	headers := ctx
	if in != nil {
		headers = metadata.AppendToOutgoingContext(ctx, sessionKey, "yes")
	}
	for _, token := range after {
		headers = metadata.AppendToOutgoingContext(headers, afterKey, string(token))
	}
	var trailer metadata.MD
	result, err = invoke(headers, pb.NewKVClient(s.conn), op, grpc.Trailer(&trailer))
	switch {
	case err == nil:
		for _, token := range trailer.Get(tokenKey) {
			in.note(&connection{}, []byte(token), after) // it is in no order with those of the stream
		}
		return result, false, nil
	case ctx.Err() != nil && writes(op):
		return nil, false, unknown(ctx.Err().Error()+" before the answer", ctx.Err())
	case ctx.Err() != nil:
		return nil, false, fromContext(ctx.Err(), nil)
	}
	for _, d := range status.Convert(err).Details() {
		if detail, ok := d.(*pb.ErrorDetail); ok {
			return conclude(s, op, reply{response: pb.StreamResponse_builder{Error: detail}.Build()})
		}
	}
	return conclude(s, op, reply{lost: err, sent: true})
}

// invoke makes the call of an operation that may wait.
func invoke(ctx context.Context, kv pb.KVClient, op *pb.Operation, opts ...grpc.CallOption) (*pb.Result, error) {
	result := &pb.Result{}
	var err error
	switch op.WhichOp() {
	case pb.Operation_Lmpop_case:
		err = into(result.SetLmpop, kv.LMPop, ctx, op.GetLmpop(), opts)
	case pb.Operation_Lmove_case:
		err = into(result.SetLmove, kv.LMove, ctx, op.GetLmove(), opts)
	case pb.Operation_Zmpop_case:
		err = into(result.SetZmpop, kv.ZMPop, ctx, op.GetZmpop(), opts)
	case pb.Operation_Xread_case:
		err = into(result.SetXread, kv.XRead, ctx, op.GetXread(), opts)
	case pb.Operation_Xcursor_case:
		err = into(result.SetXcursor, kv.XCursor, ctx, op.GetXcursor(), opts)
	case pb.Operation_Xreadgroup_case:
		err = into(result.SetXreadgroup, kv.XReadGroup, ctx, op.GetXreadgroup(), opts)
	default:
		err = into(result.SetCommand, kv.Command, ctx, op.GetCommand(), opts)
	}
	return result, err
}

func into[Q, R any](set func(R), call func(context.Context, Q, ...grpc.CallOption) (R, error), ctx context.Context, q Q, opts []grpc.CallOption) error {
	r, err := call(ctx, q, opts...)
	if err == nil {
		set(r)
	}
	return err
}
