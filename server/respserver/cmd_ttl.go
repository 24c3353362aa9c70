package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/ttl/ and those beside it.

var (
	rowTTL         = ttlRow("ttl", "1.0.0", "Returns the seconds that a key has left; -1 if it does not end, -2 if there is none.", false, replySeconds)
	rowPTTL        = ttlRow("pttl", "2.6.0", "Returns the milliseconds that a key has left; -1 if it does not end, -2 if there is none.", false, replyInt)
	rowExpireTime  = ttlRow("expiretime", "7.0.0", "Returns when a key ends, in Unix seconds; -1 if it does not end, -2 if there is none.", true, replySeconds)
	rowPExpireTime = ttlRow("pexpiretime", "7.0.0", "Returns when a key ends, in Unix milliseconds; -1 if it does not end, -2 if there is none.", true, replyInt)
)

func ttlRow(name, since, summary string, absolute bool, reply func(*resp.Writer, keyspace.Reply)) row {
	return row{
		name: name, arity: 2, flags: "readonly fast", categories: "keyspace read", first: 1, last: 1, step: 1,
		group: "generic", since: since, complexity: "O(1)", syntax: strings.ToUpper(name) + " key", summary: summary,
		parse: func(args [][]byte, _ *server.Limits) (operation, error) {
			return operation{command.TTL{Key: args[0], Absolute: absolute}, reply}, nil
		},
	}
}

// replySeconds writes milliseconds as seconds, rounded; what is negative is no time.
func replySeconds(w *resp.Writer, r keyspace.Reply) {
	if r.Int < 0 {
		w.Int(r.Int)
		return
	}
	w.Int(r.Int/1000 + r.Int%1000/500)
}
