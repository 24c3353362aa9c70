package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/lpop/, and likewise rpop and lmpop.

const differsTake = "Two regions may both return the same element; it is gone once. A reply holds at most 64 MiB."

var rowLPop = row{
	name: "lpop", arity: -2, flags: "write fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for N elements returned", syntax: "LPOP key [count]",
	summary: "Takes elements from the front of a list and returns them.",
	differs: differsTake, parse: parseTake("lpop", keyspace.Front),
}

var rowRPop = row{
	name: "rpop", arity: -2, flags: "write fast", categories: "write list", first: 1, last: 1, step: 1,
	group: "list", since: "1.0.0", complexity: "O(N) for N elements returned", syntax: "RPOP key [count]",
	summary: "Takes elements from the back of a list and returns them.",
	differs: differsTake, parse: parseTake("rpop", keyspace.Back),
}

var rowLMPop = row{
	name: "lmpop", arity: -4, flags: "write movablekeys", categories: "write list", counted: 1,
	group: "list", since: "7.0.0", complexity: "O(N+M) for N keys and M elements returned",
	syntax:  "LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]",
	summary: "Takes elements from an end of the first list that exists.", differs: differsTake, parse: parseLMPop,
}

func parseTake(name string, from keyspace.End) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		cmd := command.Pop{Key: args[0], From: from, Count: 1}
		switch len(args) {
		case 1:
			return operation{cmd, replyOne}, nil
		case 2:
			var err error
			if cmd.Count, err = integer(args[1]); err != nil || cmd.Count < 0 {
				err = refusal("ERR value is out of range, must be positive")
			}
			return parsed(operation{cmd, replyTaken}, err)
		default:
			return operation{}, refusef("ERR wrong number of arguments for '%s' command", name)
		}
	}
}

// replyOne writes the one element that was taken, or null.
func replyOne(w *resp.Writer, r keyspace.Reply) {
	if len(r.List) == 0 {
		w.Null()
		return
	}
	w.Bulk(r.List[0])
}

// replyTaken writes the elements that were taken, or that there is no list.
func replyTaken(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.NullArray()
		return
	}
	replyBulks(w, r)
}

func parseLMPop(args [][]byte, _ *server.Limits) (operation, error) {
	n, err := integer(args[0])
	if err != nil || n < 1 {
		return operation{}, refusal("ERR numkeys should be greater than 0")
	}
	if n > int64(len(args)-2) {
		return operation{}, errSyntax
	}
	cmd := command.LMPop{Lists: args[1 : n+1], Count: 1}
	rest := args[n+1:]
	if cmd.From, err = listEnd(rest[0]); err != nil {
		return operation{}, err
	}
	switch rest = rest[1:]; {
	case len(rest) == 0:
		return operation{cmd, replyListPopped}, nil
	case len(rest) != 2 || !is(rest[0], "COUNT"):
		return operation{}, errSyntax
	}
	if cmd.Count, err = integer(rest[1]); err != nil || cmd.Count < 1 {
		return operation{}, refusal("ERR count should be greater than 0")
	}
	return operation{cmd, replyListPopped}, nil
}

// replyListPopped writes a key and what was taken from it.
func replyListPopped(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.NullArray()
		return
	}
	w.Array(2)
	w.Bulk(r.Value)
	replyBulks(w, r)
}

// listEnd reads LEFT or RIGHT.
func listEnd(word []byte) (keyspace.End, error) {
	switch {
	case is(word, "LEFT"):
		return keyspace.Front, nil
	case is(word, "RIGHT"):
		return keyspace.Back, nil
	default:
		return 0, errSyntax
	}
}
