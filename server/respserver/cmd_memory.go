package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/memory-usage/

// memorySamples is how many elements MEMORY USAGE looks at when SAMPLES does not say.
const memorySamples = 5

var rowMemory = row{
	name: "memory", arity: -2, group: "server", since: "4.0.0", complexity: "Depends on subcommand.", syntax: "MEMORY subcommand",
	summary: "Tells about the size of keys.",
	subs: []*row{{
		name: "memory|usage", arity: -3, flags: "readonly", categories: "read", first: 2, last: 2, step: 1, group: "server", since: "4.0.0",
		complexity: "O(N) for N samples", syntax: "MEMORY USAGE key [SAMPLES count]", summary: "Estimates the bytes that a key takes.",
		differs: "On disk, before compression; in memory is only what the cache holds.",
		parse:   parseMemoryUsage,
	}},
}

func parseMemoryUsage(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.MemoryUsage{Key: args[1], Samples: memorySamples}
	for options := args[2:]; len(options) > 0; options = options[2:] {
		if !is(options[0], "SAMPLES") || len(options) == 1 {
			return operation{}, errSyntax
		}
		n, err := integer(options[1])
		if err != nil {
			return operation{}, err
		}
		if n < 0 {
			return operation{}, errSyntax
		}
		cmd.Samples = n
	}
	return operation{cmd, replyIntOrNull}, nil
}

// replyIntOrNull writes a number, or null where there is none.
func replyIntOrNull(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Int(r.Int)
}
