package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zscore/ and https://redis.io/commands/zmscore/

var rowZScore = row{
	name: "zscore", arity: 3, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "1.2.0", complexity: "O(1)", syntax: "ZSCORE key member",
	summary: "Returns the score of a member of a sorted set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZScore{Key: args[0], Members: args[1:]}, func(w *resp.Writer, r keyspace.Reply) { replyScore(w, r.Replies[0]) }}, nil
	},
}

var rowZMScore = row{
	name: "zmscore", arity: -3, flags: "readonly fast", categories: "read sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "6.2.0", complexity: "O(N) for N members", syntax: "ZMSCORE key member [member ...]",
	summary: "Returns the scores of several members of a sorted set.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.ZScore{Key: args[0], Members: args[1:]}, replyScoreList}, nil
	},
}

func replyScoreList(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Replies))
	for _, one := range r.Replies {
		replyScore(w, one)
	}
}
