package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xsetid/

var rowXSetID = row{
	name: "xsetid", arity: -3, flags: "write denyoom fast", categories: "write stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(1)", syntax: "XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
	summary: "Sets the last id of a stream.", differs: "Concurrently with other writes the greatest last id counts.", parse: parseXSetID,
}

func parseXSetID(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XSetID{Key: args[0], Added: -1}
	var err error
	if cmd.Last, err = streamID(args[1], 0); err != nil {
		return operation{}, err
	}
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		switch {
		case len(rest) > 1 && is(rest[0], "ENTRIESADDED"):
			if cmd.Added, err = integer(rest[1]); err == nil && cmd.Added < 0 {
				err = refusal("ERR entries_added must be positive")
			}
		case len(rest) > 1 && is(rest[0], "MAXDELETEDID"):
			if cmd.Deleted, err = streamID(rest[1], 0); err == nil && cmd.Last.Compare(cmd.Deleted) < 0 {
				err = refusal("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
			}
		default:
			err = errSyntax
		}
		if err != nil {
			return operation{}, err
		}
	}
	return operation{cmd, replyOK}, nil
}
