package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zrank/ and https://redis.io/commands/zrevrank/

const differsRank = "It visits the members before: O(rank)."

var rowZRank = row{
	name: "zrank", arity: 3, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.0.0", complexity: "O(R) for the rank R", syntax: "ZRANK key member",
	summary: "Counts the members of a sorted set before one.", differs: differsRank,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZRank{Key: args[0], Member: args[1]}, replyRank}, nil
	},
}

var rowZRevRank = row{
	name: "zrevrank", arity: 3, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "2.0.0", complexity: "O(R) for the rank R", syntax: "ZREVRANK key member",
	summary: "Counts the members of a sorted set behind one.", differs: differsRank,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZRank{Key: args[0], Member: args[1], Reverse: true}, replyRank}, nil
	},
}

// replyRank writes a number, or null where the member is not there.
func replyRank(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Int(r.Int)
}
