package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xlen/

var rowXLen = row{
	name: "xlen", arity: 2, flags: "readonly fast", categories: "read stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(1)", syntax: "XLEN key", summary: "Returns the number of entries of a stream.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.XLen{Key: args[0]}, replyInt}, nil
	},
}
