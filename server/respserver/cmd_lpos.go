package respserver

import (
	"math"
	"strconv"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/lpos/

var rowLPos = row{
	name: "lpos", arity: -3, flags: "readonly", categories: "read list", first: 1, last: 1, step: 1,
	group: "list", since: "6.0.6", complexity: "O(N) for N elements", syntax: "LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
	summary: "Returns the indexes of elements that equal one.", parse: parseLPos,
}

func parseLPos(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.LPos{Key: args[0], Value: args[1], Rank: 1, Count: 1}
	reply := replyIndex
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return operation{}, errSyntax
		}
		var err error
		switch word := rest[0]; {
		case is(word, "RANK"):
			cmd.Rank, err = matchRank(rest[1])
		case is(word, "COUNT"):
			reply = replyIndexes
			cmd.Count, err = atLeast0(rest[1], "ERR COUNT can't be negative")
		case is(word, "MAXLEN"):
			cmd.MaxLen, err = atLeast0(rest[1], "ERR MAXLEN can't be negative")
		default:
			err = errSyntax
		}
		if err != nil {
			return operation{}, err
		}
	}
	return operation{cmd, reply}, nil
}

func matchRank(arg []byte) (int64, error) {
	n, err := integer(arg)
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, refusal("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
	case n == math.MinInt64:
		return -1, nil // what negating it in C amounts to
	}
	return n, nil
}

func atLeast0(arg []byte, or refusal) (int64, error) {
	n, err := integer(arg)
	if err != nil || n < 0 {
		return 0, or
	}
	return n, nil
}

// replyIndex writes the first index, or null.
func replyIndex(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Int(r.Int)
}

func replyIndexes(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List))
	for _, text := range r.List {
		n, _ := strconv.ParseInt(string(text), 10, 64)
		w.Int(n)
	}
}
