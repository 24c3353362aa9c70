package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/smembers/

var rowSMembers = row{
	name: "smembers", arity: 2, flags: "readonly", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for N members", syntax: "SMEMBERS key",
	summary: "Returns the members of a set.",
	differs: "Members come in byte order. A set of more than 8 MiB, or 1,048,576 members, is refused: read it with SSCAN.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		return operation{command.SMembers{Key: args[0], Limit: l.Elements}, replyMembers}, nil
	},
}

// replyMembers writes a whole set.
func replyMembers(w *resp.Writer, r keyspace.Reply) {
	if len(r.Cursor) > 0 {
		w.Error("ERR the set is too large for one reply; read it with SSCAN")
		return
	}
	w.Set(len(r.List))
	for _, m := range r.List {
		w.Bulk(m)
	}
}
