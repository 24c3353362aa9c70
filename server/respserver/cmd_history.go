package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// historyCount is how many updates ATOLL.HISTORY returns where nothing is said.
const historyCount = 10

var rowHistory = row{
	name: "atoll.history", arity: -2, flags: "readonly", categories: "keyspace read slow", first: 1, last: 1, step: 1,
	group: "generic", since: "7.0.0", complexity: "O(N) for N records of the op log, up to 200,000", syntax: "ATOLL.HISTORY key [COUNT count]",
	summary: "Lists what the op log of this node still has of a key, the newest update first.",
	differs: "Not in Redis. A map of updates, looked-at (records), looked-to (all that is newer was looked at, Unix milliseconds; 0 where all of the op log was), and reach (of each origin region, node, origin, first and last record, and since when). 10 updates or COUNT, up to 1,000; each is a map of region, node, stamp, " +
		"origin, seq, here (1 where this node made it), effects (in words, without values). It ends after 200,000 records, 64 MiB or a second. The op log is cut when every member has a part of it, or at `log.max_bytes` and `log.max_age`. State that was taken over from another node has no records. Refused within MULTI.",
	alone: true,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.History{Key: args[0], Count: historyCount}
		if len(args) == 1 {
			return operation{cmd, replyHistory}, nil
		}
		if len(args) != 3 || !is(args[1], "COUNT") {
			return operation{}, errSyntax
		}
		n, err := integer(args[2])
		if err == nil && (n < 1 || n > command.HistoryMax) {
			err = refusef("ERR COUNT must be between 1 and %d", command.HistoryMax)
		}
		cmd.Count = int(n)
		return operation{cmd, replyHistory}, err
	},
}

func replyHistory(w *resp.Writer, r keyspace.Reply) {
	h := r.History
	w.Map(4)
	w.Text("updates")
	w.Array(len(h.Updates))
	for i := range h.Updates {
		replyUpdate(w, &h.Updates[i])
	}
	w.Text("looked-at")
	w.Int(int64(h.LookedAt))
	w.Text("looked-to")
	w.Int(h.LookedTo.WallMillis())
	w.Text("reach")
	w.Array(len(h.Reach))
	for _, x := range h.Reach {
		w.Map(6)
		w.Text("region")
		w.Text(x.Region)
		w.Text("node")
		w.Text(x.Node)
		w.Text("origin")
		w.Text(x.Dot.Origin.String())
		w.Text("first-seq")
		w.Int(int64(x.Dot.Seq))
		w.Text("last-seq")
		w.Int(int64(x.Last))
		w.Text("since-ms")
		w.Int(x.Stamp.Time.WallMillis())
	}
}

func replyUpdate(w *resp.Writer, u *keyspace.KeyUpdate) {
	w.Map(7)
	w.Text("region")
	w.Text(u.Region)
	w.Text("node")
	w.Text(u.Node)
	w.Text("stamp")
	w.Int(int64(u.Stamp.Time))
	w.Text("origin")
	w.Text(u.Dot.Origin.String())
	w.Text("seq")
	w.Int(int64(u.Dot.Seq))
	w.Text("here")
	w.Int(bit(u.Here))
	w.Text("effects")
	w.Array(len(u.Effects))
	for _, e := range u.Effects {
		w.Text(e)
	}
}
