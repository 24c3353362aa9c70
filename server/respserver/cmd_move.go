package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/move/

var rowMove = row{
	name: "move", arity: 3, flags: "write fast", categories: "keyspace write", first: 1, last: 1, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(N) for N elements", syntax: "MOVE key db",
	summary: "Moves a key to another namespace, by its number, where there is none of its name, and tells whether it did.",
	differs: "Whether there is one is looked up in this region only. " + differsRename,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		into, err := database(args[1])
		return parsed(operation{command.Move{Key: args[0], Into: into}, replyFound}, err)
	},
}
