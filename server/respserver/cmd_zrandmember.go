package respserver

import (
	"math"
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zrandmember/

var rowZRandMember = row{
	name: "zrandmember", arity: -2, flags: "readonly", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "6.2.0", complexity: "O(N) for the members of the sorted set", syntax: "ZRANDMEMBER key [count [WITHSCORES]]",
	summary: "Returns members of a sorted set at random: different ones, or with repetitions where count is negative.",
	differs: "It reads up to the last member that it picks. Different members come in byte order. A reply holds at most 64 MiB.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		cmd := command.ZRandMember{Key: args[0], Count: 1, Seed: rand.Uint64()}
		if len(args) == 1 {
			return operation{cmd, replyFirst}, nil
		}
		var err error
		if cmd.Count, err = pickCount(args[1], l); err != nil {
			return operation{}, err
		}
		switch {
		case len(args) == 2:
			return operation{cmd, replyBulks}, nil
		case len(args) > 3 || !is(args[2], "WITHSCORES"):
			return operation{}, errSyntax
		case cmd.Count > math.MaxInt64/2:
			return operation{}, refusal("ERR value is out of range")
		}
		return operation{cmd, replyScored(true)}, nil
	},
}
