package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/getrange/

var rowGetRange = row{
	name: "getrange", arity: 4, flags: "readonly", categories: "read string", first: 1, last: 1, step: 1,
	group: "string", since: "2.4.0", complexity: "O(N) for the length of what is returned", syntax: "GETRANGE key start end",
	summary: "Returns a part of the string at a key; both ends are in it, and negative ones count from the end.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		start, err := integer(args[1])
		if err != nil {
			return operation{}, err
		}
		end, err := integer(args[2])
		if err != nil {
			return operation{}, err
		}
		reply := func(w *resp.Writer, r keyspace.Reply) { w.Bulk(part(r.Value, start, end)) }
		return operation{command.Get{Key: args[0]}, reply}, nil
	},
}

// part returns b from start to end, both included; negative ones count from the end.
func part(b []byte, start, end int64) []byte {
	n := int64(len(b))
	if start < 0 && end < 0 && start > end {
		return nil
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	if end = min(end, n-1); start > end {
		return nil
	}
	return b[start : end+1]
}
