package respserver

import (
	"math"
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/hrandfield/

var rowHRandField = row{
	name: "hrandfield", arity: -2, flags: "readonly", categories: "read hash", first: 1, last: 1, step: 1,
	group: "hash", since: "6.2.0", complexity: "O(N) for the fields of the hash", syntax: "HRANDFIELD key [count [WITHVALUES]]",
	summary: "Returns fields of a hash at random: different ones, or with repetitions where count is negative.",
	differs: "It reads up to the last field that it picks. Different fields come in byte order of their names. A reply holds at most 64 MiB.",
	parse: func(args [][]byte, l *server.Limits) (operation, error) {
		count, reply, err := pickArguments(args[1:], "WITHVALUES", l, replyNames, replyPicked)
		return parsed(operation{command.HRandField{Key: args[0], Count: count, Seed: rand.Uint64()}, reply}, err)
	},
}

// pickArguments reads what follows the key: [count [with]]. It returns which of the replies is wanted: that of one
// without a count.
func pickArguments(args [][]byte, with string, l *server.Limits, names, both func(*resp.Writer, keyspace.Reply)) (count int64, reply func(*resp.Writer, keyspace.Reply), err error) {
	if len(args) == 0 {
		return 1, replyFirst, nil
	}
	if count, err = pickCount(args[0], l); err != nil {
		return 0, nil, err
	}
	switch {
	case len(args) == 1:
		return count, names, nil
	case len(args) > 2 || !is(args[1], with):
		return 0, nil, errSyntax
	case count > math.MaxInt64/2:
		return 0, nil, refusal("ERR value is out of range")
	}
	return count, both, nil
}

// pickCount reads how many are to be picked; a negative number is with repetitions.
func pickCount(arg []byte, l *server.Limits) (int64, error) {
	n, err := integer(arg)
	switch {
	case err != nil:
		return 0, err
	case n == math.MinInt64:
		return 0, refusal("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	case n < -int64(l.Elements):
		return 0, refusef("ERR count too large: %d, limit %d", -n, l.Elements)
	}
	return n, nil
}

// replyFirst writes the first of a list, or null.
func replyFirst(w *resp.Writer, r keyspace.Reply) {
	if len(r.List) == 0 {
		w.Null()
		return
	}
	w.Bulk(r.List[0])
}

// replyNames writes the names of a list of names and values.
func replyNames(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.List) / 2)
	for i := 0; i < len(r.List); i += 2 {
		w.Bulk(r.List[i])
	}
}

// replyPicked writes names and values: in pairs in version 3, as a name may come twice.
func replyPicked(w *resp.Writer, r keyspace.Reply) {
	if w.Version != 3 {
		replyBulks(w, r)
		return
	}
	w.Array(len(r.List) / 2)
	for i := 0; i < len(r.List); i += 2 {
		w.Array(2)
		w.Bulk(r.List[i])
		w.Bulk(r.List[i+1])
	}
}
