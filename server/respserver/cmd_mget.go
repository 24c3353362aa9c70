package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/mget/

var rowMGet = row{
	name: "mget", arity: -2, flags: "readonly fast", categories: "read string", first: 1, last: -1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(N) for N keys", syntax: "MGET key [key ...]",
	summary: "Returns the strings at several keys, at one point in time.",
	differs: "A reply holds at most 64 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.MGet{List: args}, replyStrings}, nil
	},
}

// replyStrings writes a list of strings; nil is null.
func replyStrings(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List))
	for _, item := range r.List {
		if item == nil {
			w.Null()
			continue
		}
		w.Bulk(item)
	}
}
