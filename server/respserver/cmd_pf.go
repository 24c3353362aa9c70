package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/pfadd/ and the pages beside it

const differsSketch = "It is a type of its own, not a string: TYPE says hyperloglog, and GET is refused."

var rowPFAdd = row{
	name: "pfadd", arity: -2, flags: "write denyoom fast", categories: "hyperloglog write", first: 1, last: 1, step: 1,
	group: "hyperloglog", since: "2.8.9", complexity: "O(N) for N elements", syntax: "PFADD key [element [element ...]]",
	summary: "Adds elements to a HyperLogLog, and returns 1 if its estimate may have changed.", differs: differsSketch,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.PFAdd{Key: args[0], Elements: args[1:]}, replyInt}, nil
	},
}

var rowPFCount = row{
	name: "pfcount", arity: -2, flags: "readonly", categories: "hyperloglog read", first: 1, last: -1, step: 1,
	group: "hyperloglog", since: "2.8.9", complexity: "O(N) for N registers that are not 0, at most 16,384 a key", syntax: "PFCOUNT key [key ...]",
	summary: "Estimates how many different elements were added to the union of HyperLogLogs.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.PFCount{List: args}, replyInt}, nil
	},
}

var rowPFMerge = row{
	name: "pfmerge", arity: -2, flags: "write denyoom", categories: "hyperloglog write", first: 1, last: -1, step: 1,
	group: "hyperloglog", since: "2.8.9", complexity: "O(N) for N registers that are not 0, at most 16,384 a key", syntax: "PFMERGE destkey [sourcekey [sourcekey ...]]",
	summary: "Adds to a HyperLogLog what was added to others.", differs: "It takes what this node has seen of the others.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.PFMerge{To: args[0], From: args[1:]}, replyOK}, nil
	},
}
