package grpcserver

import (
	"math"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// Conversions of the operations on sorted sets. The empty member is one like any other.

var convertZAdd = conversion[*pb.ZAddRequest, *pb.ZAddResponse]{
	func(r *pb.ZAddRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.ZAdd{Key: r.GetKey(), Absent: r.GetOnlyNew(), Present: r.GetOnlyKnown(), Greater: r.GetGreater(), Less: r.GetLess()}
		err := required(r.GetKey(), "key")
		switch {
		case err != nil:
		case len(r.GetMembers()) == 0:
			err = server.Errorf(server.CodeInvalid, "members: required")
		case cmd.Absent && cmd.Present || cmd.Greater && cmd.Less || cmd.Absent && (cmd.Greater || cmd.Less):
			err = server.Errorf(server.CodeInvalid, "conditions: not together")
		}
		for _, m := range r.GetMembers() {
			if err == nil {
				err = isNumber(m.GetScore(), "score")
			}
			cmd.Members = append(cmd.Members, keyspace.Scored{Member: m.GetMember(), Score: m.GetScore()})
		}
		return cmd, err
	},
	func(p keyspace.Reply) *pb.ZAddResponse { return pb.ZAddResponse_builder{Added: p.Int}.Build() },
}

func isNumber(f float64, name string) error {
	if math.IsNaN(f) {
		return server.Errorf(server.CodeInvalid, "%s: not a number", name)
	}
	return nil
}

var convertZIncr = conversion[*pb.ZIncrRequest, *pb.ZIncrResponse]{
	func(r *pb.ZIncrRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil {
			err = isNumber(r.GetDelta(), "delta")
		}
		if err != nil {
			return nil, err
		}
		return once(r, command.ZIncr{Key: r.GetKey(), Member: r.GetMember(), Delta: r.GetDelta()})
	},
	func(p keyspace.Reply) *pb.ZIncrResponse { return pb.ZIncrResponse_builder{Score: p.Score}.Build() },
}

var convertZRem = conversion[*pb.ZRemRequest, *pb.ZRemResponse]{
	func(r *pb.ZRemRequest, _ *server.Limits) (keyspace.Command, error) {
		err := required(r.GetKey(), "key")
		if err == nil && len(r.GetMembers()) == 0 {
			err = server.Errorf(server.CodeInvalid, "members: required")
		}
		return command.ZRem{Key: r.GetKey(), Members: r.GetMembers()}, err
	},
	func(p keyspace.Reply) *pb.ZRemResponse { return pb.ZRemResponse_builder{Removed: p.Int}.Build() },
}

var convertZScore = conversion[*pb.ZScoreRequest, *pb.ZScoreResponse]{
	func(r *pb.ZScoreRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZScore{Key: r.GetKey(), Members: [][]byte{r.GetMember()}}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ZScoreResponse {
		return pb.ZScoreResponse_builder{Found: p.Replies[0].Found, Score: p.Replies[0].Score}.Build()
	},
}

var convertZCard = conversion[*pb.ZCardRequest, *pb.ZCardResponse]{
	func(r *pb.ZCardRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZCard{Key: r.GetKey()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ZCardResponse { return pb.ZCardResponse_builder{Count: p.Int}.Build() },
}

func scoredMembers(p keyspace.Reply) []*pb.ScoredMember {
	list := make([]*pb.ScoredMember, len(p.List))
	for i, m := range p.List {
		list[i] = pb.ScoredMember_builder{Member: m, Score: p.Scores[i]}.Build()
	}
	return list
}

var convertZRange = conversion[*pb.ZRangeRequest, *pb.ZRangeResponse]{
	func(r *pb.ZRangeRequest, _ *server.Limits) (keyspace.Command, error) {
		span := command.Span{By: command.ByRank, Start: r.GetStart(), Stop: r.GetStop(), Reverse: r.GetReverse()}
		return command.ZRange{Key: r.GetKey(), Span: span}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ZRangeResponse {
		return pb.ZRangeResponse_builder{Members: scoredMembers(p)}.Build()
	},
}

var convertZRangeByScore = conversion[*pb.ZRangeByScoreRequest, *pb.ZRangeByScoreResponse]{
	func(r *pb.ZRangeByScoreRequest, _ *server.Limits) (keyspace.Command, error) {
		span := command.Span{
			By: command.ByScore, Min: command.Bound{Score: r.GetMin(), Open: r.GetMinOpen()}, Max: command.Bound{Score: r.GetMax(), Open: r.GetMaxOpen()},
			Offset: clamped(r.GetOffset()), Limit: clamped(r.GetLimit()), Reverse: r.GetReverse(),
		}
		if span.Limit == 0 {
			span.Limit = -1
		}
		err := required(r.GetKey(), "key")
		if err == nil {
			err = isNumber(r.GetMin(), "min")
		}
		if err == nil {
			err = isNumber(r.GetMax(), "max")
		}
		return command.ZRange{Key: r.GetKey(), Span: span}, err
	},
	func(p keyspace.Reply) *pb.ZRangeByScoreResponse {
		return pb.ZRangeByScoreResponse_builder{Members: scoredMembers(p)}.Build()
	},
}

func clamped(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

var convertZRank = conversion[*pb.ZRankRequest, *pb.ZRankResponse]{
	func(r *pb.ZRankRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZRank{Key: r.GetKey(), Member: r.GetMember(), Reverse: r.GetReverse()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ZRankResponse {
		return pb.ZRankResponse_builder{Found: p.Found, Rank: p.Int}.Build()
	},
}

var convertZMPop = conversion[*pb.ZMPopRequest, *pb.ZMPopResponse]{
	func(r *pb.ZMPopRequest, _ *server.Limits) (keyspace.Command, error) {
		cmd := command.ZPop{List: r.GetKeys(), Count: max(1, clamped(r.GetCount())), Max: r.GetGreatest()}
		return waitingFor(cmd, r.GetWaitMs()), requiredAll(r.GetKeys(), "keys")
	},
	func(p keyspace.Reply) *pb.ZMPopResponse {
		return pb.ZMPopResponse_builder{Found: p.Found, Key: p.Value, Members: scoredMembers(p)}.Build()
	},
}

var convertZPop = conversion[*pb.ZPopRequest, *pb.ZPopResponse]{
	func(r *pb.ZPopRequest, _ *server.Limits) (keyspace.Command, error) {
		return command.ZPop{List: [][]byte{r.GetKey()}, Count: max(1, clamped(r.GetCount())), Max: r.GetGreatest()}, required(r.GetKey(), "key")
	},
	func(p keyspace.Reply) *pb.ZPopResponse {
		return pb.ZPopResponse_builder{Members: scoredMembers(p)}.Build()
	},
}
