package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/lrem/

var rowLRem = row{
	name: "lrem", arity: 4, flags: "write", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for N elements", syntax: "LREM key count element",
	summary: "Removes elements that equal one, the first count of them from the front, or from the back where it is negative, and returns how many.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		count, err := integer(args[1])
		return parsed(operation{command.LRem{Key: args[0], Count: count, Value: args[2]}, replyInt}, err)
	},
}
