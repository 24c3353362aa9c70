package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hgetdel/

var rowHGetDel = row{
	name: "hgetdel", arity: -5, flags: "write fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "8.0.0", complexity: "O(N) for N fields", syntax: "HGETDEL key FIELDS numfields field [field ...]",
	summary: "Returns the values of fields of a hash, and deletes them.",
	differs: "It deletes what it had seen: what is written concurrently survives. A reply holds at most 8 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		fields, err := namedFields(args[1:], errFieldsNone)
		return parsed(operation{command.HGetDel{Key: args[0], Fields: fields}, replyStrings}, err)
	},
}
