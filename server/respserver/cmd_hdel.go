package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hdel/

var rowHDel = row{
	name: "hdel", arity: -3, flags: "write fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HDEL key field [field ...]",
	summary: "Removes fields from a hash, and returns how many were there.",
	differs: differsDelete,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HDel{Key: args[0], Fields: args[1:]}, replyInt}, nil
	},
}
