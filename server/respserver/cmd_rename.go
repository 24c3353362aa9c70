package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/rename/ and https://redis.io/commands/renamenx/

const (
	differsLarge  = " A collection of more than 12 MiB is refused: it would not fit into one update."
	differsRename = "One update copies what this region sees and deletes that: what another region concurrently writes to the old name stays there. A counter goes by its value." + differsLarge
)

var rowRename = row{
	name: "rename", arity: 3, flags: "write", categories: "keyspace write", first: 1, last: 2, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(N) for N elements", syntax: "RENAME key newkey",
	summary: "Moves what a key holds to another, in place of what that holds.", differs: differsRename,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Rename{From: args[0], To: args[1]}, replyOK}, nil
	},
}

var rowRenameNX = row{
	name: "renamenx", arity: 3, flags: "write fast", categories: "keyspace write", first: 1, last: 2, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(N) for N elements", syntax: "RENAMENX key newkey",
	summary: "Moves what a key holds to another that does not exist, and tells whether it did.",
	differs: "Whether the other exists is looked up in this region only. " + differsRename,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Rename{From: args[0], To: args[1], NX: true}, replyFound}, nil
	},
}
