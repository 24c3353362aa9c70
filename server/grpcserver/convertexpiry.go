package grpcserver

import (
	"context"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// This file is the part of the KV service about the end of keys.

// lifetimeOf returns what a message says of the end of a key; none is without end.
func lifetimeOf(l *pb.Lifetime) command.Lifetime {
	switch l.WhichEnd() {
	case pb.Lifetime_InMs_case:
		return command.Lifetime{As: command.EndsIn, Millis: l.GetInMs()}
	case pb.Lifetime_AtMs_case:
		return command.Lifetime{As: command.EndsAt, Millis: l.GetAtMs()}
	case pb.Lifetime_AsBefore_case:
		return command.Lifetime{As: command.EndsAsBefore}
	default:
		return command.Lifetime{}
	}
}

var convertExpire = conversion[*pb.ExpireRequest, *pb.ExpireResponse]{
	func(r *pb.ExpireRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.Expire{Key: r.GetKey(), Life: lifetimeOf(r.GetLifetime())}
		cmd.If = command.ExpireIf{Without: r.GetIfNone(), With: r.GetIfSome(), Later: r.GetIfLater(), Sooner: r.GetIfSooner()}
		if as := cmd.Life.As; as != command.EndsIn && as != command.EndsAt {
			return cmd, server.Errorf(server.CodeInvalid, "lifetime: in_ms or at_ms: required")
		}
		return cmd, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ExpireResponse { return pb.ExpireResponse_builder{Set: p.Int == 1}.Build() },
}

var convertPersist = conversion[*pb.PersistRequest, *pb.PersistResponse]{
	func(r *pb.PersistRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.Persist{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.PersistResponse {
		return pb.PersistResponse_builder{Persisted: p.Found}.Build()
	},
}

var convertTTL = conversion[*pb.TTLRequest, *pb.TTLResponse]{
	func(r *pb.TTLRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.TTL{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.TTLResponse {
		ends := p.Found && p.Int != command.NoDeadline
		return pb.TTLResponse_builder{Found: p.Found, Ends: ends, LeftMs: max(p.Int, 0)}.Build()
	},
}

func (k *kvService) Expire(ctx context.Context, q *pb.ExpireRequest) (*pb.ExpireResponse, error) {
	return unary(ctx, k, q, convertExpire)
}

func (k *kvService) Persist(ctx context.Context, q *pb.PersistRequest) (*pb.PersistResponse, error) {
	return unary(ctx, k, q, convertPersist)
}

func (k *kvService) TTL(ctx context.Context, q *pb.TTLRequest) (*pb.TTLResponse, error) {
	return unary(ctx, k, q, convertTTL)
}
