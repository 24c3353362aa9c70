package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/hsetnx/

var rowHSetNX = row{
	name: "hsetnx", arity: 4, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(1)", syntax: "HSETNX key field value",
	summary: "Sets a field of a hash if it is not there.",
	differs: "It looks at this region only: two regions may both find the field absent, and both succeed. No lock.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.HSetNX{Key: args[0], Field: args[1], Value: args[2]}, replyAbsent}, nil
	},
}

// replyAbsent writes 1 where nothing was there before.
func replyAbsent(w *resp.Writer, r keyspace.Reply) { w.Int(bit(!r.Found)) }
