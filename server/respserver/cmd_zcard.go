package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zcard/

var rowZCard = row{
	name: "zcard", arity: 2, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(1)", syntax: "ZCARD key",
	summary: "Counts the members of a sorted set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZCard{Key: args[0]}, replyInt}, nil
	},
}
