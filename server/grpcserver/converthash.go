package grpcserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on hashes. The empty field is one like any other.

var convertHSet = conversion[*pb.HSetRequest, *pb.HSetResponse]{
	func(r *pb.HSetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HSet{Key: r.GetKey(), Fields: fieldValues(r.GetFields())}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HSetResponse { return pb.HSetResponse_builder{Added: p.Int}.Build() },
}

func fieldValues(list []*pb.FieldValue) []command.FieldValue {
	fields := make([]command.FieldValue, len(list))
	for i, f := range list {
		fields[i] = command.FieldValue{Field: f.GetField(), Value: f.GetValue()}
	}
	return fields
}

func keyAndFields(key []byte, fields int) error {
	if err := required(key, "key"); err != nil {
		return err
	}
	if fields == 0 {
		return server.Errorf(server.CodeInvalid, "fields: required")
	}
	return nil
}

var convertHSetNX = conversion[*pb.HSetNXRequest, *pb.HSetNXResponse]{
	func(r *pb.HSetNXRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HSetNX{Key: r.GetKey(), Field: r.GetField(), Value: r.GetValue()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HSetNXResponse { return pb.HSetNXResponse_builder{Set: !p.Found}.Build() },
}

var convertHGet = conversion[*pb.HGetRequest, *pb.HGetResponse]{
	func(r *pb.HGetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HGet{Key: r.GetKey(), Field: r.GetField()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HGetResponse { return fieldFound(p.Value, p.Found) },
}

func fieldFound(value []byte, found bool) *pb.HGetResponse {
	return pb.HGetResponse_builder{Found: found, Value: value}.Build()
}

var convertHMGet = conversion[*pb.HMGetRequest, *pb.HMGetResponse]{
	func(r *pb.HMGetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HMGet{Key: r.GetKey(), Fields: r.GetFields()}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HMGetResponse {
		return pb.HMGetResponse_builder{Values: fieldsFound(p)}.Build()
	},
}

var convertHGetAll = conversion[*pb.HGetAllRequest, *pb.HGetAllResponse]{
	func(r *pb.HGetAllRequest, l *server.Limits) (keyspace.Command, error) {
		return command.HGetAll{Key: r.GetKey(), Limit: pageOf(r.GetLimit(), l), Cursor: r.GetCursor()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HGetAllResponse {
		fields := make([]*pb.FieldValue, len(p.List)/2)
		for i := range fields {
			fields[i] = pb.FieldValue_builder{Field: p.List[2*i], Value: p.List[2*i+1]}.Build()
		}
		return pb.HGetAllResponse_builder{Fields: fields, Cursor: p.Cursor}.Build()
	},
}

var convertHKeys = conversion[*pb.HKeysRequest, *pb.HKeysResponse]{
	func(r *pb.HKeysRequest, l *server.Limits) (keyspace.Command, error) {
		return command.HKeys{Key: r.GetKey(), Limit: pageOf(r.GetLimit(), l), Cursor: r.GetCursor()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HKeysResponse {
		return pb.HKeysResponse_builder{Fields: p.List, Cursor: p.Cursor}.Build()
	},
}

var convertHVals = conversion[*pb.HValsRequest, *pb.HValsResponse]{
	func(r *pb.HValsRequest, l *server.Limits) (keyspace.Command, error) {
		return command.HVals{Key: r.GetKey(), Limit: pageOf(r.GetLimit(), l), Cursor: r.GetCursor()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HValsResponse {
		return pb.HValsResponse_builder{Values: p.List, Cursor: p.Cursor}.Build()
	},
}

var convertHLen = conversion[*pb.HLenRequest, *pb.HLenResponse]{
	func(r *pb.HLenRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HLen{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HLenResponse { return pb.HLenResponse_builder{Count: p.Int}.Build() },
}

var convertHExists = conversion[*pb.HExistsRequest, *pb.HExistsResponse]{
	func(r *pb.HExistsRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HExists{Key: r.GetKey(), Field: r.GetField()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HExistsResponse { return pb.HExistsResponse_builder{Exists: p.Found}.Build() },
}

var convertHStrLen = conversion[*pb.HStrLenRequest, *pb.HStrLenResponse]{
	func(r *pb.HStrLenRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HStrLen{Key: r.GetKey(), Field: r.GetField()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.HStrLenResponse { return pb.HStrLenResponse_builder{Length: p.Int}.Build() },
}

var convertHDel = conversion[*pb.HDelRequest, *pb.HDelResponse]{
	func(r *pb.HDelRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.HDel{Key: r.GetKey(), Fields: r.GetFields()}, keyAndFields(r.GetKey(), len(r.GetFields()))
	},
	func(p keyspace.Reply) *pb.HDelResponse { return pb.HDelResponse_builder{Deleted: p.Int}.Build() },
}

var convertHIncr = conversion[*pb.HIncrRequest, *pb.HIncrResponse]{
	func(r *pb.HIncrRequest, _ *server.Limits) (keyspace.Command, error) {
		if err := required(r.GetKey(), "key"); err != nil {
			return nil, err
		}
		return once(r, command.HIncr{Key: r.GetKey(), Field: r.GetField(), Delta: r.GetDelta()})
	},
	func(p keyspace.Reply) *pb.HIncrResponse { return pb.HIncrResponse_builder{Value: p.Int}.Build() },
}
