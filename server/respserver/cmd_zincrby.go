package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zincrby/

var rowZIncrBy = row{
	name: "zincrby", arity: 4, flags: "write denyoom fast", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(log(N)) for N members", syntax: "ZINCRBY key increment member",
	summary: "Adds to the score of a member of a sorted set; nothing counts as 0.", differs: differsZIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		delta, err := float(args[1])
		return parsed(operation{command.ZIncr{Key: args[0], Member: args[2], Delta: delta}, replyScore}, err)
	},
}
