package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// conflictsCount is how many ATOLL.CONFLICTS returns where nothing is said.
const conflictsCount = 100

var rowConflicts = row{
	name: "atoll.conflicts", arity: -1, flags: "readonly", categories: "keyspace read",
	group: "server", since: "7.0.0", complexity: "O(N) for N conflicts", syntax: "ATOLL.CONFLICTS [COUNT count] [AFTER id]",
	summary: "Lists concurrent values that are not shown, as this node noticed them when it merged the one or the other.",
	differs: "Not in Redis. A map of total (since the node started), missed (1 if some after that id are not kept any more), and conflicts, ascending by id: the last ones, or the first after an id; 100 or COUNT, up to 1,000. Each is a map of id, at-ms, type, key, cell (field, member, position; null of a string), " +
		"winner and loser (maps of region, node, stamp), value (what lost, its first 256 bytes), size. A node keeps the last 4,096, 4 MiB of them, in memory. Of strings, fields, scores and elements of lists; what another type hides is not among them, see `ATOLL.SIBLINGS`, nor are equal values.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd, err := readConflicts(args)
		return operation{cmd, replyConflicts}, err
	},
}

func readConflicts(args [][]byte) (cmd command.Conflicts, err error) {
	cmd.Count = conflictsCount
	for ; len(args) > 0; args = args[2:] {
		if len(args) < 2 {
			return cmd, errSyntax
		}
		n, err := integer(args[1])
		switch {
		case err != nil:
			return cmd, err
		case is(args[0], "COUNT") && (n < 1 || n > command.ConflictsMax):
			return cmd, refusef("ERR COUNT must be between 1 and %d", command.ConflictsMax)
		case is(args[0], "COUNT"):
			cmd.Count = int(n)
		case !is(args[0], "AFTER"):
			return cmd, errSyntax
		case n < 1:
			return cmd, refusal("ERR AFTER must be an id")
		default:
			cmd.After = uint64(n)
		}
	}
	return cmd, nil
}

func replyConflicts(w *resp.Writer, r keyspace.Reply) {
	w.Map(3)
	w.Text("total")
	w.Int(int64(r.Conflicts.Total))
	w.Text("missed")
	w.Int(bit(r.Conflicts.Missed))
	w.Text("conflicts")
	w.Array(len(r.Conflicts.List))
	for i := range r.Conflicts.List {
		replyConflict(w, &r.Conflicts.List[i])
	}
}

func replyConflict(w *resp.Writer, x *keyspace.Conflict) {
	w.Map(9)
	w.Text("id")
	w.Int(int64(x.ID))
	w.Text("at-ms")
	w.Int(x.At)
	w.Text("type")
	w.Text(x.Type.String())
	w.Text("key")
	w.Bulk(x.Key)
	w.Text("cell")
	if x.Cell == nil {
		w.Null()
	} else {
		w.Bulk(x.Cell)
	}
	w.Text("winner")
	replyWriter(w, &x.Winner)
	w.Text("loser")
	replyWriter(w, &x.Loser)
	w.Text("value")
	w.Bulk(x.Value)
	w.Text("size")
	w.Int(int64(x.Size))
}

func replyWriter(w *resp.Writer, x *keyspace.Writer) {
	w.Map(3)
	w.Text("region")
	w.Text(x.Region)
	w.Text("node")
	w.Text(x.Node)
	w.Text("stamp")
	w.Int(int64(x.Stamp.Time))
}
