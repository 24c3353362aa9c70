package main

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// hashCommands are hashes and the counters that live in their fields.
func hashCommands() []*command {
	return append(hashWrites(), hashReads()...)
}

func hashWrites() []*command {
	return []*command{
		{name: "hset", args: "KEY FIELD VALUE…", min: 3, max: -1, group: groupHashes, inTxn: true, writes: true,
			summary: "set fields of a hash; concurrent writes of different fields are all kept", example: `hset user:1 name "Ada Lovelace" born 1815`,
			op: hsetOp, answer: func(r *pb.Result) reply { return intReply(r.GetHset().GetAdded()) }},
		{name: "hsetnx", args: "KEY FIELD VALUE", min: 3, max: 3, group: groupHashes, inTxn: true, writes: true,
			summary: "set a field that this node does not see: 1, or 0 if it is there", example: "hsetnx user:1 name Ada",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hsetnx: pb.HSetNXRequest_builder{Key: a[0], Field: a[1], Value: a[2]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return yesReply(r.GetHsetnx().GetSet()) }},
		{name: "hdel", args: "KEY FIELD…", min: 2, max: -1, group: groupHashes, inTxn: true, writes: true,
			summary: "delete fields; a concurrent write that this node has not seen survives", example: "hdel user:1 born",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hdel: pb.HDelRequest_builder{Key: a[0], Fields: a[1:]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetHdel().GetDeleted()) }},
		{name: "hincrby", args: "KEY FIELD N", min: 3, max: 3, group: groupHashes, inTxn: true, writes: true,
			summary: "add N to the number in a field; concurrent increments of all regions add up", example: "hincrby user:1 visits 1",
			op: hincrOp, answer: func(r *pb.Result) reply { return intReply(r.GetHincr().GetValue()) }},
	}
}

func hsetOp(a [][]byte) (*pb.Operation, error) {
	if len(a)%2 == 0 {
		return nil, usagef("field %q has no value", clip(string(a[len(a)-1])))
	}
	var fields []*pb.FieldValue
	for i := 1; i < len(a); i += 2 {
		fields = append(fields, pb.FieldValue_builder{Field: a[i], Value: a[i+1]}.Build())
	}
	return pb.Operation_builder{Hset: pb.HSetRequest_builder{Key: a[0], Fields: fields}.Build()}.Build(), nil
}

func hincrOp(a [][]byte) (*pb.Operation, error) {
	n, err := whole(a[2])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Hincr: pb.HIncrRequest_builder{Key: a[0], Field: a[1], Delta: n}.Build()}.Build(), nil
}

func hashReads() []*command {
	return []*command{
		{name: "hget", args: "KEY FIELD", min: 2, max: 2, group: groupHashes, inTxn: true,
			summary: "read a field of a hash", example: "hget user:1 name",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hget: pb.HGetRequest_builder{Key: a[0], Field: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return fieldReply(r.GetHget()) }},
		{name: "hmget", args: "KEY FIELD…", min: 2, max: -1, group: groupHashes, inTxn: true,
			summary: "read fields of a hash, in the order given", example: "hmget user:1 name born",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hmget: pb.HMGetRequest_builder{Key: a[0], Fields: a[1:]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				var list repliesReply
				for _, v := range r.GetHmget().GetValues() {
					list = append(list, fieldReply(v))
				}
				return list
			}},
		{name: "hgetall", args: "KEY", min: 1, max: 1, group: groupHashes,
			summary: "list the fields of a hash, each followed by its value, in byte order", example: "hgetall user:1", run: runFields},
		{name: "hkeys", args: "KEY", min: 1, max: 1, group: groupHashes,
			summary: "list the fields of a hash, in byte order", example: "hkeys user:1", run: runFieldNames},
		{name: "hvals", args: "KEY", min: 1, max: 1, group: groupHashes,
			summary: "list the values of a hash, in byte order of their fields", example: "hvals user:1", run: runFieldValues},
		{name: "hlen", args: "KEY", min: 1, max: 1, group: groupHashes, inTxn: true,
			summary: "count the fields of a hash", example: "hlen user:1",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hlen: pb.HLenRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetHlen().GetCount()) }},
		{name: "hexists", args: "KEY FIELD", min: 2, max: 2, group: groupHashes, inTxn: true,
			summary: "tell whether a hash has a field: 1 or 0", example: "hexists user:1 name",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hexists: pb.HExistsRequest_builder{Key: a[0], Field: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return yesReply(r.GetHexists().GetExists()) }},
		{name: "hstrlen", args: "KEY FIELD", min: 2, max: 2, group: groupHashes, inTxn: true,
			summary: "measure the value of a field in bytes", example: "hstrlen user:1 name",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Hstrlen: pb.HStrLenRequest_builder{Key: a[0], Field: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetHstrlen().GetLength()) }},
	}
}

func fieldReply(v *pb.HGetResponse) reply {
	if !v.GetFound() {
		return nilReply{}
	}
	return bytesReply(v.GetValue())
}

func yesReply(yes bool) reply {
	if yes {
		return intReply(1)
	}
	return intReply(0)
}

func runFields(ctx context.Context, s *session, args []string) reply {
	return s.pages(ctx, func(cursor []byte) (*pb.Operation, func(*pb.Result) ([][]byte, []byte)) {
		op := pb.Operation_builder{Hgetall: pb.HGetAllRequest_builder{Key: []byte(args[0]), Cursor: cursor}.Build()}.Build()
		return op, func(r *pb.Result) (list [][]byte, next []byte) {
			for _, f := range r.GetHgetall().GetFields() {
				list = append(list, f.GetField(), f.GetValue())
			}
			return list, r.GetHgetall().GetCursor()
		}
	})
}

func runFieldNames(ctx context.Context, s *session, args []string) reply {
	return s.pages(ctx, func(cursor []byte) (*pb.Operation, func(*pb.Result) ([][]byte, []byte)) {
		op := pb.Operation_builder{Hkeys: pb.HKeysRequest_builder{Key: []byte(args[0]), Cursor: cursor}.Build()}.Build()
		return op, func(r *pb.Result) ([][]byte, []byte) { return r.GetHkeys().GetFields(), r.GetHkeys().GetCursor() }
	})
}

func runFieldValues(ctx context.Context, s *session, args []string) reply {
	return s.pages(ctx, func(cursor []byte) (*pb.Operation, func(*pb.Result) ([][]byte, []byte)) {
		op := pb.Operation_builder{Hvals: pb.HValsRequest_builder{Key: []byte(args[0]), Cursor: cursor}.Build()}.Build()
		return op, func(r *pb.Result) ([][]byte, []byte) { return r.GetHvals().GetValues(), r.GetHvals().GetCursor() }
	})
}
