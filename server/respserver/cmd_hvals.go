package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/hvals/

var rowHVals = row{
	name: "hvals", arity: 2, flags: "readonly", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HVALS key",
	summary: "Returns the values of the fields of a hash.",
	differs: differsHash,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		return operation{command.HVals{Key: args[0], Limit: l.Elements}, whole(replyBulks)}, nil
	},
}

// replyBulks writes a list of strings, none of them null.
func replyBulks(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List))
	for _, item := range r.List {
		w.Bulk(item)
	}
}
