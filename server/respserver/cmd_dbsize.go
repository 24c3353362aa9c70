package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/dbsize/

var rowDBSize = row{
	name: "dbsize", arity: 1, flags: "readonly fast", categories: "keyspace read",
	group: "server", since: "1.0.0", complexity: "O(N) for the keys in slots that changed since the last time", syntax: "DBSIZE",
	summary: "Counts the keys.",
	differs: "The first time it reads all keys, later those of the slots that changed since: about a microsecond a key. As in Redis, a key whose time is over counts until it is deleted. Refused within MULTI.",
	alone:   true,
	parse: func([][]byte, *server.Limits) (operation, error) {
		return operation{command.DBSize{}, replyInt}, nil
	},
}
