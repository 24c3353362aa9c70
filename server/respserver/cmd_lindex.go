package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/lindex/ and https://redis.io/commands/lset/

var rowLIndex = row{
	name: "lindex", arity: 3, flags: "readonly", categories: "read list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for the Nth element from the nearer end", syntax: "LINDEX key index",
	summary: "Returns the element of an index.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		index, err := integer(args[1])
		return operation{command.LIndex{Key: args[0], Index: index, Refuse: err}, replyValue}, nil
	},
}

var rowLSet = row{
	name: "lset", arity: 4, flags: "write denyoom", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for the Nth element from the nearer end", syntax: "LSET key index element",
	summary: "Replaces the element of an index.",
	differs: "Of concurrent ones of the same element the greatest stamp is shown. The element stays if another region removes it concurrently.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		index, err := integer(args[1])
		return operation{command.LSet{Key: args[0], Index: index, Value: args[2], Refuse: err}, replyOK}, nil
	},
}
