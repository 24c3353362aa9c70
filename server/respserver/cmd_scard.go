package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/scard/

var rowSCard = row{
	name: "scard", arity: 2, flags: "readonly fast", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(1)", syntax: "SCARD key",
	summary: "Counts the members of a set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SCard{Key: args[0]}, replyInt}, nil
	},
}
