package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/srem/

var rowSRem = row{
	name: "srem", arity: -3, flags: "write fast", categories: "write set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for N members", syntax: "SREM key member [member ...]",
	summary: "Removes members from a set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SRem{Key: args[0], Members: args[1:]}, replyInt}, nil
	},
}
