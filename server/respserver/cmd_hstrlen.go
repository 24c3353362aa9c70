package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hstrlen/

var rowHStrLen = row{
	name: "hstrlen", arity: 3, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "3.2.0", complexity: "O(1)", syntax: "HSTRLEN key field",
	summary: "Returns the length of the value of a field of a hash.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HStrLen{Key: args[0], Field: args[1]}, replyInt}, nil
	},
}
