package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/copy/

var rowCopy = row{
	name: "copy", arity: -3, flags: "write denyoom", categories: "keyspace write", first: 1, last: 2, step: 1,
	group: "generic", since: "6.2.0", complexity: "O(N) for N elements", syntax: "COPY source destination [DB destination-db] [REPLACE]",
	summary: "Copies what a key holds to another, and tells whether it did.",
	differs: "One update of what this region sees. A counter is copied by its value. DB takes the number of a namespace." + differsLarge,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.Copy{From: args[0], To: args[1], Apart: true}
		for options := args[2:]; len(options) > 0; options = options[1:] {
			switch {
			case is(options[0], "REPLACE"):
				cmd.Replace = true
			case is(options[0], "DB") && len(options) > 1:
				into, err := database(options[1])
				if err != nil {
					return operation{}, err
				}
				cmd.Into, options = &into, options[1:]
			default:
				return operation{}, errSyntax
			}
		}
		return operation{cmd, replyFound}, nil
	},
}
