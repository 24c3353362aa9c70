package grpcserver

import (
	"google.golang.org/grpc/status"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// detailOf is the error as a message.
func detailOf(e *server.Error) *pb.ErrorDetail {
	return pb.ErrorDetail_builder{
		Code: string(e.Code), Message: e.Message, Hint: e.Hint, Retryable: e.Retryable,
	}.Build()
}

// statusOf is the error as a gRPC status, with its ErrorDetail.
func statusOf(e *server.Error) error {
	st := status.New(e.GRPC, e.Message)
	if with, err := st.WithDetails(detailOf(e)); err == nil {
		st = with
	}
	return st.Err()
}
