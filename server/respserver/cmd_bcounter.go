package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// groupBounded is the group of bounded counters.
const groupBounded = "bounded counter"

var rowBCounter = row{
	name: "atoll.bcounter", arity: -2, group: groupBounded, since: "7.0.0", complexity: "Depends on subcommand.", syntax: "ATOLL.BCOUNTER subcommand",
	summary: "Counters that never go below a bound, in any region.", differs: "Not in Redis.",
	subs: []*row{
		boundedRow("create", 5, "write denyoom", "key bound value", "Creates a bounded counter where nothing is. This node gets the rights to all that lies above the bound.",
			"Of two that are created concurrently one is shown, with its own rights.",
			func(args [][]byte) (operation, error) {
				bound, err := integer(args[2])
				if err != nil {
					return operation{}, err
				}
				value, err := integer(args[3])
				return parsed(operation{command.BCreate{Key: args[1], Bound: bound, Value: value}, replyOK}, err)
			}),
		boundedRow("get", 3, "readonly", "key", "Returns the value as this node sees it, null where nothing is.", "",
			func(args [][]byte) (operation, error) {
				return operation{command.BGet{Key: args[1]}, replyFoundInt}, nil
			}),
		boundedRow("incrby", 4, "write denyoom", "key n", "Adds n, 1 or more, and returns the value. This node gets the rights to it.", "",
			func(args [][]byte) (operation, error) {
				n, err := integer(args[2])
				return parsed(operation{command.BIncr{Key: args[1], N: n}, replyInt}, err)
			}),
		boundedRow("decrby", 4, "write denyoom", "key n", "Takes n, 1 or more, and returns the value.",
			"`NORIGHTS` where this node holds too few rights: nothing is taken, the other nodes are asked for some, and these are here once the wish has reached a node that has any, and its grant this one. "+
				"Try again.",
			func(args [][]byte) (operation, error) {
				n, err := integer(args[2])
				return parsed(operation{command.BDecr{Key: args[1], N: n}, replyInt}, err)
			}),
		boundedRow("grant", 5, "write denyoom", "key region n", "Moves rights to n from this node to the one of a region that wrote last.", "",
			func(args [][]byte) (operation, error) {
				n, err := integer(args[3])
				return parsed(operation{command.BGrant{Key: args[1], Region: string(args[2]), N: n}, replyOK}, err)
			}),
		boundedRow("rights", 3, "readonly", "key", "Lists who may take how much.",
			"Each is a map of region, node, origin and rights. A node that was restarted has a new origin; what the old one may take stays there: see RECLAIM.",
			func(args [][]byte) (operation, error) {
				return operation{command.BRights{Key: args[1]}, replyRights}, nil
			}),
		boundedRow("reclaim", 3, "write denyoom", "key", "Takes over the rights that earlier runs of this node have left, and returns how many.",
			"Only where this node's data directory was never replaced by an older copy: what such a run took and told no other node would be taken again. It finds a run once all nodes have seen it to its end, "+
				"minutes after it.",
			func(args [][]byte) (operation, error) {
				return operation{command.BReclaim{Key: args[1]}, replyInt}, nil
			}),
	},
}

// boundedRow is a subcommand whose second argument is the key.
func boundedRow(name string, arity int, flags, syntax, summary, differs string, parse func(args [][]byte) (operation, error)) *row {
	categories := "write"
	if has(flags, "readonly") {
		categories = "read"
	}
	return &row{
		name: "atoll.bcounter|" + name, arity: arity, flags: flags + " fast", categories: categories, first: 2, last: 2, step: 1,
		group: groupBounded, since: "7.0.0", complexity: "O(N) for N accounts", syntax: "ATOLL.BCOUNTER " + strings.ToUpper(name) + " " + syntax,
		summary: summary, differs: differs,
		parse: func(args [][]byte, _ *server.Limits) (operation, error) { return parse(args) },
	}
}

func replyFoundInt(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Int(r.Int)
}

func replyRights(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Accounts))
	for _, a := range r.Accounts {
		w.Map(4)
		w.Text("region")
		w.Text(a.Region)
		w.Text("node")
		w.Text(a.Node)
		w.Text("origin")
		w.Text(a.Origin.String())
		w.Text("rights")
		w.Int(a.Rights)
	}
}
