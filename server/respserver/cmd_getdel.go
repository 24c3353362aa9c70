package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/getdel/

var rowGetDel = row{
	name: "getdel", arity: 2, flags: "write fast", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "6.2.0", complexity: "O(1)", syntax: "GETDEL key",
	summary: "Returns the string at a key and deletes the key.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.GetDel{Key: args[0]}, replyValue}, nil
	},
}
