package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/linsert/

var rowLInsert = row{
	name: "linsert", arity: 5, flags: "write denyoom", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "2.2.0", complexity: "O(N) for N elements before the pivot", syntax: "LINSERT key BEFORE|AFTER pivot element",
	summary: "Puts an element beside the first one that equals the pivot, and returns how many there are then.",
	differs: "What regions insert concurrently at one place has the same order everywhere. Between elements that were inserted between each other some 700 times, alternating sides, there is no room: an error.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.LInsert{Key: args[0], Before: is(args[1], "BEFORE"), Pivot: args[2], Value: args[3]}
		if !cmd.Before && !is(args[1], "AFTER") {
			return operation{}, errSyntax
		}
		return operation{cmd, replyInt}, nil
	},
}
