package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/type/

var rowType = row{
	name: "type", arity: 2, flags: "readonly fast", categories: "keyspace read", first: 1, last: 1, step: 1,
	group: "generic", since: "1.0.0", complexity: "O(1)", syntax: "TYPE key",
	summary: "Names the type that a key holds; none is a key that does not exist.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Types{List: args}, func(w *resp.Writer, r keyspace.Reply) { w.Simple(string(r.List[0])) }}, nil
	},
}
