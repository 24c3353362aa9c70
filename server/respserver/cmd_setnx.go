package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/setnx/

var rowSetNX = row{
	name: "setnx", arity: 3, flags: "write denyoom fast", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "SETNX key value",
	summary: "Sets a key to a string if it does not exist.",
	differs: "It looks at this region only: two regions may both find the key absent, and both succeed. No lock.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SetIf{Key: args[0], Value: args[1], Absent: true}, replyInt}, nil
	},
}
