package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/sadd/

var rowSAdd = row{
	name: "sadd", arity: -3, flags: "write denyoom fast", categories: "write set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for N members", syntax: "SADD key member [member ...]",
	summary: "Adds members to a set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SAdd{Key: args[0], Members: args[1:]}, replyInt}, nil
	},
}
