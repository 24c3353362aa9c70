package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/bitcount/

var rowBitCount = row{
	name: "bitcount", arity: -2, flags: "readonly", categories: "read bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "2.6.0", complexity: "O(N) for the length of the string", syntax: "BITCOUNT key [start end [BYTE | BIT]]",
	summary: "Counts the bits that are set in a string, or in a part of it.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.BitCount{Key: args[0]}
		cmd.Range, cmd.Bad = countRange(args[1:])
		return operation{cmd, replyInt}, nil
	},
}

// countRange reads what is to be counted. As in Redis, an error counts only where the key exists, and a
// unit is not looked at where the range is empty.
func countRange(args [][]byte) (r command.BitRange, err error) {
	switch len(args) {
	case 0:
		return command.BitRange{To: -1}, nil
	case 2, 3:
	default:
		return r, errSyntax
	}
	if r.From, err = integer(args[0]); err != nil {
		return r, err
	}
	if r.To, err = integer(args[1]); err != nil {
		return r, err
	}
	if r.From < 0 && r.To < 0 && r.From > r.To {
		return command.BitRange{From: 1}, nil // nothing
	}
	if len(args) == 2 {
		return r, nil
	}
	r.InBits, err = unit(args[2])
	return r, err
}
