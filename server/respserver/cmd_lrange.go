package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/lrange/ and https://redis.io/commands/ltrim/

var rowLRange = row{
	name: "lrange", arity: 4, flags: "readonly", categories: "read list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(S+N) for N elements, the first S from the nearer end", syntax: "LRANGE key start stop",
	summary: "Returns the elements of a list from one index to another.",
	differs: "A reply holds at most 64 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		start, stop, err := indexes(args)
		return parsed(operation{command.LRange{Key: args[0], Start: start, Stop: stop}, replyBulks}, err)
	},
}

var rowLTrim = row{
	name: "ltrim", arity: 4, flags: "write", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for N elements removed", syntax: "LTRIM key start stop",
	summary: "Removes the elements of a list outside of two indexes.",
	differs: "What other regions push concurrently stays. At most about 500,000 elements at once, unless all of them.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		start, stop, err := indexes(args)
		return parsed(operation{command.LTrim{Key: args[0], Start: start, Stop: stop}, replyOK}, err)
	},
}

// indexes reads the two numbers behind a key.
func indexes(args [][]byte) (start, stop int64, err error) {
	if start, err = integer(args[1]); err == nil {
		stop, err = integer(args[2])
	}
	return start, stop, err
}
