package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/sintercard/

var rowSInterCard = row{
	name: "sintercard", arity: -3, flags: "readonly movablekeys", categories: "read set", counted: 1,
	group: "set", since: "7.0.0", complexity: "O(N*M) for N members of the smallest of M sets", syntax: "SINTERCARD numkeys key [key ...] [LIMIT limit]",
	summary: "Counts the members that all of the sets have.", differs: "More than 1,048,576 members to read are refused.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := integer(args[0])
		switch {
		case err != nil || n < 1:
			return operation{}, refusal("ERR numkeys should be greater than 0")
		case n > int64(len(args)-1):
			return operation{}, refusal("ERR Number of keys can't be greater than number of args")
		}
		cmd := command.SInterCard{List: args[1 : 1+n]}
		for options := args[1+n:]; len(options) > 0; options = options[2:] {
			if !is(options[0], "LIMIT") || len(options) == 1 {
				return operation{}, errSyntax
			}
			if cmd.Limit, err = integer(options[1]); err != nil || cmd.Limit < 0 {
				return operation{}, refusal("ERR LIMIT can't be negative")
			}
		}
		return operation{cmd, replyInt}, nil
	},
}
