package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/sismember/

var rowSIsMember = row{
	name: "sismember", arity: 3, flags: "readonly fast", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(1)", syntax: "SISMEMBER key member",
	summary: "Tells whether a member is in a set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SIsMember{Key: args[0], Member: args[1]}, replyFound}, nil
	},
}
