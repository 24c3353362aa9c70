package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/copy/

const errSameObject refusal = "ERR source and destination objects are the same"

var rowCopy = row{
	name: "copy", arity: -3, flags: "write denyoom", categories: "keyspace write", first: 1, last: 2, step: 1,
	group: "generic", since: "6.2.0", complexity: "O(N) for N elements", syntax: "COPY source destination [DB destination-db] [REPLACE]",
	summary: "Copies what a key holds to another, and tells whether it did.",
	differs: "One update of what this region sees. A counter is copied by its value. There is one database, 0." + differsLarge,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.Copy{From: args[0], To: args[1]}
		for options := args[2:]; len(options) > 0; options = options[1:] {
			switch {
			case is(options[0], "REPLACE"):
				cmd.Replace = true
			case is(options[0], "DB") && len(options) > 1:
				if err := database(options[1]); err != nil {
					return operation{}, err
				}
				options = options[1:]
			default:
				return operation{}, errSyntax
			}
		}
		if string(cmd.From) == string(cmd.To) {
			return operation{}, errSameObject
		}
		return operation{cmd, replyFound}, nil
	},
}
