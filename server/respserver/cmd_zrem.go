package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zrem/

var rowZRem = row{
	name: "zrem", arity: -3, flags: "write fast", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(M*log(N)) for M of N members", syntax: "ZREM key member [member ...]",
	summary: "Removes members from a sorted set, and returns how many were there.",
	differs: differsDelete,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZRem{Key: args[0], Members: args[1:]}, replyInt}, nil
	},
}
