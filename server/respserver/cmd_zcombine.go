package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/zunion/, and likewise zinter, zdiff, those that store, and
// zintercard.

const (
	syntaxAggregate    = " [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]"
	differsZCombine    = "More than 1,048,576 members to read, or a result of more than 8 MiB, is refused."
	differsZStore      = "It is made of what this region sees, as one update; what other regions concurrently add to the destination survives. " + differsZCombine
	complexityZCombine = "O(N)+O(M*log(M)) for N members of all sets and M of the result"
)

var rowZUnion = row{
	name: "zunion", arity: -3, flags: "readonly movablekeys", categories: "read sortedset", counted: 1,
	group: "sorted-set", since: "6.2.0", complexity: complexityZCombine, syntax: "ZUNION numkeys key [key ...]" + syntaxAggregate + " [WITHSCORES]",
	summary: "Returns the members that any of the sorted sets has.", differs: differsZCombine, parse: parseZCombine(command.Union),
}

var rowZInter = row{
	name: "zinter", arity: -3, flags: "readonly movablekeys", categories: "read sortedset", counted: 1,
	group: "sorted-set", since: "6.2.0", complexity: complexityZCombine, syntax: "ZINTER numkeys key [key ...]" + syntaxAggregate + " [WITHSCORES]",
	summary: "Returns the members that all of the sorted sets have.", differs: differsZCombine, parse: parseZCombine(command.Intersection),
}

var rowZDiff = row{
	name: "zdiff", arity: -3, flags: "readonly movablekeys", categories: "read sortedset", counted: 1,
	group: "sorted-set", since: "6.2.0", complexity: complexityZCombine, syntax: "ZDIFF numkeys key [key ...] [WITHSCORES]",
	summary: "Returns the members of the first sorted set that none of the others has.", differs: differsZCombine, parse: parseZCombine(command.Difference),
}

var rowZUnionStore = row{
	name: "zunionstore", arity: -4, flags: "write denyoom movablekeys", categories: "write sortedset", first: 1, last: 1, step: 1, counted: 2,
	group: "sorted-set", since: "2.0.0", complexity: complexityZCombine, syntax: "ZUNIONSTORE destination numkeys key [key ...]" + syntaxAggregate,
	summary: "Stores what ZUNION returns, and returns how many members that is.", differs: differsZStore, parse: parseZStore(command.Union),
}

var rowZInterStore = row{
	name: "zinterstore", arity: -4, flags: "write denyoom movablekeys", categories: "write sortedset", first: 1, last: 1, step: 1, counted: 2,
	group: "sorted-set", since: "2.0.0", complexity: complexityZCombine, syntax: "ZINTERSTORE destination numkeys key [key ...]" + syntaxAggregate,
	summary: "Stores what ZINTER returns, and returns how many members that is.", differs: differsZStore, parse: parseZStore(command.Intersection),
}

var rowZDiffStore = row{
	name: "zdiffstore", arity: -4, flags: "write denyoom movablekeys", categories: "write sortedset", first: 1, last: 1, step: 1, counted: 2,
	group: "sorted-set", since: "6.2.0", complexity: complexityZCombine, syntax: "ZDIFFSTORE destination numkeys key [key ...]",
	summary: "Stores what ZDIFF returns, and returns how many members that is.", differs: differsZStore, parse: parseZStore(command.Difference),
}

var rowZInterCard = row{
	name: "zintercard", arity: -3, flags: "readonly movablekeys", categories: "read sortedset", counted: 1,
	group: "sorted-set", since: "7.0.0", complexity: "O(N*K) for N members of the smallest of K sets", syntax: "ZINTERCARD numkeys key [key ...] [LIMIT limit]",
	summary: "Counts the members that all of the sorted sets have.", differs: differsZCombine, parse: parseInterCard,
}

func parseZCombine(as command.Combination) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		keys, rest, err := countedKeys(command.ZCombine{As: as}.Name(), args)
		if err != nil {
			return operation{}, err
		}
		cmd := command.ZCombine{As: as, List: keys}
		var scores bool
		scores, cmd.Refuse = readCombine(&cmd, rest, true)
		return operation{cmd, replyScored(scores)}, nil
	}
}

func parseZStore(as command.Combination) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.ZCombineStore{Into: args[0], ZCombine: command.ZCombine{As: as}}
		keys, rest, err := countedKeys(cmd.Name(), args[1:])
		if err != nil {
			return operation{}, err
		}
		cmd.List = keys
		_, cmd.Refuse = readCombine(&cmd.ZCombine, rest, false)
		return operation{cmd, replyInt}, nil
	}
}

func parseInterCard(args [][]byte, _ *server.Limits) (operation, error) {
	keys, rest, err := countedKeys("ZINTERCARD", args)
	if err != nil {
		return operation{}, err
	}
	cmd := command.ZInterCard{List: keys}
	cmd.Limit, cmd.Refuse = readLimit(rest)
	return operation{cmd, replyInt}, nil
}

func readLimit(rest [][]byte) (limit int, err error) {
	for ; len(rest) > 0; rest = rest[2:] {
		if len(rest) < 2 || !is(rest[0], "LIMIT") {
			return 0, errSyntax
		}
		n, err := integer(rest[1])
		if err != nil || n < 0 {
			return 0, refusal("ERR LIMIT can't be negative")
		}
		limit = int(n)
	}
	return limit, nil
}
