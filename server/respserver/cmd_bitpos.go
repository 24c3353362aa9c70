package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/bitpos/

var rowBitPos = row{
	name: "bitpos", arity: -3, flags: "readonly", categories: "read bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "2.8.7", complexity: "O(N) for the length of the string", syntax: "BITPOS key bit [start [end [BYTE | BIT]]]",
	summary: "Finds the first bit that is set, or is not, in a string or in a part of it.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		bit, err := integer(args[1])
		if err != nil {
			return operation{}, err
		}
		if bit != 0 && bit != 1 {
			return operation{}, errBitOr
		}
		cmd := command.BitPos{Key: args[0], Bit: byte(bit), Ended: len(args) > 3}
		cmd.Range, cmd.Bad = searchRange(args[2:])
		return operation{cmd, replyInt}, nil
	},
}

// searchRange reads where to search; an error counts only where the key exists.
func searchRange(args [][]byte) (r command.BitRange, err error) {
	r.To = -1
	if len(args) > 3 {
		return r, errSyntax
	}
	if len(args) > 0 {
		if r.From, err = integer(args[0]); err != nil {
			return r, err
		}
	}
	if len(args) > 2 {
		if r.InBits, err = unit(args[2]); err != nil {
			return r, err
		}
	}
	if len(args) > 1 {
		r.To, err = integer(args[1])
	}
	return r, err
}
