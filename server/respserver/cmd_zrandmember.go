package respserver

import (
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
		count, reply, err := pickArguments(args[1:], "WITHSCORES", l, replyBulks, replyScored(true))
		return parsed(operation{command.ZRandMember{Key: args[0], Count: count, Seed: rand.Uint64()}, reply}, err)
	},
}
