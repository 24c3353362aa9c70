package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/persist/

var rowPersist = row{
	name: "persist", arity: 2, flags: "write fast", categories: "keyspace write", first: 1, last: 1, step: 1,
	group: "generic", since: "2.2.0", complexity: "O(1)", syntax: "PERSIST key",
	summary: "Takes the deadline of a key away.",
	differs: "It wins over deadlines that other regions set concurrently.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Persist{Key: args[0]}, replyFound}, nil
	},
}
