package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hexists/

var rowHExists = row{
	name: "hexists", arity: 3, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(1)", syntax: "HEXISTS key field",
	summary: "Tells whether a hash has a field.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HExists{Key: args[0], Field: args[1]}, replyFound}, nil
	},
}
