package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/httl/ and those beside it.

var (
	rowHTTL         = httlRow("httl", "Returns the seconds that fields of a hash have left", false, replyIntsSeconds)
	rowHPTTL        = httlRow("hpttl", "Returns the milliseconds that fields of a hash have left", false, replyInts)
	rowHExpireTime  = httlRow("hexpiretime", "Returns when fields of a hash end, in Unix seconds", true, replyIntsSeconds)
	rowHPExpireTime = httlRow("hpexpiretime", "Returns when fields of a hash end, in Unix milliseconds", true, replyInts)
)

func httlRow(name, summary string, absolute bool, reply func(*resp.Writer, keyspace.Reply)) row {
	return row{
		name: name, arity: -5, flags: "readonly fast", categories: "read hash", first: 1, last: 1, step: 1,
		group: "hash", since: "7.4.0", complexity: "O(N) for N fields", syntax: strings.ToUpper(name) + " key FIELDS numfields field [field ...]",
		summary: summary + "; -1 for one that does not end, -2 where there is none.",
		parse: func(args [][]byte, _ *server.Limits) (operation, error) {
			fields, err := namedFields(args[1:], errFieldsNone)
			return parsed(operation{command.HTTL{Key: args[0], Fields: fields, Absolute: absolute}, reply}, err)
		},
	}
}
