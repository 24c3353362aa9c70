package grpcserver_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/atollkv/atoll/client/clienttest"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// TestEveryOperationIsACall: each operation of the stream has a call of its own and a result of the same
// name and number, and both ways say the same to an empty request.
func TestEveryOperationIsACall(t *testing.T) {
	conn := connect(t, clienttest.NewServer(t))
	stream, err := pb.NewKVClient(conn).Stream(t.Context())
	check(t, err)
	operations := pb.File_atoll_v1_kv_proto.Messages().ByName("Operation").Fields()
	results := pb.File_atoll_v1_kv_proto.Messages().ByName("Result").Fields()
	if operations.Len() != results.Len() || operations.Len() < 60 {
		t.Fatalf("%d operations, %d results", operations.Len(), results.Len())
	}
	for i := range operations.Len() {
		op := operations.Get(i)
		rpc := callOf(op.Message())
		result := results.ByNumber(op.Number())
		if rpc == nil || result == nil || result.Name() != op.Name() || result.Message() != rpc.Output() {
			t.Errorf("%s: call %v, result %v", op.Name(), rpc, result)
			continue
		}
		called := invoke(t, conn, rpc)
		check(t, stream.Send(pb.StreamRequest_builder{Id: uint64(i + 1), Operation: emptyOperation(op)}.Build()))
		response, err := stream.Recv()
		check(t, err)
		streamed := response.GetError()
		if status.Code(called) == codes.Unimplemented || (called == nil) != (streamed == nil) || status.Convert(called).Message() != streamed.GetMessage() {
			t.Errorf("%s: the call says %v, the stream %v", op.Name(), called, streamed)
		}
		if got := response.GetResult(); called == nil && int(got.WhichResult()) != int(op.Number()) {
			t.Errorf("%s: result %d, want %d", op.Name(), got.WhichResult(), op.Number())
		}
	}
}

// callOf finds the call of KV that takes a request.
func callOf(request protoreflect.MessageDescriptor) protoreflect.MethodDescriptor {
	methods := pb.File_atoll_v1_kv_proto.Services().ByName("KV").Methods()
	for i := range methods.Len() {
		if methods.Get(i).Input() == request {
			return methods.Get(i)
		}
	}
	return nil
}

func invoke(t *testing.T, conn *grpc.ClientConn, rpc protoreflect.MethodDescriptor) error {
	t.Helper()
	request, response := dynamicpb.NewMessage(rpc.Input()), dynamicpb.NewMessage(rpc.Output())
	return conn.Invoke(t.Context(), "/atoll.v1.KV/"+string(rpc.Name()), request, response)
}

func emptyOperation(arm protoreflect.FieldDescriptor) *pb.Operation {
	op := &pb.Operation{}
	m := op.ProtoReflect()
	m.Set(arm, m.NewField(arm))
	return op
}
