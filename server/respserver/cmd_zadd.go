package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zadd/

var rowZAdd = row{
	name: "zadd", arity: -4, flags: "write denyoom fast", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(N*log(M)) for N members added to M",
	syntax:  "ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]",
	summary: "Gives members of a sorted set their scores, and returns how many were not there.",
	differs: "Of concurrent scores of one member the later one is shown, and concurrent increments are added to it. A member with its old score is written again: it survives a concurrent `ZREM`. Conditions look at this region only. -0 is 0.",
	parse:   func(args [][]byte, _ *server.Limits) (operation, error) { return parseZAdd(args) },
}

const (
	errNotFloat   = refusal("ERR value is not a valid float")
	errScoreNXXX  = refusal("ERR XX and NX options at the same time are not compatible")
	errScoreGTLT  = refusal("ERR GT, LT, and/or NX options at the same time are not compatible")
	errScoreIncr  = refusal("ERR INCR option supports a single increment-element pair")
	differsZIncr  = "Increments of several regions add up, exactly once. The sum is exact and rounded once, when it is read: ten times 0.1 is 1. A sum beyond the range shows as infinite and comes back when something is taken from it."
	differsScores = "More than 1,048,576 members, or 8 MiB of them, are refused."
)

func parseZAdd(args [][]byte) (operation, error) {
	cmd := command.ZAdd{Key: args[0]}
	rest := args[1:]
	for ; len(rest) > 0; rest = rest[1:] {
		flag := zaddFlag(&cmd, rest[0])
		if flag == nil {
			break
		}
		*flag = true
	}
	switch {
	case len(rest) == 0 || len(rest)%2 != 0:
		return operation{}, errSyntax
	case cmd.Absent && cmd.Present:
		return operation{}, errScoreNXXX
	case cmd.Greater && cmd.Absent || cmd.Less && cmd.Absent || cmd.Greater && cmd.Less:
		return operation{}, errScoreGTLT
	case cmd.Incr && len(rest) > 2:
		return operation{}, errScoreIncr
	}
	for ; len(rest) > 0; rest = rest[2:] {
		score, err := float(rest[0])
		if err != nil {
			return operation{}, err
		}
		cmd.Members = append(cmd.Members, keyspace.Scored{Member: rest[1], Score: score})
	}
	if cmd.Incr {
		return operation{cmd, replyScore}, nil
	}
	return operation{cmd, replyInt}, nil
}

func zaddFlag(cmd *command.ZAdd, word []byte) *bool {
	switch {
	case is(word, "NX"):
		return &cmd.Absent
	case is(word, "XX"):
		return &cmd.Present
	case is(word, "GT"):
		return &cmd.Greater
	case is(word, "LT"):
		return &cmd.Less
	case is(word, "CH"):
		return &cmd.Changed
	case is(word, "INCR"):
		return &cmd.Incr
	default:
		return nil
	}
}

// replyScore writes a score, or null where there is none.
func replyScore(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Double(r.Score)
}
