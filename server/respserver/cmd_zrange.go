package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zrange/, and likewise zrevrange, zrangebyscore,
// zrevrangebyscore, zrangebylex, zrevrangebylex and zrangestore.

const (
	differsRange    = "By rank it visits the members between the span and the nearer end. " + differsScores
	differsByScore  = "Members that LIMIT skips are visited. " + differsScores
	complexityRange = "O(log(N)+M) for M of N members returned or skipped"

	errLimit      = refusal("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
	errWithScores = refusal("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
)

var rowZRange = row{
	name: "zrange", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: complexityRange,
	syntax:  "ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
	summary: "Returns a span of a sorted set: by rank, score or name.", differs: differsRange,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{choose: true, turn: true, scores: true})
	},
}

var rowZRevRange = row{
	name: "zrevrange", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: complexityRange, syntax: "ZREVRANGE key start stop [WITHSCORES]",
	summary: "Returns a span of a sorted set by rank, the greatest scores first.", differs: differsRange,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{reverse: true, scores: true})
	},
}

var rowZRangeByScore = row{
	name: "zrangebyscore", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.0.5", complexity: complexityRange, syntax: "ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]",
	summary: "Returns the members of a sorted set with scores in a span.", differs: differsByScore,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{by: command.ByScore, scores: true})
	},
}

var rowZRevRangeByScore = row{
	name: "zrevrangebyscore", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.2.0", complexity: complexityRange, syntax: "ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]",
	summary: "Returns the members of a sorted set with scores in a span, the greatest first.", differs: differsByScore,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{by: command.ByScore, reverse: true, scores: true})
	},
}

var rowZRangeByLex = row{
	name: "zrangebylex", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.8.9", complexity: complexityRange, syntax: "ZRANGEBYLEX key min max [LIMIT offset count]",
	summary: "Returns the members of a sorted set, all of one score, in a span of names.", differs: differsByScore,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{by: command.ByLex, scores: true})
	},
}

var rowZRevRangeByLex = row{
	name: "zrevrangebylex", arity: -4, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.8.9", complexity: complexityRange, syntax: "ZREVRANGEBYLEX key max min [LIMIT offset count]",
	summary: "Returns the members of a sorted set, all of one score, in a span of names, the last first.", differs: differsByScore,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return rangeOf(args, spanOptions{by: command.ByLex, reverse: true, scores: true})
	},
}

var rowZRangeStore = row{
	name: "zrangestore", arity: -5, flags: "write denyoom", categories: "write sortedset", first: 1, last: 2, step: 1,
	group: "sorted-set", since: "6.2.0", complexity: "O(log(N)+M) for M of N members stored or skipped",
	syntax:  "ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]",
	summary: "Stores what ZRANGE returns, and returns how many members that is.",
	differs: "It is made of what this region sees, as one update; what other regions concurrently add to the destination survives. " + differsScores,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		span, _, err := readRange(args[1:], spanOptions{choose: true, turn: true})
		return parsed(operation{command.ZRangeStore{Into: args[0], Key: args[1], Span: span}, replyInt}, err)
	},
}

// spanOptions says what a command on a span is, and which options it takes.
type spanOptions struct {
	by      command.By
	reverse bool
	// choose allows BYSCORE and BYLEX, turn REV, scores WITHSCORES.
	choose, turn, scores bool
}

func rangeOf(args [][]byte, o spanOptions) (operation, error) {
	span, scores, err := readRange(args, o)
	return parsed(operation{command.ZRange{Key: args[0], Span: span}, replyScored(scores)}, err)
}

// readRange reads a key, two ends and options. The errors and their order are those of Redis.
func readRange(args [][]byte, o spanOptions) (s command.Span, scores bool, err error) {
	s = command.Span{By: o.by, Reverse: o.reverse, Limit: -1}
	for rest := args[3:]; len(rest) > 0; rest = rest[1:] {
		switch word := rest[0]; {
		case o.scores && is(word, "WITHSCORES"):
			scores = true
		case is(word, "LIMIT") && len(rest) > 2:
			if s.Offset, err = integer(rest[1]); err == nil {
				s.Limit, err = integer(rest[2])
			}
			if err != nil {
				return s, scores, err
			}
			rest = rest[2:]
		case o.turn && is(word, "REV"):
			s.Reverse, o.turn = true, false
		case o.choose && is(word, "BYLEX"):
			s.By, o.choose = command.ByLex, false
		case o.choose && is(word, "BYSCORE"):
			s.By, o.choose = command.ByScore, false
		default:
			return s, scores, errSyntax
		}
	}
	switch {
	case s.Limit != -1 && s.By == command.ByRank:
		return s, scores, errLimit
	case scores && s.By == command.ByLex:
		return s, scores, errWithScores
	}
	first, last := args[1], args[2]
	if s.Reverse && s.By != command.ByRank {
		first, last = last, first
	}
	err = readSpan(&s, first, last)
	return s, scores, err
}

// replyScored writes members, with their scores if asked: in pairs in version 3.
func replyScored(scores bool) func(*resp.Writer, keyspace.Reply) {
	if !scores {
		return replyBulks
	}
	return func(w *resp.Writer, r keyspace.Reply) {
		if w.Version == 3 {
			replyScoredPairs(w, r)
			return
		}
		replyScoredFlat(w, r)
	}
}

func replyScoredFlat(w *resp.Writer, r keyspace.Reply) {
	w.Array(2 * len(r.List))
	for i, m := range r.List {
		w.Bulk(m)
		w.Double(r.Scores[i])
	}
}

func replyScoredPairs(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List))
	for i, m := range r.List {
		w.Array(2)
		w.Bulk(m)
		w.Double(r.Scores[i])
	}
}
