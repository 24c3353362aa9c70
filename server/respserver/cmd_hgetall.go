package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/hgetall/

// differsHash is for the commands that read the whole of a hash.
const differsHash = "Fields come in byte order of their names. A hash of more than 8 MiB, or 1,048,576 fields, is refused: read it with HSCAN."

var rowHGetAll = row{
	name: "hgetall", arity: 2, flags: "readonly", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.0.0", complexity: "O(N) for N fields", syntax: "HGETALL key",
	summary: "Returns the fields and values of a hash.",
	differs: differsHash,
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		return operation{command.HGetAll{Key: args[0], Limit: l.Elements}, whole(replyPairs)}, nil
	},
}

// whole writes a reply that has all of a hash, and refuses one that has not.
func whole(reply func(*resp.Writer, keyspace.Reply)) func(*resp.Writer, keyspace.Reply) {
	return func(w *resp.Writer, r keyspace.Reply) {
		if len(r.Cursor) > 0 {
			w.Error("ERR the hash is too large for one reply; read it with HSCAN")
			return
		}
		reply(w, r)
	}
}

// replyPairs writes a list of names, each before its value, as a map.
func replyPairs(w *resp.Writer, r keyspace.Reply) {
	w.Map(len(r.List) / 2)
	for _, item := range r.List {
		w.Bulk(item)
	}
}
