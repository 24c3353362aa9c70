package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/strlen/

var rowStrLen = row{
	name: "strlen", arity: 2, flags: "readonly fast", categories: "read string", first: 1, last: 1, step: 1,
	group: "string", since: "2.2.0", complexity: "O(1)", syntax: "STRLEN key",
	summary: "Returns the length of the string at a key.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Get{Key: args[0]}, func(w *resp.Writer, r keyspace.Reply) { w.Int(int64(len(r.Value))) }}, nil
	},
}
