package respserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xgroup-create/ and the other subcommands.

var rowXGroup = row{
	name: "xgroup", arity: -2, group: "stream", since: "5.0.0", complexity: "Depends on subcommand.", syntax: "XGROUP subcommand",
	summary: "Makes and changes groups of readers of a stream.",
	subs: []*row{
		{
			name: "xgroup|create", arity: -5, flags: "write denyoom", categories: "write stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
			complexity: "O(1)", syntax: "XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]", summary: "Makes a group that begins behind an id.",
			differs: "The group is there in all regions, and each delivers to it by itself. Of groups of one name that two regions make at the same time, that which begins first counts.",
			parse:   parseXGroupCreate,
		},
		{
			name: "xgroup|setid", arity: -5, flags: "write", categories: "write stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
			complexity: "O(1)", syntax: "XGROUP SETID key group id|$ [ENTRIESREAD entries-read]", summary: "Lets a group go on behind an id.",
			differs: "In all regions; where one delivers at the same time, its group goes on at the lesser of both places.",
			parse:   parseXGroupSetID,
		},
		{
			name: "xgroup|destroy", arity: 4, flags: "write", categories: "write stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
			complexity: "O(N) for N entries that are pending", syntax: "XGROUP DESTROY key group", summary: "Deletes a group.",
			differs: "In all regions, as far as this node has seen it: what is delivered to it elsewhere at the same time keeps it." + dropsPending,
			parse:   parseXGroupDestroy,
		},
		{
			name: "xgroup|createconsumer", arity: 5, flags: "write denyoom", categories: "write stream", first: 2, last: 2, step: 1, group: "stream", since: "6.2.0",
			complexity: "O(1)", syntax: "XGROUP CREATECONSUMER key group consumer", summary: "Makes a consumer of a group.",
			differs: differsGroups, parse: parseXGroupCreateConsumer,
		},
		{
			name: "xgroup|delconsumer", arity: 5, flags: "write", categories: "write stream", first: 2, last: 2, step: 1, group: "stream", since: "5.0.0",
			complexity: "O(N) for N entries that are pending", syntax: "XGROUP DELCONSUMER key group consumer", summary: "Deletes a consumer of a group, and what is pending with it.",
			differs: differsGroups + dropsPending, parse: parseXGroupDelConsumer,
		},
	},
}

const errNoStream refusal = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."

// changedGroup names the group that a subcommand is about.
func changedGroup(args [][]byte) command.GroupOf {
	return command.GroupOf{Key: args[1], Group: args[2], NoKey: errNoStream,
		NoGroup: refusef("NOGROUP No such consumer group '%s' for key name '%s'", named(args[2]), named(args[1]))}
}

// groupStart reads an id and the options behind it. An error of the id counts only where there is the stream.
func groupStart(args [][]byte, make *bool) (at command.GroupStart, bad, err error) {
	at.Read = crdt.UnknownRead
	switch id := string(args[3]); {
	case id == "$":
		at.Last = true
	case make == nil && id == "-": // SETID takes ends of a range
	case make == nil && id == "+":
		at.ID = crdt.MaxStreamID
	default:
		at.ID, bad = streamID(args[3], 0)
	}
	for rest := args[4:]; len(rest) > 0; {
		switch {
		case make != nil && is(rest[0], "MKSTREAM"):
			*make, rest = true, rest[1:]
		case is(rest[0], "ENTRIESREAD") && len(rest) > 1:
			if at.Read, err = integer(rest[1]); err != nil {
				return at, nil, err
			}
			if at.Read < 0 && at.Read != crdt.UnknownRead {
				return at, nil, refusal("ERR value for ENTRIESREAD must be positive or -1")
			}
			rest = rest[2:]
		default:
			return at, nil, errSubSyntax([][]byte{[]byte("XGROUP"), args[0]})
		}
	}
	return at, bad, nil
}

func parseXGroupCreate(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XGroupCreate{GroupOf: changedGroup(args)}
	var err error
	cmd.At, cmd.Bad, err = groupStart(args, &cmd.Make)
	return parsed(operation{cmd, replyOK}, err)
}

func parseXGroupSetID(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XGroupSetID{GroupOf: changedGroup(args)}
	var err error
	cmd.At, cmd.Bad, err = groupStart(args, nil)
	return parsed(operation{cmd, replyOK}, err)
}

func parseXGroupDestroy(args [][]byte, _ *server.Limits) (operation, error) {
	return operation{command.XGroupDestroy{GroupOf: changedGroup(args)}, replyInt}, nil
}

func parseXGroupCreateConsumer(args [][]byte, _ *server.Limits) (operation, error) {
	return operation{command.XGroupCreateConsumer{GroupOf: changedGroup(args), Consumer: args[3]}, replyInt}, nil
}

func parseXGroupDelConsumer(args [][]byte, _ *server.Limits) (operation, error) {
	return operation{command.XGroupDelConsumer{GroupOf: changedGroup(args), Consumer: args[3]}, replyInt}, nil
}
