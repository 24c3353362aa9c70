package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hmget/

var rowHMGet = row{
	name: "hmget", arity: -3, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HMGET key field [field ...]",
	summary: "Returns the values of several fields of a hash.",
	differs: "A reply holds at most 8 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HMGet{Key: args[0], Fields: args[1:]}, replyStrings}, nil
	},
}
