package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/sort/ and https://redis.io/commands/sort_ro/

const (
	syntaxSort     = " key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA]"
	complexitySort = "O(N+M*log(M)) for N elements of the key and M that are returned"
	differsSort    = "ALPHA compares bytes, whatever the locale, and a set that is not sorted comes in byte order. More than 1,048,576 elements, as many values of GET, or 64 MiB of both, are refused."
)

var rowSort = row{
	name: "sort", arity: -2, flags: "write denyoom movablekeys", categories: "write set sortedset list dangerous", first: 1, last: 1, step: 1, into: "STORE",
	group: "generic", since: "1.0.0", complexity: complexitySort, syntax: "SORT" + syntaxSort + " [STORE destination]",
	summary: "Returns the elements of a list, a set or a sorted set in order, or stores them.",
	differs: differsSort + " What is stored is made of what this region sees, as one update of at most 8 MiB; what other regions concurrently push to the destination survives.",
	parse:   parseSort(true),
}

var rowSortRO = row{
	name: "sort_ro", arity: -2, flags: "readonly movablekeys", categories: "read set sortedset list dangerous", first: 1, last: 1, step: 1,
	group: "generic", since: "7.0.0", complexity: complexitySort, syntax: "SORT_RO" + syntaxSort,
	summary: "Returns the elements of a list, a set or a sorted set in order.", differs: differsSort, parse: parseSort(false),
}

func parseSort(store bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.Sort{Key: args[0], Count: -1}
		for rest := args[1:]; len(rest) > 0; {
			n, err := readSortOption(&cmd, rest[0], rest[1:], store)
			if err != nil {
				return operation{}, err
			}
			rest = rest[1+n:]
		}
		if cmd.Into != nil {
			return operation{cmd, replyInt}, nil
		}
		return operation{cmd, replyStrings}, nil
	}
}

// readSortOption reads an option, and returns how many of the arguments behind it are its.
func readSortOption(cmd *command.Sort, word []byte, rest [][]byte, store bool) (n int, err error) {
	switch {
	case is(word, "ASC"), is(word, "DESC"):
		cmd.Reverse = is(word, "DESC")
	case is(word, "ALPHA"):
		cmd.Alpha = true
	case is(word, "LIMIT") && len(rest) > 1:
		if cmd.Offset, err = integer(rest[0]); err == nil {
			cmd.Count, err = integer(rest[1])
		}
		n = 2
	case is(word, "STORE") && store && len(rest) > 0:
		cmd.Into, n = rest[0], 1
	case is(word, "BY") && len(rest) > 0:
		cmd.By, n = rest[0], 1
	case is(word, "GET") && len(rest) > 0:
		cmd.Get, n = append(cmd.Get, rest[0]), 1
	default:
		err = errSyntax
	}
	return n, err
}
