package grpcserver

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/atollkv/atoll/server"
)

// decoding is a message to decode into, and what came of it. When a codec fails, gRPC
// answers INTERNAL before a handler runs; a message that does not decode is the
// client's mistake and must be INVALID_ARGUMENT. So for a decoding the codec never fails.
type decoding struct {
	ctx     context.Context
	intake  *intake
	message proto.Message

	held int    // bytes of the intake, to be given back
	id   uint64 // of a stream's request that was refused unread
	err  error
}

// read lets the message in and decodes it.
func (d *decoding) read(data mem.BufferSlice, decode func(mem.BufferSlice, any) error) {
	if n := data.Len(); n >= smallBytes {
		if d.err = d.intake.take(d.ctx, n); d.err != nil {
			d.id = idOf(data)
			return
		}
		d.held = n
	}
	d.err = decode(data, d.message)
}

// release gives back what the message holds.
func (d *decoding) release() {
	if d.held > 0 {
		d.intake.bytes.give(d.held)
	}
}

// explain is the error for the client.
func (d *decoding) explain() error {
	if refused := (*server.Error)(nil); errors.As(d.err, &refused) {
		return statusOf(refused)
	}
	if d.err == nil {
		return nil
	}
	if err := d.ctx.Err(); err != nil {
		return err
	}
	return statusOf(server.Errorf(server.CodeInvalid, "cannot decode %s", d.message.ProtoReflect().Descriptor().Name()))
}

// scratchMax bounds the buffer that a codec keeps.
const scratchMax = 2 << 20

// codec is gRPC's protobuf codec, which also knows a decoding. Large messages are made
// contiguous one at a time, in a buffer that stays: each would be garbage otherwise.
type codec struct {
	encoding.CodecV2

	mu      sync.Mutex
	scratch []byte // guarded by mu
}

func newCodec() *codec { return &codec{CodecV2: encoding.GetCodecV2(protocodec.Name)} }

// Unmarshal implements encoding.CodecV2.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if d, ok := v.(*decoding); ok {
		d.read(data, c.decode)
		return nil
	}
	return c.decode(data, v)
}

func (c *codec) decode(data mem.BufferSlice, v any) error {
	n := data.Len()
	message, ok := v.(proto.Message)
	if !ok || n < largeBytes || len(data) == 1 {
		return c.CodecV2.Unmarshal(data, v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	buf := c.scratch
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	if cap(buf) <= scratchMax {
		c.scratch = buf
	}
	data.CopyTo(buf[:n])
	return proto.Unmarshal(buf[:n], message)
}

// explainDecoding makes the calls of a service decode by way of a decoding.
func (s *Server) explainDecoding(desc *grpc.ServiceDesc) {
	methods := make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		handler, name := m.Handler, "/"+desc.ServiceName+"/"+m.MethodName
		m.Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			d := &decoding{ctx: ctx, intake: s.intake}
			defer func() { d.release() }()
			return handler(srv, ctx, func(message any) error { return s.decodeUnary(name, d, message, decode) }, interceptor)
		}
		methods[i] = m
	}
	desc.Methods = methods
}

// decodeUnary decodes a request of one answer. One that is refused here meets no
// interceptor: it is reported here.
func (s *Server) decodeUnary(method string, d *decoding, message any, decode func(any) error) error {
	d.message = message.(proto.Message)
	if err := decode(d); err != nil {
		return err
	}
	if refused := (*server.Error)(nil); errors.As(d.err, &refused) {
		s.report(method, time.Now(), refused)
	}
	return d.explain()
}
