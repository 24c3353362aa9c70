package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/touch/

var rowTouch = row{
	name: "touch", arity: -2, flags: "readonly fast", categories: "keyspace read", first: 1, last: -1, step: 1,
	group: "generic", since: "3.2.1", complexity: "O(N) for N keys", syntax: "TOUCH key [key ...]",
	summary: "Counts the keys that exist, as EXISTS does.",
	differs: "No time of access is kept.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Exists{List: args}, replyInt}, nil
	},
}
