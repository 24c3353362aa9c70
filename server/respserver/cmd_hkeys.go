package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hkeys/

var rowHKeys = row{
	name: "hkeys", arity: 2, flags: "readonly", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HKEYS key",
	summary: "Returns the names of the fields of a hash.",
	differs: differsHash,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		return operation{command.HKeys{Key: args[0], Limit: l.Elements}, whole(replyBulks)}, nil
	},
}
