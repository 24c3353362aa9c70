package grpcserver

import (
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on keys of any type, and on all of them.

var convertTypes = conversion[*pb.TypesRequest, *pb.TypesResponse]{
	func(r *pb.TypesRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Types{List: r.GetKeys()}, requiredAll(r.GetKeys(), "keys")
	},
	func(p keyspace.Reply) *pb.TypesResponse {
		list := make([]string, len(p.List))
		for i, name := range p.List {
			list[i] = string(name)
		}
		return pb.TypesResponse_builder{Types: list}.Build()
	},
}

var convertDBSize = conversion[*pb.DBSizeRequest, *pb.DBSizeResponse]{
	func(*pb.DBSizeRequest, *server.Limits) (keyspace.Command, error) { return command.DBSize{}, nil },
	func(p keyspace.Reply) *pb.DBSizeResponse {
		return pb.DBSizeResponse_builder{Keys: p.Int, Ending: p.Replies[0].Int}.Build()
	},
}

var convertNamespaces = conversion[*pb.NamespacesRequest, *pb.NamespacesResponse]{
	func(*pb.NamespacesRequest, *server.Limits) (keyspace.Command, error) {
		return command.Namespaces{}, nil
	},
	func(p keyspace.Reply) *pb.NamespacesResponse {
		var list []*pb.NamespaceSize
		for _, x := range p.Spaces {
			list = append(list, pb.NamespaceSize_builder{Name: x.Name.String(), Keys: x.Size.Keys, Ending: x.Size.Ending}.Build())
		}
		return pb.NamespacesResponse_builder{Namespaces: list}.Build()
	},
}

var convertRandomKey = conversion[*pb.RandomKeyRequest, *pb.RandomKeyResponse]{
	func(*pb.RandomKeyRequest, *server.Limits) (keyspace.Command, error) {
		return command.RandomKey{Seed: rand.Uint64()}, nil
	},
	func(p keyspace.Reply) *pb.RandomKeyResponse {
		return pb.RandomKeyResponse_builder{Found: p.Found, Key: p.Value}.Build()
	},
}
