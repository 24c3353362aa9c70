package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zcount/ and https://redis.io/commands/zlexcount/

const differsCount = "It visits the members that it counts: O(log(N)+M)."

var rowZCount = row{
	name: "zcount", arity: 4, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.0.0", complexity: "O(log(N)+M) for M of N members counted", syntax: "ZCOUNT key min max",
	summary: "Counts the members of a sorted set with scores in a span.", differs: differsCount,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) { return countSpan(args, command.ByScore) },
}

var rowZLexCount = row{
	name: "zlexcount", arity: 4, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.8.9", complexity: "O(log(N)+M) for M of N members counted", syntax: "ZLEXCOUNT key min max",
	summary: "Counts the members of a sorted set, all of one score, in a span of names.", differs: differsCount,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) { return countSpan(args, command.ByLex) },
}

func countSpan(args [][]byte, by command.By) (operation, error) {
	span := command.Span{By: by, Limit: -1}
	err := readSpan(&span, args[1], args[2])
	return parsed(operation{command.ZCount{Key: args[0], Span: span}, replyInt}, err)
}
