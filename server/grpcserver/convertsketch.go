package grpcserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on HyperLogLogs. The empty element is one like any other.

var convertPFAdd = conversion[*pb.PFAddRequest, *pb.PFAddResponse]{
	func(r *pb.PFAddRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.PFAdd{Key: r.GetKey(), Elements: r.GetElements()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.PFAddResponse { return pb.PFAddResponse_builder{Changed: p.Int == 1}.Build() },
}

var convertPFCount = conversion[*pb.PFCountRequest, *pb.PFCountResponse]{
	func(r *pb.PFCountRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.PFCount{List: r.GetKeys()}, requiredAll(r.GetKeys(), "keys")
	},
	func(p keyspace.Reply) *pb.PFCountResponse { return pb.PFCountResponse_builder{Count: p.Int}.Build() },
}

var convertPFMerge = conversion[*pb.PFMergeRequest, *pb.PFMergeResponse]{
	func(r *pb.PFMergeRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil {
			err = requiredAll(r.GetFrom(), "from")
		}
		return command.PFMerge{To: r.GetKey(), From: r.GetFrom()}, err
	},
	func(keyspace.Reply) *pb.PFMergeResponse { return &pb.PFMergeResponse{} },
}
