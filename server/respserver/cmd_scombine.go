package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/sinter/, and likewise sunion, sdiff, and those that store.

const (
	differsCombine = "Members come in byte order. More than 1,048,576 members to read, or a result of more than 8 MiB, is refused."
	differsStore   = "It is made of what this region sees, as one update; what other regions concurrently add to the destination survives. More than 1,048,576 members to read, or a result of more than 8 MiB, is refused."
)

var rowSInter = row{
	name: "sinter", arity: -2, flags: "readonly", categories: "read set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N*M) for N members of the smallest of M sets", syntax: "SINTER key [key ...]",
	summary: "Returns the members that all of the sets have.", differs: differsCombine, parse: parseCombine(command.Intersection),
}

var rowSUnion = row{
	name: "sunion", arity: -2, flags: "readonly", categories: "read set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for N members of all sets", syntax: "SUNION key [key ...]",
	summary: "Returns the members that any of the sets has.", differs: differsCombine, parse: parseCombine(command.Union),
}

var rowSDiff = row{
	name: "sdiff", arity: -2, flags: "readonly", categories: "read set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N*M) for N members of the first of M sets", syntax: "SDIFF key [key ...]",
	summary: "Returns the members of the first set that none of the others has.", differs: differsCombine, parse: parseCombine(command.Difference),
}

var rowSInterStore = row{
	name: "sinterstore", arity: -3, flags: "write denyoom", categories: "write set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N*M) for N members of the smallest of M sets", syntax: "SINTERSTORE destination key [key ...]",
	summary: "Stores what SINTER returns, and returns how many members that is.", differs: differsStore, parse: parseStore(command.Intersection),
}

var rowSUnionStore = row{
	name: "sunionstore", arity: -3, flags: "write denyoom", categories: "write set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N) for N members of all sets", syntax: "SUNIONSTORE destination key [key ...]",
	summary: "Stores what SUNION returns, and returns how many members that is.", differs: differsStore, parse: parseStore(command.Union),
}

var rowSDiffStore = row{
	name: "sdiffstore", arity: -3, flags: "write denyoom", categories: "write set", first: 1, last: -1, step: 1,
	group: "set", since: "1.0.0", complexity: "O(N*M) for N members of the first of M sets", syntax: "SDIFFSTORE destination key [key ...]",
	summary: "Stores what SDIFF returns, and returns how many members that is.", differs: differsStore, parse: parseStore(command.Difference),
}

type parser = func(args [][]byte, l *server.Limits) (operation, error)

func parseCombine(as command.Combination) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SCombine{As: as, List: args}, replyMemberSet}, nil
	}
}

func parseStore(as command.Combination) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		return operation{command.SCombineStore{As: as, Into: args[0], List: args[1:]}, replyInt}, nil
	}
}

// replyMemberSet writes a set.
func replyMemberSet(w *resp.Writer, r keyspace.Reply) {
	w.Set(len(r.List))
	for _, m := range r.List {
		w.Bulk(m)
	}
}
