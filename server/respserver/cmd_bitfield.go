package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/bitfield/ and https://redis.io/commands/bitfield_ro/

var rowBitField = row{
	name: "bitfield", arity: -2, flags: "write denyoom", categories: "write bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "3.2.0", complexity: "O(N) for the length of the string and for each step",
	syntax:  "BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]",
	summary: "Reads and writes integers within a string.",
	differs: differsBitmap + " INCRBY is no counter: concurrent additions do not add up.",
	parse:   parseBitField,
}

var rowBitFieldRO = row{
	name: "bitfield_ro", arity: -2, flags: "readonly fast", categories: "read bitmap", first: 1, last: 1, step: 1,
	group: "bitmap", since: "6.0.0", complexity: "O(1) for each step", syntax: "BITFIELD_RO key [GET encoding offset ...]",
	summary: "Reads integers within a string.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		op, err := parseBitField(args, l)
		if err == nil && op.cmd.Writes() {
			return operation{}, errReadBits
		}
		return op, err
	},
}

func parseBitField(args [][]byte, l *server.Limits) (operation, error) {
	steps, err := bitSteps(args[1:], l)
	return operation{command.BitField{Key: args[0], Steps: steps, Max: l.ValueBytes}, replySteps}, err
}
