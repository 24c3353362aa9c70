package respserver

import (
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/randomkey/

var rowRandomKey = row{
	name: "randomkey", arity: 1, flags: "readonly", categories: "keyspace read",
	group: "generic", since: "1.0.0", complexity: "O(1)", syntax: "RANDOMKEY",
	summary: "Returns some key.",
	differs: "It picks among the 256 keys that follow a random slot: of many keys with one hash tag not every one is picked. Refused within MULTI.",
	alone:   true,
	parse: func([][]byte, *server.Limits) (operation, error) {
		return operation{command.RandomKey{Seed: rand.Uint64()}, replyValue}, nil
	},
}
