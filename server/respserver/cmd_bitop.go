package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/bitop/

var rowBitOp = row{
	name: "bitop", arity: -4, flags: "write denyoom", categories: "write bitmap", first: 2, last: -1, step: 1,
	group: "bitmap", since: "2.6.0", complexity: "O(N) for the length of the longest string", syntax: "BITOP <AND | OR | XOR | NOT> destkey key [key ...]",
	summary: "Combines strings bit by bit, stores the result, and returns its length.",
	differs: "It is made of what this region sees, as one update, in place of what it sees at the destination.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.BitOp{Into: args[1], List: args[2:]}
		switch {
		case is(args[0], "AND"):
			cmd.As = command.And
		case is(args[0], "OR"):
			cmd.As = command.Or
		case is(args[0], "XOR"):
			cmd.As = command.Xor
		case is(args[0], "NOT") && len(cmd.List) == 1:
			cmd.As = command.Not
		case is(args[0], "NOT"):
			return operation{}, errOneSource
		default:
			return operation{}, errSyntax
		}
		return operation{cmd, replyInt}, nil
	},
}
