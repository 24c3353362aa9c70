package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/getbit/

var rowGetBit = row{
	name: "getbit", arity: 3, flags: "readonly fast", categories: "read bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "2.2.0", complexity: "O(N) for the length of the string", syntax: "GETBIT key offset",
	summary: "Returns a bit of a string.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		at, err := bitOffset(args[1], 0, l)
		return operation{command.GetBit{Key: args[0], Offset: at}, replyInt}, err
	},
}
