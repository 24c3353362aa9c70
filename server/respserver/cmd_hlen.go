package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hlen/

var rowHLen = row{
	name: "hlen", arity: 2, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(1)", syntax: "HLEN key",
	summary: "Counts the fields of a hash.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HLen{Key: args[0]}, replyInt}, nil
	},
}
