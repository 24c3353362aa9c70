package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/zpopmin/, and likewise zpopmax and zmpop.

const differsPop = "Two regions may both return the same member; it is gone once. " + differsScores

var rowZPopMin = row{
	name: "zpopmin", arity: -2, flags: "write fast", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "5.0.0", complexity: "O(log(N)*M) for M of N members removed", syntax: "ZPOPMIN key [count]",
	summary: "Removes and returns the members of a sorted set with the least scores.", differs: differsPop, parse: parsePop(false),
}

var rowZPopMax = row{
	name: "zpopmax", arity: -2, flags: "write fast", categories: "write sortedset", first: 1, last: 1, step: 1,
	group: "sorted-set", since: "5.0.0", complexity: "O(log(N)*M) for M of N members removed", syntax: "ZPOPMAX key [count]",
	summary: "Removes and returns the members of a sorted set with the greatest scores.", differs: differsPop, parse: parsePop(true),
}

var rowZMPop = row{
	name: "zmpop", arity: -4, flags: "write movablekeys", categories: "write sortedset", counted: 1,
	group: "sorted-set", since: "7.0.0", complexity: "O(K)+O(M*log(N)) for K keys and M of N members removed",
	syntax:  "ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]",
	summary: "Removes and returns members of the first sorted set that has some.", differs: differsPop, parse: parseMPop,
}

func parsePop(greatest bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.ZPop{List: args[:1], Max: greatest, Count: 1}
		switch len(args) {
		case 1:
			return operation{cmd, replyScoredFlat}, nil
		case 2:
			var err error
			if cmd.Count, err = integer(args[1]); err != nil || cmd.Count < 0 {
				err = refusal("ERR value is out of range, must be positive")
			}
			return parsed(operation{cmd, replyScored(true)}, err)
		default:
			return operation{}, errSyntax
		}
	}
}

func parseMPop(args [][]byte, _ *server.Limits) (operation, error) {
	n, err := integer(args[0])
	if err != nil || n < 1 {
		return operation{}, refusal("ERR numkeys should be greater than 0")
	}
	if n > int64(len(args)-2) {
		return operation{}, errSyntax
	}
	cmd := command.ZPop{List: args[1 : n+1], Count: 1}
	rest := args[n+1:]
	switch {
	case is(rest[0], "MAX"):
		cmd.Max = true
	case !is(rest[0], "MIN"):
		return operation{}, errSyntax
	}
	switch rest = rest[1:]; {
	case len(rest) == 0:
		return operation{cmd, replyPopped}, nil
	case len(rest) != 2 || !is(rest[0], "COUNT"):
		return operation{}, errSyntax
	}
	if cmd.Count, err = integer(rest[1]); err != nil || cmd.Count < 1 {
		return operation{}, refusal("ERR count should be greater than 0")
	}
	return operation{cmd, replyPopped}, nil
}

// replyPopped writes a key and what was taken from it.
func replyPopped(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.NullArray()
		return
	}
	w.Array(2)
	w.Bulk(r.Value)
	replyScoredPairs(w, r)
}
