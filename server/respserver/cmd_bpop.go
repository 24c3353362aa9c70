package respserver

import (
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/blpop/, and likewise brpop, blmpop, blmove, brpoplpush, bzpopmin, bzpopmax and
// bzmpop.

const (
	differsWaits = " It waits for what this region writes, and for what arrives from others."

	waitsList = "write noscript blocking"
	waitsZSet = "write noscript fast blocking"
)

var rowBLPop = row{
	name: "blpop", arity: -3, flags: waitsList, categories: "write list blocking", first: 1, last: -2, step: 1,
	group: "list", since: "2.0.0", complexity: "O(N) for N keys", syntax: "BLPOP key [key ...] timeout",
	summary: "Takes the front element of the first list that has some, or waits for one.",
	differs: differsTake + differsWaits, parse: parseBPop(keyspace.Front),
}

var rowBRPop = row{
	name: "brpop", arity: -3, flags: waitsList, categories: "write list blocking", first: 1, last: -2, step: 1,
	group: "list", since: "2.0.0", complexity: "O(N) for N keys", syntax: "BRPOP key [key ...] timeout",
	summary: "Takes the back element of the first list that has some, or waits for one.",
	differs: differsTake + differsWaits, parse: parseBPop(keyspace.Back),
}

var rowBLMPop = row{
	name: "blmpop", arity: -5, flags: "write blocking movablekeys", categories: "write list blocking", counted: 2,
	group: "list", since: "7.0.0", complexity: "O(N+M) for N keys and M elements returned",
	syntax:  "BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]",
	summary: "Is LMPOP that waits where there is nothing.", differs: differsTake + differsWaits,
	parse: parseBMPop(parseLMPop),
}

var rowBLMove = row{
	name: "blmove", arity: 6, flags: "write denyoom noscript blocking", categories: "write list blocking", first: 1, last: 2, step: 1,
	group: "list", since: "6.2.0", complexity: "O(1)", syntax: "BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout",
	summary: "Is LMOVE that waits where there is nothing.", differs: differsMove + differsWaits,
	parse: parseBMove(&rowLMove),
}

var rowBRPopLPush = row{
	name: "brpoplpush", arity: 4, flags: "write denyoom noscript blocking", categories: "write list blocking", first: 1, last: 2, step: 1,
	group: "list", since: "2.2.0", complexity: "O(1)", syntax: "BRPOPLPUSH source destination timeout",
	summary: "Is BLMOVE source destination RIGHT LEFT timeout.", differs: differsMove + differsWaits,
	parse: parseBMove(&rowRPopLPush),
}

var rowBZPopMin = row{
	name: "bzpopmin", arity: -3, flags: waitsZSet, categories: "write sortedset blocking", first: 1, last: -2, step: 1,
	group: "sorted-set", since: "5.0.0", complexity: "O(log(N))", syntax: "BZPOPMIN key [key ...] timeout",
	summary: "Takes the member with the least score of the first sorted set that has some, or waits for one.",
	differs: differsPop + differsWaits, parse: parseBZPop(false),
}

var rowBZPopMax = row{
	name: "bzpopmax", arity: -3, flags: waitsZSet, categories: "write sortedset blocking", first: 1, last: -2, step: 1,
	group: "sorted-set", since: "5.0.0", complexity: "O(log(N))", syntax: "BZPOPMAX key [key ...] timeout",
	summary: "Takes the member with the greatest score of the first sorted set that has some, or waits for one.",
	differs: differsPop + differsWaits, parse: parseBZPop(true),
}

var rowBZMPop = row{
	name: "bzmpop", arity: -5, flags: "write blocking movablekeys", categories: "write sortedset blocking", counted: 2,
	group: "sorted-set", since: "7.0.0", complexity: "O(K)+O(M*log(N)) for K keys and M of N members removed",
	syntax:  "BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]",
	summary: "Is ZMPOP that waits where there is nothing.", differs: differsPop + differsWaits,
	parse: parseBMPop(parseMPop),
}

func parseBPop(from keyspace.End) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		keys := args[:len(args)-1]
		timeout, err := timeoutOf(args[len(args)-1])
		cmd := waitingFor(command.LMPop{Lists: keys, From: from, Count: 1})
		cmd.timeout = timeout
		return parsed(operation{cmd, replyTakenFrom}, err)
	}
}

// replyTakenFrom writes a key and the element that was taken from it.
func replyTakenFrom(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.NullArray()
		return
	}
	w.Array(2)
	w.Bulk(r.Value)
	w.Bulk(r.List[0])
}

func parseBZPop(greatest bool) parser {
	return func(args [][]byte, _ *server.Limits) (operation, error) {
		keys := args[:len(args)-1]
		timeout, err := timeoutOf(args[len(args)-1])
		cmd := waitingFor(command.ZPop{List: keys, Max: greatest, Count: 1})
		cmd.timeout = timeout
		return parsed(operation{cmd, replyScoredFrom}, err)
	}
}

// replyScoredFrom writes a key, and the member that was taken from it with its score.
func replyScoredFrom(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.NullArray()
		return
	}
	w.Array(3)
	w.Bulk(r.Value)
	w.Bulk(r.List[0])
	w.Double(r.Scores[0])
}

// parseBMPop reads a timeout, and what the command that does not wait reads.
func parseBMPop(inner parser) parser {
	return func(args [][]byte, l *server.Limits) (operation, error) {
		timeout, err := timeoutOf(args[0])
		if err != nil {
			return operation{}, err
		}
		return waits(inner, args[1:], l, timeout, nil)
	}
}

// parseBMove reads what the command that does not wait reads, and a timeout.
func parseBMove(inner *row) parser {
	return func(args [][]byte, l *server.Limits) (operation, error) {
		timeout, err := timeoutOf(args[len(args)-1])
		return waits(inner.parse, args[:len(args)-1], l, timeout, err)
	}
}

// waits makes an operation one that waits; late is an error that counts after those of the operation.
func waits(inner parser, args [][]byte, l *server.Limits, timeout time.Duration, late error) (operation, error) {
	op, err := inner(args, l)
	if err == nil {
		err = late
	}
	if err != nil {
		return operation{}, err
	}
	cmd := waitingFor(op.cmd)
	cmd.timeout = timeout
	return operation{cmd, op.reply}, nil
}

// waitingFor tells what a command waits for, and how it is done for one key.
func waitingFor(cmd keyspace.Command) waiting {
	w := server.WaitingFor(cmd)
	return waiting{Command: w.Command, keys: w.For, of: w.Of, at: w.At, shared: w.Shared, nothing: w.Nothing}
}
