package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hexpire/ and those beside it.

const differsFieldEnds = "Of deadlines that regions set concurrently the longer counts. A concurrent `HSET` shows with its own."

var (
	rowHExpire    = hexpireRow("hexpire", "seconds", "Lets fields of a hash end after some seconds.", lifetimeOption{command.EndsIn, 1000})
	rowHPExpire   = hexpireRow("hpexpire", "milliseconds", "Lets fields of a hash end after some milliseconds.", lifetimeOption{command.EndsIn, 1})
	rowHExpireAt  = hexpireRow("hexpireat", "unix-time-seconds", "Lets fields of a hash end at a time in Unix seconds.", lifetimeOption{command.EndsAt, 1000})
	rowHPExpireAt = hexpireRow("hpexpireat", "unix-time-milliseconds", "Lets fields of a hash end at a time in Unix milliseconds.", lifetimeOption{command.EndsAt, 1})
)

func hexpireRow(name, unit, summary string, o lifetimeOption) row {
	return row{
		name: name, arity: -6, flags: "write denyoom fast", categories: "write hash", first: 1, last: 1, step: 1,
		group: "hash", since: "7.4.0", complexity: "O(N) for N fields",
		syntax:  strings.ToUpper(name) + " key " + unit + " [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		summary: summary + " Replies for each 1, 2 where the time has come already, 0 where the condition does not hold, -2 where there is none.",
		differs: differsFieldEnds,
		parse: func(args [][]byte, _ *server.Limits) (operation, error) {
			cmd := command.HExpire{Key: args[0], Life: fieldLifetime(args[1], o, name)}
			rest := args[2:]
			if condition, err := readExpireIf(rest[:1]); err == nil {
				cmd.If, rest = condition, rest[1:]
			}
			var err error
			if cmd.Fields, err = namedFields(rest, errFieldsZero); err != nil {
				return operation{}, faultFirst(cmd.Life, err)
			}
			return operation{cmd, replyInts}, nil
		},
	}
}
