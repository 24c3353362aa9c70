package respserver

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/incrbyfloat/ and https://redis.io/commands/hincrbyfloat/

const (
	differsFloat = "Increments of several regions add up, exactly once. The sum is exact and rounded to 64 significant bits and 17 decimals when it is read; Redis rounds after each command. The result must lie within 64 bits before the point."
	errInfinite  = refusal("ERR increment would produce NaN or Infinity")
	errNotFinite = refusal("ERR value is NaN or Infinity")
)

var rowIncrByFloat = row{
	name: "incrbyfloat", arity: 3, flags: flagsIncr, categories: "write string", first: 1, last: 1, step: 1,
	group: "string", since: "2.6.0", complexity: "O(1)", syntax: "INCRBYFLOAT key increment",
	summary: "Adds to the number at a key, which may have decimals; nothing counts as 0.", differs: differsFloat,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := fraction(args[1])
		return operation{command.IncrFloat{Key: args[0], Delta: n, Refuse: err}, replyValue}, nil
	},
}

var rowHIncrByFloat = row{
	name: "hincrbyfloat", arity: 4, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "2.6.0", complexity: "O(1)", syntax: "HINCRBYFLOAT key field increment",
	summary: "Adds to the number in a field of a hash, which may have decimals; nothing counts as 0.", differs: differsFloat,
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		n, err := fraction(args[2])
		if errors.Is(err, errInfinite) {
			err = errNotFinite
		}
		return parsed(operation{command.HIncrFloat{Key: args[0], Field: args[1], Delta: n}, replyValue}, err)
	},
}

// fraction reads an increment.
func fraction(arg []byte) (crdt.Total, error) {
	n, infinite, ok := crdt.ParseNumber(arg)
	switch {
	case !ok:
		return n, errNotFloat
	case infinite:
		return n, errInfinite
	default:
		return n, nil
	}
}
