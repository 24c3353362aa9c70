package respserver

import (
	"math"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/incr/, and likewise decr, incrby, decrby.

const (
	differsIncr   = "Increments of several regions add up, exactly once. Where their sum leaves 64 bits, reads show the nearest number that fits."
	flagsIncr     = "write denyoom fast"
	maxNegatable  = -math.MaxInt64
	errDecrements = refusal("ERR decrement would overflow")
)

var rowIncr = row{
	name: "incr", arity: 2, flags: flagsIncr, categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "INCR key",
	summary: "Adds 1 to the number at a key; nothing counts as 0.", differs: differsIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) { return increment(args[0], 1) },
}

var rowDecr = row{
	name: "decr", arity: 2, flags: flagsIncr, categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "DECR key",
	summary: "Takes 1 from the number at a key; nothing counts as 0.", differs: differsIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) { return increment(args[0], -1) },
}

var rowIncrBy = row{
	name: "incrby", arity: 3, flags: flagsIncr, categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "INCRBY key increment",
	summary: "Adds to the number at a key; nothing counts as 0.", differs: differsIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := integer(args[1])
		if err != nil {
			return operation{}, err
		}
		return increment(args[0], n)
	},
}

var rowDecrBy = row{
	name: "decrby", arity: 3, flags: flagsIncr, categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(1)", syntax: "DECRBY key decrement",
	summary: "Takes from the number at a key; nothing counts as 0.", differs: differsIncr,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := integer(args[1])
		if err != nil {
			return operation{}, err
		}
		if n < maxNegatable {
			return operation{}, errDecrements
		}
		return increment(args[0], -n)
	},
}

func increment(key []byte, delta int64) (operation, error) {
	return operation{command.Incr{Key: key, Delta: delta}, replyInt}, nil
}
