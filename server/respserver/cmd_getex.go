package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/getex/

var rowGetEx = row{
	name: "getex", arity: -2, flags: "write fast", categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "6.2.0", complexity: "O(1)",
	syntax:  "GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
	summary: "Returns the string at a key, and sets its deadline or takes it away.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		var life lifetimeArgs
		for rest := args[1:]; len(rest) > 0; {
			n := life.take(rest, "PERSIST")
			if n == 0 {
				return operation{}, errSyntax
			}
			rest = rest[n:]
		}
		cmd := command.GetEx{Key: args[0], Life: life.lifetime("getex"), Persist: life.option == "PERSIST"}
		return operation{cmd, replyValue}, nil
	},
}
