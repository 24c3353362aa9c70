package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/smismember/

var rowSMIsMember = row{
	name: "smismember", arity: -3, flags: "readonly fast", categories: "read set", first: 1, last: 1, step: 1,
	group: "set", since: "6.2.0", complexity: "O(N) for N members", syntax: "SMISMEMBER key member [member ...]",
	summary: "Tells which members are in a set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SMIsMember{Key: args[0], Members: args[1:]}, replyBits}, nil
	},
}

// replyBits writes 1 for each that is there and 0 for each that is not.
func replyBits(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List))
	for _, m := range r.List {
		w.Int(bit(m != nil))
	}
}
