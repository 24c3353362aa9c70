package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/mset/ and https://redis.io/commands/msetnx/

var rowMSet = row{
	name: "mset", arity: -3, flags: "write denyoom", categories: "write string", first: 1, last: -1, step: 2,
	group: "string", since: "1.0.1", complexity: "O(N) for N keys", syntax: "MSET key value [key value ...]",
	summary: "Sets several keys to strings, as one update.",
	differs: "One update holds at most 16 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		if len(args)%2 != 0 {
			return operation{}, refusal("ERR wrong number of arguments for 'mset' command")
		}
		keys, values := pairs(args)
		return operation{command.MSet{List: keys, Values: values}, replyOK}, nil
	},
}

var rowMSetNX = row{
	name: "msetnx", arity: -3, flags: "write denyoom", categories: "write string", first: 1, last: -1, step: 2,
	group: "string", since: "1.0.1", complexity: "O(N) for N keys", syntax: "MSETNX key value [key value ...]",
	summary: "Sets several keys to strings, as one update, if none of them exists.",
	differs: "It looks at this region only: two regions may both find the keys absent, and both succeed. No lock. One update holds at most 16 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		if len(args)%2 != 0 {
			return operation{}, refusal("ERR wrong number of arguments for 'msetnx' command")
		}
		keys, values := pairs(args)
		return operation{command.MSet{List: keys, Values: values, Absent: true}, replyInt}, nil
	},
}

func pairs(args [][]byte) (keys, values [][]byte) {
	for i := 0; i < len(args); i += 2 {
		keys, values = append(keys, args[i]), append(values, args[i+1])
	}
	return keys, values
}
