package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/getset/

var rowGetSet = row{
	name: "getset", arity: 3, flags: "write denyoom fast", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "GETSET key value",
	summary: "Sets a key to a string and returns the one before.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SetIf{Key: args[0], Value: args[1], Old: true}, replyValue}, nil
	},
}
