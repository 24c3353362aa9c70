package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/setex/ and https://redis.io/commands/psetex/

var rowSetEx = row{
	name: "setex", arity: 4, flags: "write denyoom", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "2.0.0", complexity: "O(1)", syntax: "SETEX key seconds value",
	summary: "Sets a key to a string that ends after some seconds.",
	parse:   parseSetEx("setex", 1000),
}

var rowPSetEx = row{
	name: "psetex", arity: 4, flags: "write denyoom", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "2.6.0", complexity: "O(1)", syntax: "PSETEX key milliseconds value",
	summary: "Sets a key to a string that ends after some milliseconds.",
	parse:   parseSetEx("psetex", 1),
}

func parseSetEx(name string, unit int64) func([][]byte, *server.Limits) (operation, error) {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		life := lifetimeOf(args[1], lifetimeOption{command.EndsIn, unit}, name)
		if life.Fault != nil {
			return operation{}, life.Fault
		}
		return operation{command.Set{Key: args[0], Value: args[2], Life: life}, replyOK}, nil
	}
}
