package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xdel/

var rowXDel = row{
	name: "xdel", arity: -3, flags: "write fast", categories: "write stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(log(N)) for each id", syntax: "XDEL key id [id ...]",
	summary: "Deletes entries of a stream, and returns how many there were.",
	differs: "It deletes what this node has seen of an id: two entries, if two regions gave it.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.XDel{Key: args[0]}
		for _, arg := range args[1:] {
			id, err := streamID(arg, 0)
			if err != nil {
				cmd.Bad = err
				break
			}
			cmd.IDs = append(cmd.IDs, id)
		}
		return operation{cmd, replyInt}, nil
	},
}
