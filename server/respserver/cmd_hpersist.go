package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hpersist/

var rowHPersist = row{
	name: "hpersist", arity: -5, flags: "write fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "7.4.0", complexity: "O(N) for N fields", syntax: "HPERSIST key FIELDS numfields field [field ...]",
	summary: "Takes the deadlines of fields of a hash away. Replies for each 1, -1 where it has none, -2 where there is none.",
	differs: "It wins over deadlines that other regions set concurrently.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		fields, err := namedFields(args[1:], errFieldsNone)
		return parsed(operation{command.HPersist{Key: args[0], Fields: fields}, replyInts}, err)
	},
}
