package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/del/ and https://redis.io/commands/unlink/

const differsDelete = "It removes what this region has seen: an update that is on its way here survives."

var rowDel = row{
	name: "del", arity: -2, flags: "write", categories: "keyspace write", first: 1, last: -1, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(N) for N keys", syntax: "DEL key [key ...]",
	summary: "Deletes keys, and returns how many existed.", differs: differsDelete, parse: parseDelete,
}

var rowUnlink = row{
	name: "unlink", arity: -2, flags: "write fast", categories: "keyspace write", first: 1, last: -1, step: 1,
	group: "generic", since: "4.0.0", complexity: "O(N) for N keys", syntax: "UNLINK key [key ...]",
	summary: "Deletes keys, as DEL does.", differs: differsDelete, parse: parseDelete,
}

func parseDelete(args [][]byte, _ *server.Limits) (operation, error) {
	return operation{command.Delete{List: args}, replyInt}, nil
}
