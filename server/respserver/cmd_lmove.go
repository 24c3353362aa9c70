package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/lmove/ and https://redis.io/commands/rpoplpush/

const differsMove = "Two regions may both move the same element; then it is there twice."

var rowLMove = row{
	name: "lmove", arity: 5, flags: "write denyoom", categories: "write list", first: 1, last: 2, step: 1,
	group: "list", since: "6.2.0", complexity: "O(1)", syntax: "LMOVE source destination LEFT|RIGHT LEFT|RIGHT",
	summary: "Takes an element from an end of a list, puts it at an end of another, and returns it.", differs: differsMove,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.LMove{Source: args[0], Into: args[1]}
		var err error
		if cmd.From, err = listEnd(args[2]); err == nil {
			cmd.To, err = listEnd(args[3])
		}
		return parsed(operation{cmd, replyValue}, err)
	},
}

var rowRPopLPush = row{
	name: "rpoplpush", arity: 3, flags: "write denyoom", categories: "write list", first: 1, last: 2, step: 1,
	group: "list", since: "1.2.0", complexity: "O(1)", syntax: "RPOPLPUSH source destination",
	summary: "Is LMOVE source destination RIGHT LEFT.", differs: differsMove,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.LMove{Source: args[0], Into: args[1], From: keyspace.Back}, replyValue}, nil
	},
}
