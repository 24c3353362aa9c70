package respserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xack/

var rowXAck = row{
	name: "xack", arity: -4, flags: "write fast", categories: "write stream", first: 1, last: 1, step: 1, group: "stream", since: "5.0.0",
	complexity: "O(1) for each id and region", syntax: "XACK key group id [id ...]", summary: "Acknowledges entries that were delivered to a group.",
	differs: "It takes them off what is pending in every region where they are seen to be, and no other region delivers them any more once it knows.",
	parse:   parseXAck,
}

func parseXAck(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XAck{GroupOf: groupOf(args[0], args[1])}
	cmd.IDs, cmd.Bad = streamIDs(args[2:])
	return operation{cmd, replyInt}, nil
}

func streamIDs(args [][]byte) (ids []crdt.StreamID, err error) {
	for _, arg := range args {
		id, err := streamID(arg, 0)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
