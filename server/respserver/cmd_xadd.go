package respserver

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xadd/

var rowXAdd = row{
	name: "xadd", arity: -5, flags: "write denyoom fast", categories: "write stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(1), and O(N) for N entries that are trimmed",
	syntax:  "XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]",
	summary: "Adds an entry to a stream, and returns its id.",
	differs: "An id that it gives is given nowhere else: behind the time it has a count and the origin, so that it is not `0`; with `ms-*` too. An id that a client gives may be there twice, from two regions.",
	parse:   parseXAdd,
}

// errNoID is for an entry that would be 0-0.
const errNoID refusal = "ERR The ID specified in XADD must be greater than 0-0"

func parseXAdd(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XAdd{Key: args[0]}
	var t trimming
	rest, named := args[1:], false
	for len(rest) > 0 && !named {
		used, err := t.option(rest)
		switch {
		case err != nil || used > 0:
		case is(rest[0], "NOMKSTREAM"):
			cmd.Existing, used = true, 1
		default:
			named, used = true, 1
			cmd.ID, cmd.Has, err = newID(rest[0])
		}
		if err != nil {
			return operation{}, err
		}
		rest = rest[used:]
	}
	cmd.Fields = rest
	var err error
	switch cmd.Trim, err = t.whole(); {
	case err != nil:
	case len(rest) == 0 || len(rest)%2 != 0:
		err = refusal("ERR wrong number of arguments for 'xadd' command")
	case cmd.Has == command.WholeID && cmd.ID == crdt.StreamID{}:
		err = errNoID
	}
	return parsed(operation{cmd, replyID}, err)
}

// replyID writes the id of a new entry, or null.
func replyID(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Bulk(r.Value)
}

// newID reads what is given of the id of a new entry.
func newID(arg []byte) (id crdt.StreamID, has command.IDParts, err error) {
	if string(arg) == "*" {
		return id, command.NoID, nil
	}
	if time, auto := bytes.CutSuffix(arg, []byte("-*")); auto {
		id, err = streamID(append(bytes.Clone(time), "-0"...), 0)
		return id, command.IDTime, err
	}
	id, err = streamID(arg, 0)
	return id, command.WholeID, err
}
