package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hsetex/

const (
	errHSetExLife  refusal = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
	errHSetExIf    refusal = "ERR Only one of FXX or FNX arguments can be specified"
	errHSetExTime  refusal = "ERR missing expire time"
	errHSetExCount refusal = "ERR invalid number of fields"
	errHSetExArity refusal = "ERR wrong number of arguments for 'hsetex' command"
)

var rowHSetEx = row{
	name: "hsetex", arity: -6, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "8.0.0", complexity: "O(N) for N fields",
	syntax:  "HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
	summary: "Sets fields of a hash, and when they end. Replies 1, or 0 where FNX or FXX does not hold.",
	differs: differsFieldEnds + " FNX and FXX hold where they are asked: two regions may both set a field that was not there.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.HSetEx{Key: args[0]}
		rest := args[1:]
		for len(rest) > 0 && !is(rest[0], "FIELDS") {
			n, err := takeHSetEx(&cmd, rest)
			if err != nil {
				return operation{}, faultFirst(cmd.Life, err)
			}
			rest = rest[n:]
		}
		var err error
		if cmd.Fields, err = fieldValues(rest); err != nil {
			return operation{}, faultFirst(cmd.Life, err)
		}
		return operation{cmd, replyInt}, nil
	},
}

// takeHSetEx reads the option at the front of args, and tells how many arguments it took.
func takeHSetEx(cmd *command.HSetEx, args [][]byte) (n int, err error) {
	o, timed := lifetimeOptions[strings.ToUpper(string(args[0]))]
	switch keep := is(args[0], "KEEPTTL"); {
	case (timed || keep) && (cmd.Life.As != command.Endless || cmd.Life.Fault != nil):
		return 0, errHSetExLife
	case timed && len(args) < 2:
		return 0, errHSetExTime
	case timed:
		cmd.Life = fieldLifetime(args[1], o, "hsetex")
		return 2, nil
	case keep:
		cmd.Life.As = command.EndsAsBefore
		return 1, nil
	}
	switch absent := is(args[0], "FNX"); {
	case !absent && !is(args[0], "FXX"):
		return 0, refusef("ERR unknown argument: %s", echo(args[0]))
	case cmd.Absent || cmd.Present:
		return 0, errHSetExIf
	default:
		cmd.Absent, cmd.Present = absent, !absent
		return 1, nil
	}
}

// fieldValues reads FIELDS, a number, and as many fields with their values.
func fieldValues(args [][]byte) (list []command.FieldValue, err error) {
	if len(args) < 4 {
		return nil, errHSetExArity
	}
	n, err := integer(args[1])
	pairs := args[2:]
	switch {
	case err != nil || n < 1:
		return nil, errHSetExCount
	case len(pairs)%2 != 0 || n != int64(len(pairs)/2):
		return nil, errHSetExArity
	}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, command.FieldValue{Field: pairs[i], Value: pairs[i+1]})
	}
	return list, nil
}
