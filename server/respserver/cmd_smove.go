package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/smove/

var rowSMove = row{
	name: "smove", arity: 4, flags: "write fast", categories: "write set", first: 1, last: 2, step: 1,
	group: "set", since: "1.0.0", complexity: "O(1)", syntax: "SMOVE source destination member",
	summary: "Moves a member from one set to another, as one update.",
	differs: "Two regions that move it concurrently to different sets both add it there. Where one of them adds it to the source meanwhile, it stays there too.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SMove{From: args[0], To: args[1], Member: args[2]}, replyFound}, nil
	},
}
