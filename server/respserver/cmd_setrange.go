package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/setrange/

var rowSetRange = row{
	name: "setrange", arity: 4, flags: "write denyoom", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "2.2.0", complexity: "O(N) for the length of the result", syntax: "SETRANGE key offset value",
	summary: "Overwrites a part of the string at a key, and returns the new length.",
	differs: differsEdit,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		offset, err := integer(args[1])
		if err != nil {
			return operation{}, err
		}
		if offset < 0 {
			return operation{}, refusal("ERR offset is out of range")
		}
		return operation{command.SetRange{Key: args[0], Offset: int(offset), Value: args[2], Max: l.ValueBytes}, replyInt}, nil
	},
}
