package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hget/

var rowHGet = row{
	name: "hget", arity: 3, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(1)", syntax: "HGET key field",
	summary: "Returns the value of a field of a hash.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HGet{Key: args[0], Field: args[1]}, replyValue}, nil
	},
}
