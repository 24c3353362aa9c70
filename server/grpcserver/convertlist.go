package grpcserver

import (
	"strconv"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on lists. The empty element is one like any other.

// elementsBytesMax bounds the elements of one response.
const elementsBytesMax = 8 << 20

// elementsBytes lets in one element of any size that the node takes.
func elementsBytes(l *server.Limits) int { return max(elementsBytesMax, l.ValueBytes) }

func endOf(back bool) keyspace.End {
	if back {
		return keyspace.Back
	}
	return keyspace.Front
}

var convertLPush = conversion[*pb.LPushRequest, *pb.LPushResponse]{
	func(r *pb.LPushRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil && len(r.GetValues()) == 0 {
			err = server.Errorf(server.CodeInvalid, "values: required")
		}
		return command.Push{Key: r.GetKey(), Values: r.GetValues(), To: endOf(r.GetBack()), Existing: r.GetExisting()}, err
	},
	func(p keyspace.Reply) *pb.LPushResponse { return pb.LPushResponse_builder{Length: p.Int}.Build() },
}

// What is taken is gone: a count whose response could be too large for a message, however
// small the elements are, is refused before.
var convertLPop = conversion[*pb.LPopRequest, *pb.LPopResponse]{
	func(r *pb.LPopRequest, l *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil && r.GetCount() > uint64(l.Elements) {
			err = server.Errorf(server.CodeTooLarge, "count: %d elements, limit %d", r.GetCount(), l.Elements)
		}
		return command.Pop{Key: r.GetKey(), From: endOf(r.GetBack()), Count: max(1, clamped(r.GetCount())), BytesMax: elementsBytes(l)}, err
	},
	func(p keyspace.Reply) *pb.LPopResponse { return pb.LPopResponse_builder{Values: p.List}.Build() },
}

var convertLRange = conversion[*pb.LRangeRequest, *pb.LRangeResponse]{
	func(r *pb.LRangeRequest, l *server.Limits) (keyspace.Command, error) {
		return command.LRange{Key: r.GetKey(), Start: r.GetStart(), Stop: r.GetStop(), BytesMax: elementsBytes(l)}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LRangeResponse { return pb.LRangeResponse_builder{Values: p.List}.Build() },
}

var convertLLen = conversion[*pb.LLenRequest, *pb.LLenResponse]{
	func(r *pb.LLenRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LLen{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LLenResponse { return pb.LLenResponse_builder{Length: p.Int}.Build() },
}

var convertLIndex = conversion[*pb.LIndexRequest, *pb.LIndexResponse]{
	func(r *pb.LIndexRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LIndex{Key: r.GetKey(), Index: r.GetIndex()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LIndexResponse {
		return pb.LIndexResponse_builder{Found: p.Found, Value: p.Value}.Build()
	},
}

var convertLSet = conversion[*pb.LSetRequest, *pb.LSetResponse]{
	func(r *pb.LSetRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LSet{Key: r.GetKey(), Index: r.GetIndex(), Value: r.GetValue()}, required(r.GetKey(), "key")
	},
	func(keyspace.Reply) *pb.LSetResponse { return &pb.LSetResponse{} },
}

var convertLInsert = conversion[*pb.LInsertRequest, *pb.LInsertResponse]{
	func(r *pb.LInsertRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LInsert{Key: r.GetKey(), Before: !r.GetAfter(), Pivot: r.GetPivot(), Value: r.GetValue()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LInsertResponse {
		return pb.LInsertResponse_builder{Inserted: p.Int > 0, Length: max(0, p.Int)}.Build()
	},
}

var convertLRem = conversion[*pb.LRemRequest, *pb.LRemResponse]{
	func(r *pb.LRemRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LRem{Key: r.GetKey(), Count: r.GetCount(), Value: r.GetValue()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LRemResponse { return pb.LRemResponse_builder{Removed: p.Int}.Build() },
}

var convertLTrim = conversion[*pb.LTrimRequest, *pb.LTrimResponse]{
	func(r *pb.LTrimRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.LTrim{Key: r.GetKey(), Start: r.GetStart(), Stop: r.GetStop()}, required(r.GetKey(), "key")
	},
	func(keyspace.Reply) *pb.LTrimResponse { return &pb.LTrimResponse{} },
}

var convertLMove = conversion[*pb.LMoveRequest, *pb.LMoveResponse]{
	func(r *pb.LMoveRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil {
			err = required(r.GetInto(), "into")
		}
		cmd := command.LMove{Source: r.GetKey(), Into: r.GetInto(), From: endOf(r.GetFromBack()), To: endOf(r.GetToBack())}
		return waitingFor(cmd, r.GetWaitMs()), err
	},
	func(p keyspace.Reply) *pb.LMoveResponse {
		return pb.LMoveResponse_builder{Found: p.Found, Value: p.Value}.Build()
	},
}

var convertLMPop = conversion[*pb.LMPopRequest, *pb.LMPopResponse]{
	func(r *pb.LMPopRequest, l *server.Limits) (keyspace.Command, error) {
		err := requiredAll(r.GetKeys(), "keys")
		if err == nil && r.GetCount() > uint64(l.Elements) {
			err = server.Errorf(server.CodeTooLarge, "count: %d elements, limit %d", r.GetCount(), l.Elements)
		}
		cmd := command.LMPop{Lists: r.GetKeys(), From: endOf(r.GetBack()), Count: max(1, clamped(r.GetCount())), BytesMax: elementsBytes(l)}
		return waitingFor(cmd, r.GetWaitMs()), err
	},
	func(p keyspace.Reply) *pb.LMPopResponse {
		return pb.LMPopResponse_builder{Found: p.Found, Key: p.Value, Values: p.List}.Build()
	},
}

var convertLPos = conversion[*pb.LPosRequest, *pb.LPosResponse]{
	func(r *pb.LPosRequest, _ *server.Limits) (keyspace.Command, error) {
		rank := r.GetRank()
		if rank == 0 {
			rank = 1
		}
		cmd := command.LPos{Key: r.GetKey(), Value: r.GetValue(), Rank: rank, Count: clamped(r.GetCount()), MaxLen: clamped(r.GetMaxLen())}
		return cmd, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.LPosResponse {
		indexes := make([]int64, len(p.List))
		for i, text := range p.List {
			indexes[i], _ = strconv.ParseInt(string(text), 10, 64) // the command wrote it
		}
		return pb.LPosResponse_builder{Indexes: indexes}.Build()
	},
}
