package respserver

import (
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

var rowXCursor = row{
	name: "atoll.xcursor", arity: -3, flags: "readonly blocking", categories: "read stream blocking", first: 1, last: 1, step: 1,
	group: "stream", since: "7.0.0", complexity: "O(N) for N entries returned; once O(M) for a stream of M entries, when the cursor comes from another node or the node was restarted",
	syntax:  "ATOLL.XCURSOR key cursor [COUNT count] [BLOCK milliseconds]",
	summary: "Reads a stream from a cursor, in the order in which this node applied its entries, or waits for some.",
	differs: "Not in Redis. What arrives late by a merge is given when it arrives, whatever its id: nothing is skipped. The cursor is `0` for everything, `$` for what comes from now on, and then the first part of the reply, whose second part are the entries, as `XRANGE` has them. No entries: there are none now, or none came in time; with BLOCK, " +
		"and within MULTI, perhaps there are more all the same, go on. A cursor is a text of some 50 bytes and 20 for each node, for one key; it does not get old, and is good at every node of every region: at another one it may give entries again, and those that came before in the order of their ids. About 4 MiB are given at a time.",
	parse: parseXCursor,
}

func parseXCursor(args [][]byte, _ *server.Limits) (operation, error) {
	cmd, timeout := command.XCursor{Key: args[0], From: args[1]}, time.Duration(-1)
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		var err error
		switch word := rest[0]; {
		case len(rest) < 2:
			err = errSyntax
		case is(word, "BLOCK"):
			timeout, err = millisOf(rest[1])
		case is(word, "COUNT"):
			cmd.Limit, err = integer(rest[1])
			cmd.Limit = max(0, cmd.Limit)
		default:
			err = errSyntax
		}
		if err != nil {
			return operation{}, err
		}
	}
	if timeout < 0 {
		return operation{cmd, replyCursor}, nil
	}
	w := waitingFor(cmd)
	w.timeout = timeout
	return operation{w, replyCursor}, nil
}

// replyCursor writes where to go on, and entries.
func replyCursor(w *resp.Writer, r keyspace.Reply) {
	w.Array(2)
	w.Bulk(r.Cursor)
	writeEntries(w, r.Entries)
}
