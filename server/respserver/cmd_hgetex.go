package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/hgetex/

var rowHGetEx = row{
	name: "hgetex", arity: -5, flags: "write fast", categories: "write hash", first: 1, last: 1, step: 1,
	group: "hash", since: "8.0.0", complexity: "O(N) for N fields",
	syntax:  "HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
	summary: "Returns the values of fields of a hash, and sets their deadlines or takes them away.",
	differs: differsFieldEnds + " A reply holds at most 8 MiB.",
	parse: func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd, rest := command.HGetEx{Key: args[0]}, args[1:]
		o, timed := lifetimeOptions[strings.ToUpper(string(rest[0]))]
		switch {
		case timed:
			cmd.Life, rest = fieldLifetime(rest[1], o, "hgetex"), rest[2:]
		case is(rest[0], "PERSIST"):
			cmd.Persist, rest = true, rest[1:]
		}
		var err error
		if cmd.Fields, err = namedFields(rest, errFieldsNone); err != nil {
			return operation{}, faultFirst(cmd.Life, err)
		}
		return operation{cmd, replyStrings}, nil
	},
}
