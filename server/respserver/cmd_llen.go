package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/llen/

var rowLLen = row{
	name: "llen", arity: 2, flags: "readonly fast", categories: "read list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(1)", syntax: "LLEN key",
	summary: "Returns how many elements a list has.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.LLen{Key: args[0]}, replyInt}, nil
	},
}
