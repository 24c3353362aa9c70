package respserver

import (
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/srandmember/

var rowSRandMember = row{
	name: "srandmember", arity: -2, flags: "readonly", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for the members of the set", syntax: "SRANDMEMBER key [count]",
	summary: "Returns members of a set at random: different ones, or with repetitions where count is negative.",
	differs: "It reads up to the last member that it picks. Different members come in byte order. A reply holds at most 64 MiB.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		cmd := command.SRandMember{Key: args[0], Count: 1, Seed: rand.Uint64()}
		switch len(args) {
		case 1:
			return operation{cmd, replyFirst}, nil
		case 2:
			var err error
			if cmd.Count, err = pickCount(args[1], l); err != nil {
				return operation{}, err
			}
			return operation{cmd, replyBulks}, nil
		default:
			return operation{}, errSyntax
		}
	},
}
