package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/setbit/

var rowSetBit = row{
	name: "setbit", arity: 4, flags: "write denyoom", categories: "write bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "2.2.0", complexity: "O(N) for the length of the string", syntax: "SETBIT key offset value",
	summary: "Sets a bit of a string, and returns the one before.", differs: differsBitmap,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		at, err := bitOffset(args[1], 0, l)
		if err != nil {
			return operation{}, err
		}
		bit, err := integer(args[2])
		if err != nil || bit != 0 && bit != 1 {
			return operation{}, errBit
		}
		return operation{command.SetBit{Key: args[0], Offset: at, Bit: byte(bit), Max: l.ValueBytes}, replyInt}, nil
	},
}
