package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/rpush/, and likewise lpush, rpushx and lpushx.

const differsPush = "What a region pushes one after the other stays together: nothing that another region pushes concurrently comes between."

var rowLPush = row{
	name: "lpush", arity: -3, flags: "write denyoom fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(1) for each element", syntax: "LPUSH key element [element ...]",
	summary: "Puts elements to the front of a list, and returns how many there are then.",
	differs: differsPush, parse: parsePush(keyspace.Front, false),
}

var rowRPush = row{
	name: "rpush", arity: -3, flags: "write denyoom fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(1) for each element", syntax: "RPUSH key element [element ...]",
	summary: "Puts elements to the back of a list, and returns how many there are then.",
	differs: differsPush, parse: parsePush(keyspace.Back, false),
}

var rowLPushX = row{
	name: "lpushx", arity: -3, flags: "write denyoom fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "2.2.0", complexity: "O(1) for each element", syntax: "LPUSHX key element [element ...]",
	summary: "Does LPUSH if the list exists.",
	differs: differsPush, parse: parsePush(keyspace.Front, true),
}

var rowRPushX = row{
	name: "rpushx", arity: -3, flags: "write denyoom fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "2.2.0", complexity: "O(1) for each element", syntax: "RPUSHX key element [element ...]",
	summary: "Does RPUSH if the list exists.",
	differs: differsPush, parse: parsePush(keyspace.Back, true),
}

func parsePush(to keyspace.End, existing bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Push{Key: args[0], Values: args[1:], To: to, Existing: existing}, replyInt}, nil
	}
}
