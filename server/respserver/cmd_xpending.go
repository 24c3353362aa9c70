package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xpending/

var rowXPending = row{
	name: "xpending", arity: -3, flags: "readonly", categories: "read stream", first: 1, last: 1, step: 1, group: "stream", since: "5.0.0",
	complexity: "O(N) for N entries that are pending", syntax: "XPENDING key group [[IDLE min-idle-time] start end count [consumer]]",
	summary: "Tells what was delivered to a group and is not acknowledged.", differs: countsPending, parse: parseXPending,
}

func parseXPending(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XPending{GroupOf: groupOf(args[0], args[1]), Limit: -1}
	if len(args) == 2 {
		return operation{cmd, replyPendingSummary}, nil
	}
	rest := args[2:]
	if len(rest) < 3 || len(rest) > 6 {
		return operation{}, errSyntax
	}
	var err error
	if is(rest[0], "IDLE") {
		if cmd.Idle, err = integer(rest[1]); err != nil {
			return operation{}, err
		}
		if rest = rest[2:]; len(rest) < 3 {
			return operation{}, errSyntax
		}
	}
	if cmd.Limit, err = integer(rest[2]); err != nil {
		return operation{}, err
	}
	cmd.Limit = max(0, cmd.Limit)
	if cmd.First, cmd.Last, err = rangeIDs(rest[0], rest[1]); err != nil {
		return operation{}, err
	}
	if len(rest) > 3 {
		cmd.Consumer = rest[3]
	}
	return operation{cmd, replyPending}, nil
}

func replyPendingSummary(w *resp.Writer, r keyspace.Reply) {
	w.Array(4)
	w.Int(r.Int)
	if r.Int == 0 {
		w.Null()
		w.Null()
		w.NullArray()
		return
	}
	w.Text(r.Pending[0].ID.String())
	w.Text(r.Pending[1].ID.String())
	w.Array(len(r.Consumers))
	for _, c := range r.Consumers {
		w.Array(2)
		w.Bulk(c.Name)
		w.Text(textOfInt(c.Pending))
	}
}

func replyPending(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Pending))
	for _, p := range r.Pending {
		w.Array(4)
		w.Text(p.ID.String())
		w.Bulk(p.Consumer)
		w.Int(max(0, r.Int-p.Since))
		w.Int(p.Times)
	}
}
