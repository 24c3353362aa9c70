package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/append/

const differsEdit = "What is written is the whole string: of two concurrent edits in two regions the later one is shown, and the other is a sibling."

var rowAppend = row{
	name: "append", arity: 3, flags: "write denyoom fast", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "2.0.0", complexity: "O(N) for the length of the result", syntax: "APPEND key value",
	summary: "Puts a value behind the string at a key, and returns the new length.",
	differs: differsEdit,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		return operation{command.Append{Key: args[0], Value: args[1], Max: l.ValueBytes}, replyInt}, nil
	},
}
