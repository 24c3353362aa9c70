package main

import (
	"context"
	"math"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// sortedSetCommands are sorted sets. Lists of members come with their scores. Those whose
// replies may be large are no part of a transaction, as with lists.
func sortedSetCommands() []*command {
	return append(sortedSetWrites(), sortedSetReads()...)
}

func sortedSetWrites() []*command {
	return []*command{
		{name: "zadd", args: "KEY SCORE MEMBER…", min: 3, max: -1, group: groupSortedSets, inTxn: true, writes: true,
			summary: "give members of a sorted set their scores; concurrent increments are added", example: "zadd board 10 ada 7 bob",
			op: zaddOp, answer: func(r *pb.Result) reply { return intReply(r.GetZadd().GetAdded()) }},
		{name: "zincrby", args: "KEY N MEMBER", min: 3, max: 3, group: groupSortedSets, inTxn: true, writes: true,
			summary: "add N to the score of a member; concurrent increments of all regions add up", example: "zincrby board 2.5 bob",
			op: zincrbyOp, answer: func(r *pb.Result) reply { return scoreReply(r.GetZincr().GetScore()) }},
		{name: "zrem", args: "KEY MEMBER…", min: 2, max: -1, group: groupSortedSets, inTxn: true, writes: true,
			summary: "remove members from a sorted set", example: "zrem board bob",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Zrem: pb.ZRemRequest_builder{Key: a[0], Members: a[1:]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetZrem().GetRemoved()) }},
		{name: "zpopmin", args: "KEY [N]", min: 1, max: 2, group: groupSortedSets, writes: true,
			summary: "take the N members with the least scores, 1 without N; two regions may get the same", example: "zpopmin board", run: runZPop(false)},
		{name: "zpopmax", args: "KEY [N]", min: 1, max: 2, group: groupSortedSets, writes: true,
			summary: "take the N members with the greatest scores, 1 without N; two regions may get the same", example: "zpopmax board 3", run: runZPop(true)},
	}
}

func sortedSetReads() []*command {
	return []*command{
		{name: "zscore", args: "KEY MEMBER", min: 2, max: 2, group: groupSortedSets, inTxn: true,
			summary: "read the score of a member", example: "zscore board ada",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Zscore: pb.ZScoreRequest_builder{Key: a[0], Member: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				if !r.GetZscore().GetFound() {
					return nilReply{}
				}
				return scoreReply(r.GetZscore().GetScore())
			}},
		{name: "zrank", args: "KEY MEMBER", min: 2, max: 2, group: groupSortedSets, inTxn: true,
			summary: "count the members with lesser scores", example: "zrank board ada",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Zrank: pb.ZRankRequest_builder{Key: a[0], Member: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				if !r.GetZrank().GetFound() {
					return nilReply{}
				}
				return intReply(r.GetZrank().GetRank())
			}},
		{name: "zcard", args: "KEY", min: 1, max: 1, group: groupSortedSets, inTxn: true,
			summary: "count the members of a sorted set", example: "zcard board",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Zcard: pb.ZCardRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetZcard().GetCount()) }},
		{name: "zrange", args: "KEY START STOP", min: 3, max: 3, group: groupSortedSets,
			summary: "list members by rank from START to STOP, each followed by its score; -1 is the last", example: "zrange board 0 -1",
			op: zrangeOp(false), answer: zrangeAnswer},
		{name: "zrevrange", args: "KEY START STOP", min: 3, max: 3, group: groupSortedSets,
			summary: "zrange from the greatest score to the least", example: "zrevrange board 0 9",
			op: zrangeOp(true), answer: zrangeAnswer},
		{name: "zrangebyscore", args: "KEY MIN MAX", min: 3, max: 3, group: groupSortedSets,
			summary: "list members with scores from MIN to MAX, each followed by its score; (5 leaves 5 out, -inf and inf are no bound", example: "zrangebyscore board (5 inf",
			op: zrangeByScoreOp, answer: func(r *pb.Result) reply { return scoredReply(r.GetZrangeByScore().GetMembers()) }},
	}
}

func zaddOp(a [][]byte) (*pb.Operation, error) {
	if len(a)%2 == 0 {
		return nil, usagef("score %q has no member", clip(string(a[len(a)-1])))
	}
	var members []*pb.ScoredMember
	for i := 1; i < len(a); i += 2 {
		score, err := number64(string(a[i]))
		if err != nil {
			return nil, err
		}
		members = append(members, pb.ScoredMember_builder{Member: a[i+1], Score: score}.Build())
	}
	return pb.Operation_builder{Zadd: pb.ZAddRequest_builder{Key: a[0], Members: members}.Build()}.Build(), nil
}

// number64 reads a score.
func number64(arg string) (float64, error) {
	f, err := strconv.ParseFloat(arg, 64)
	if err != nil || math.IsNaN(f) {
		return 0, usagef("%q is not a number of 64 bits", clip(arg))
	}
	return f, nil
}

func zincrbyOp(a [][]byte) (*pb.Operation, error) {
	delta, err := number64(string(a[1]))
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Zincr: pb.ZIncrRequest_builder{Key: a[0], Member: a[2], Delta: delta}.Build()}.Build(), nil
}

func runZPop(greatest bool) func(context.Context, *session, []string) reply {
	return func(ctx context.Context, s *session, args []string) reply {
		n, err := howMany(args)
		if err != nil {
			return errReply{explain(err)}
		}
		op := pb.Operation_builder{Zpop: pb.ZPopRequest_builder{Key: []byte(args[0]), Count: n, Greatest: greatest}.Build()}.Build()
		return s.ask(ctx, op, func(r *pb.Result) reply { return scoredReply(r.GetZpop().GetMembers()) })
	}
}

func zrangeOp(reverse bool) func([][]byte) (*pb.Operation, error) {
	return func(a [][]byte) (*pb.Operation, error) {
		start, stop, err := bounds(a[1:])
		if err != nil {
			return nil, err
		}
		return pb.Operation_builder{Zrange: pb.ZRangeRequest_builder{Key: a[0], Start: start, Stop: stop, Reverse: reverse}.Build()}.Build(), nil
	}
}

func zrangeAnswer(r *pb.Result) reply { return scoredReply(r.GetZrange().GetMembers()) }

func zrangeByScoreOp(a [][]byte) (*pb.Operation, error) {
	least, leastOpen := strings.CutPrefix(string(a[1]), "(")
	most, mostOpen := strings.CutPrefix(string(a[2]), "(")
	lo, err := number64(least)
	if err != nil {
		return nil, err
	}
	hi, err := number64(most)
	if err != nil {
		return nil, err
	}
	request := pb.ZRangeByScoreRequest_builder{Key: a[0], Min: lo, Max: hi, MinOpen: leastOpen, MaxOpen: mostOpen}.Build()
	return pb.Operation_builder{ZrangeByScore: request}.Build(), nil
}

func scoreReply(f float64) reply { return bytesReply(scoreText(f)) }

// scoreText is the shortest text that reads back as f, without an exponent where that is short.
func scoreText(f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsInf(f, 1):
		return []byte("inf")
	case math.IsInf(f, -1):
		return []byte("-inf")
	case size == 0, size >= 1e-5 && size < 1e17:
		return strconv.AppendFloat(nil, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64)
}

func scoredReply(members []*pb.ScoredMember) reply {
	list := listReply{}
	for _, m := range members {
		list = append(list, m.GetMember(), scoreText(m.GetScore()))
	}
	return list
}
