package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hincrby/

var rowHIncrBy = row{
	name: "hincrby", arity: 4, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(1)", syntax: "HINCRBY key field increment",
	summary: "Adds to the number in a field of a hash; nothing counts as 0.", differs: differsIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := integer(args[2])
		if err != nil {
			return operation{}, err
		}
		return operation{command.HIncr{Key: args[0], Field: args[1], Delta: n}, replyInt}, nil
	},
}
