package grpcserver

import (
	"context"

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
	message any
	err     error
}

// explain is the error for the client.
func (d *decoding) explain() error {
	if d.err == nil {
		return nil
	}
	name := "the message"
	if m, ok := d.message.(proto.Message); ok {
		name = string(m.ProtoReflect().Descriptor().Name())
	}
	return statusOf(server.Errorf(server.CodeInvalid, "cannot decode %s", name))
}

// codec is gRPC's protobuf codec, which also knows a decoding.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(protocodec.Name)} }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if d, ok := v.(*decoding); ok {
		d.err = c.CodecV2.Unmarshal(data, d.message)
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// explainDecoding makes the calls of a service decode by way of a decoding.
func explainDecoding(desc *grpc.ServiceDesc) {
	methods := make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		handler := m.Handler
		m.Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return handler(srv, ctx, func(message any) error {
				d := &decoding{message: message}
				if err := decode(d); err != nil {
					return err
				}
				return d.explain()
			}, interceptor)
		}
		methods[i] = m
	}
	desc.Methods = methods
}
