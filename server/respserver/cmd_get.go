package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/get/

var rowGet = row{
	name: "get", arity: 2, flags: "readonly fast", categories: "read string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "GET key",
	summary: "Returns the string at a key.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Get{Key: args[0]}, replyValue}, nil
	},
}
