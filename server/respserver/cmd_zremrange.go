package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zremrangebyrank/, and likewise zremrangebyscore and
// zremrangebylex.

const differsRemRange = differsDelete + " " + differsScores

var rowZRemRangeByRank = row{
	name: "zremrangebyrank", arity: 4, flags: "write", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.0.0", complexity: "O(log(N)+M) for M of N members removed", syntax: "ZREMRANGEBYRANK key start stop",
	summary: "Removes a span from a sorted set by rank, and returns how many members that were.", differs: differsRemRange, parse: parseRemRange(command.ByRank),
}

var rowZRemRangeByScore = row{
	name: "zremrangebyscore", arity: 4, flags: "write", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(log(N)+M) for M of N members removed", syntax: "ZREMRANGEBYSCORE key min max",
	summary: "Removes the members with scores in a span from a sorted set, and returns how many that were.", differs: differsRemRange, parse: parseRemRange(command.ByScore),
}

var rowZRemRangeByLex = row{
	name: "zremrangebylex", arity: 4, flags: "write", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.8.9", complexity: "O(log(N)+M) for M of N members removed", syntax: "ZREMRANGEBYLEX key min max",
	summary: "Removes the members in a span of names from a sorted set, all of one score, and returns how many that were.", differs: differsRemRange, parse: parseRemRange(command.ByLex),
}

func parseRemRange(by command.By) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		span := command.Span{By: by, Limit: -1}
		err := readSpan(&span, args[1], args[2])
		return parsed(operation{command.ZRemRange{Key: args[0], Span: span}, replyInt}, err)
	}
}
