package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xrange/ and https://redis.io/commands/xrevrange/

var rowXRange = row{
	name: "xrange", arity: -4, flags: "readonly", categories: "read stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(N) for N entries returned", syntax: "XRANGE key start end [COUNT count]",
	summary: "Returns the entries of a stream between two ids.", differs: "Entries of one id come in the order of the origins that added them.",
	parse: parseXRange(false),
}

var rowXRevRange = row{
	name: "xrevrange", arity: -4, flags: "readonly", categories: "read stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(N) for N entries returned", syntax: "XREVRANGE key end start [COUNT count]",
	summary: "Returns the entries of a stream between two ids, the last one first.", parse: parseXRange(true),
}

func parseXRange(reverse bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		from, to := args[1], args[2]
		if reverse {
			from, to = to, from
		}
		first, last, err := rangeIDs(from, to)
		cmd := command.XRange{Key: args[0], First: first, Last: last, Reverse: reverse}
		reply := replyEntries
		for rest := args[3:]; len(rest) > 0 && err == nil; rest = rest[2:] {
			if len(rest) < 2 || !is(rest[0], "COUNT") {
				return operation{}, errSyntax
			}
			cmd.Limit, err = integer(rest[1])
			if reply = replyEntries; cmd.Limit <= 0 {
				cmd.Limit, reply = 1, replyNoEntries
			}
		}
		return parsed(operation{cmd, reply}, err)
	}
}

func replyEntries(w *resp.Writer, r keyspace.Reply) { writeEntries(w, r.Entries) }

// replyNoEntries is for a count of 0: null if there is a stream, as in Redis.
func replyNoEntries(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Array(0)
		return
	}
	w.NullArray()
}

func writeEntries(w *resp.Writer, list []keyspace.Entry) {
	w.Array(len(list))
	for _, e := range list {
		writeEntry(w, e)
	}
}

func writeEntry(w *resp.Writer, e keyspace.Entry) {
	w.Array(2)
	w.Text(e.ID.String())
	w.Array(len(e.Fields))
	for _, f := range e.Fields {
		w.Bulk(f)
	}
}
