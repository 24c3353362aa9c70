package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/exists/

var rowExists = row{
	name: "exists", arity: -2, flags: "readonly fast", categories: "keyspace read", first: 1, last: -1, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(N) for N keys", syntax: "EXISTS key [key ...]",
	summary: "Counts the keys that exist; one named twice counts twice.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Exists{List: args}, replyInt}, nil
	},
}
