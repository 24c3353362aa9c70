package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

var rowSiblings = row{
	name: "atoll.siblings", arity: 2, flags: "readonly fast", categories: "keyspace read", first: 1, last: 1, step: 1,
	group: "generic", since: "7.0.0", complexity: "O(N) for N siblings", syntax: "ATOLL.SIBLINGS key",
	summary: "Lists the concurrent values of a key, the shown one first.",
	differs: "Not in Redis. Each is a map of type, value (null where a set is a sibling), region, node, stamp (hybrid time, decimal), shown (1 or 0).",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.Siblings{Key: args[0]}, replySiblings}, nil
	},
}

func replySiblings(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Siblings))
	for _, s := range r.Siblings {
		w.Map(6)
		w.Text("type")
		w.Text(s.Type)
		w.Text("value")
		if s.Type == "string" {
			w.Bulk(s.Value)
		} else {
			w.Null()
		}
		w.Text("region")
		w.Text(s.Region)
		w.Text("node")
		w.Text(s.Node)
		w.Text("stamp")
		w.Int(int64(s.Stamp.Time))
		w.Text("shown")
		w.Int(bit(s.Shown))
	}
}
