package grpcserver

import (
	"context"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// This file is the part of the KV service about the end of fields of hashes.

var fieldDeadlines = map[int64]pb.FieldDeadline{
	command.NoField:      pb.FieldDeadline_FIELD_DEADLINE_NO_FIELD,
	command.NoFieldEnd:   pb.FieldDeadline_FIELD_DEADLINE_NONE,
	command.FieldUnmet:   pb.FieldDeadline_FIELD_DEADLINE_UNCHANGED,
	command.FieldSet:     pb.FieldDeadline_FIELD_DEADLINE_SET,
	command.FieldDeleted: pb.FieldDeadline_FIELD_DEADLINE_DELETED,
}

func fieldDeadlinesOf(p keyspace.Reply) (list []pb.FieldDeadline) {
	for _, n := range p.Ints {
		list = append(list, fieldDeadlines[n])
	}
	return list
}

func fieldsFound(p keyspace.Reply) []*pb.HGetResponse {
	values := make([]*pb.HGetResponse, len(p.List))
	for i, v := range p.List {
		values[i] = fieldFound(v, v != nil)
	}
	return values
}

// timed refuses a lifetime that is no time, or one before 1970.
func timed(l command.Lifetime) error {
	switch {
	case l.As != command.EndsIn && l.As != command.EndsAt:
		return server.Errorf(server.CodeInvalid, "lifetime: in_ms or at_ms: required")
	case l.Millis < 0:
		return &command.LifetimeError{Negative: true}
	default:
		return nil
	}
}

var convertHExpire = conversion[*pb.HExpireRequest, *pb.HExpireResponse]{
	func(r *pb.HExpireRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.HExpire{Key: r.GetKey(), Fields: r.GetFields(), Life: lifetimeOf(r.GetLifetime())}
		cmd.If = command.ExpireIf{Without: r.GetIfNone(), With: r.GetIfSome(), Later: r.GetIfLater(), Sooner: r.GetIfSooner()}
		if err := timed(cmd.Life); err != nil {
			return cmd, err
		}
		return cmd, keyAndFields(r.GetKey(), len(cmd.Fields))
	},
	func(p keyspace.Reply) *pb.HExpireResponse {
		return pb.HExpireResponse_builder{Fields: fieldDeadlinesOf(p)}.Build()
	},
}

var convertHPersist = conversion[*pb.HPersistRequest, *pb.HPersistResponse]{
	func(r *pb.HPersistRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HPersist{Key: r.GetKey(), Fields: r.GetFields()}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HPersistResponse {
		return pb.HPersistResponse_builder{Fields: fieldDeadlinesOf(p)}.Build()
	},
}

var convertHTTL = conversion[*pb.HTTLRequest, *pb.HTTLResponse]{
	func(r *pb.HTTLRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HTTL{Key: r.GetKey(), Fields: r.GetFields()}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HTTLResponse {
		var list []*pb.TTLResponse
		for _, n := range p.Ints {
			list = append(list, pb.TTLResponse_builder{Found: n != command.NoField, Ends: n >= 0, LeftMs: max(n, 0)}.Build())
		}
		return pb.HTTLResponse_builder{Fields: list}.Build()
	},
}

var convertHGetEx = conversion[*pb.HGetExRequest, *pb.HGetExResponse]{
	func(r *pb.HGetExRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.HGetEx{Key: r.GetKey(), Fields: r.GetFields(), Life: lifetimeOf(r.GetLifetime()), Persist: r.GetPersist()}
		if r.HasLifetime() {
			if err := timed(cmd.Life); err != nil {
				return cmd, err
			}
			if cmd.Persist {
				return cmd, server.Errorf(server.CodeInvalid, "persist: not with a lifetime")
			}
		}
		return cmd, keyAndFields(r.GetKey(), len(cmd.Fields))
	},
	func(p keyspace.Reply) *pb.HGetExResponse {
		return pb.HGetExResponse_builder{Values: fieldsFound(p)}.Build()
	},
}

var convertHSetEx = conversion[*pb.HSetExRequest, *pb.HSetExResponse]{
	func(r *pb.HSetExRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.HSetEx{Key: r.GetKey(), Fields: fieldValues(r.GetFields()), Life: lifetimeOf(r.GetLifetime())}
		cmd.Absent, cmd.Present = r.GetIfAbsent(), r.GetIfPresent()
		switch {
		case cmd.Life.Millis < 0:
			return cmd, &command.LifetimeError{Negative: true}
		case cmd.Absent && cmd.Present:
			return cmd, server.Errorf(server.CodeInvalid, "if_present: not with if_absent")
		}
		return cmd, keyAndFields(r.GetKey(), len(cmd.Fields))
	},
	func(p keyspace.Reply) *pb.HSetExResponse { return pb.HSetExResponse_builder{Set: p.Int == 1}.Build() },
}

var convertHGetDel = conversion[*pb.HGetDelRequest, *pb.HGetDelResponse]{
	func(r *pb.HGetDelRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HGetDel{Key: r.GetKey(), Fields: r.GetFields()}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HGetDelResponse {
		return pb.HGetDelResponse_builder{Values: fieldsFound(p)}.Build()
	},
}

func (k *kvService) HExpire(ctx context.Context, q *pb.HExpireRequest) (*pb.HExpireResponse, error) {
	return unary(ctx, k, q, convertHExpire)
}

func (k *kvService) HPersist(ctx context.Context, q *pb.HPersistRequest) (*pb.HPersistResponse, error) {
	return unary(ctx, k, q, convertHPersist)
}

func (k *kvService) HTTL(ctx context.Context, q *pb.HTTLRequest) (*pb.HTTLResponse, error) {
	return unary(ctx, k, q, convertHTTL)
}

func (k *kvService) HGetEx(ctx context.Context, q *pb.HGetExRequest) (*pb.HGetExResponse, error) {
	return unary(ctx, k, q, convertHGetEx)
}

func (k *kvService) HSetEx(ctx context.Context, q *pb.HSetExRequest) (*pb.HSetExResponse, error) {
	return unary(ctx, k, q, convertHSetEx)
}

func (k *kvService) HGetDel(ctx context.Context, q *pb.HGetDelRequest) (*pb.HGetDelResponse, error) {
	return unary(ctx, k, q, convertHGetDel)
}
