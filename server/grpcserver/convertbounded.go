package grpcserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on bounded counters.

var convertBCreate = conversion[*pb.BCreateRequest, *pb.BCreateResponse]{
	func(r *pb.BCreateRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BCreate{Key: r.GetKey(), Bound: r.GetBound(), Value: r.GetValue()}, required(r.GetKey(), "key")
	},
	func(keyspace.Reply) *pb.BCreateResponse { return &pb.BCreateResponse{} },
}

var convertBGet = conversion[*pb.BGetRequest, *pb.BGetResponse]{
	func(r *pb.BGetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BGet{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BGetResponse {
		return pb.BGetResponse_builder{Found: p.Found, Value: p.Int}.Build()
	},
}

var convertBIncr = conversion[*pb.BIncrRequest, *pb.BIncrResponse]{
	func(r *pb.BIncrRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BIncr{Key: r.GetKey(), N: r.GetAmount()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BIncrResponse { return pb.BIncrResponse_builder{Value: p.Int}.Build() },
}

var convertBDecr = conversion[*pb.BDecrRequest, *pb.BDecrResponse]{
	func(r *pb.BDecrRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BDecr{Key: r.GetKey(), N: r.GetAmount()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BDecrResponse { return pb.BDecrResponse_builder{Value: p.Int}.Build() },
}

var convertBGrant = conversion[*pb.BGrantRequest, *pb.BGrantResponse]{
	func(r *pb.BGrantRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil && r.GetRegion() == "" {
			err = server.Errorf(server.CodeInvalid, "region: required")
		}
		return command.BGrant{Key: r.GetKey(), Region: r.GetRegion(), N: r.GetAmount()}, err
	},
	func(keyspace.Reply) *pb.BGrantResponse { return &pb.BGrantResponse{} },
}

var convertBRights = conversion[*pb.BRightsRequest, *pb.BRightsResponse]{
	func(r *pb.BRightsRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BRights{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BRightsResponse {
		var list []*pb.Account
		for _, a := range p.Accounts {
			list = append(list, pb.Account_builder{Region: a.Region, Node: a.Node, Origin: uint64(a.Origin), Rights: a.Rights}.Build())
		}
		return pb.BRightsResponse_builder{Found: p.Found, Accounts: list}.Build()
	},
}

var convertBReclaim = conversion[*pb.BReclaimRequest, *pb.BReclaimResponse]{
	func(r *pb.BReclaimRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.BReclaim{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.BReclaimResponse {
		return pb.BReclaimResponse_builder{Rights: p.Int}.Build()
	},
}
