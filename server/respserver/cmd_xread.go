package respserver

import (
	"math"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xread/

var rowXRead = row{
	name: "xread", arity: -4, flags: "readonly blocking movablekeys", categories: "read stream blocking", behind: "STREAMS",
	group: "stream", since: "5.0.0", complexity: "O(N) for N entries returned", syntax: "XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
	summary: "Returns the entries of streams that follow an id each, or waits for some.",
	differs: "It waits for what this region writes, and for what arrives from others. What arrives may have a lesser id than what was read before: read a little behind the last id, or again after a time.",
	parse:   parseXRead,
}

func parseXRead(args [][]byte, _ *server.Limits) (operation, error) {
	var cmd command.XRead
	timeout := time.Duration(-1)
	for rest := args; len(rest) > 0; {
		var err error
		used := 2
		switch word := rest[0]; {
		case is(word, "BLOCK") && len(rest) > 1:
			timeout, err = millisOf(rest[1])
		case is(word, "COUNT") && len(rest) > 1:
			cmd.Limit, err = integer(rest[1])
			cmd.Limit = max(0, cmd.Limit)
		case is(word, "STREAMS") && len(rest) > 1:
			if cmd.Streams, err = readFrom(rest[1:]); err == nil {
				return readOrWait(cmd, timeout), nil
			}
		case is(word, "GROUP") && len(rest) > 2:
			err = refusal("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
		case is(word, "NOACK"):
			err = refusal("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
		default:
			err = errSyntax
		}
		if err != nil {
			return operation{}, err
		}
		rest = rest[used:]
	}
	return operation{}, errSyntax
}

// readFrom reads keys, and as many ids.
func readFrom(args [][]byte) (list []command.ReadFrom, err error) {
	n := len(args) / 2
	if len(args)%2 != 0 {
		return nil, refusal("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
	}
	for i, key := range args[:n] {
		s := command.ReadFrom{Key: key}
		switch id := args[n+i]; string(id) {
		case "$":
			s.Last = true
		case ">":
			s.Bad = refusal("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
		default:
			s.After, s.Bad = streamID(id, 0)
		}
		list = append(list, s)
	}
	return list, nil
}

// readOrWait is an operation that waits if there is a timeout.
func readOrWait(cmd command.XRead, timeout time.Duration) operation {
	if timeout < 0 {
		return operation{cmd, replyStreams}
	}
	w := waitingFor(cmd)
	w.timeout = timeout
	return operation{w, replyStreams}
}

// millisOf reads a number of milliseconds to wait.
func millisOf(arg []byte) (time.Duration, error) {
	n, err := integer(arg)
	switch {
	case err != nil:
		return 0, refusal("ERR timeout is not an integer or out of range")
	case n < 0:
		return 0, refusal("ERR timeout is negative")
	case n >= math.MaxInt64/int64(time.Millisecond):
		return 0, nil // three hundred years
	}
	return time.Duration(n) * time.Millisecond, nil
}

// replyStreams writes the entries of each stream: a map in version 3.
func replyStreams(w *resp.Writer, r keyspace.Reply) { writeStreams(w, r, writeEntries) }

func writeStreams(w *resp.Writer, r keyspace.Reply, write func(*resp.Writer, []keyspace.Entry)) {
	if !r.Found {
		w.NullArray()
		return
	}
	if w.Version == 3 {
		w.Map(len(r.Replies))
	} else {
		w.Array(len(r.Replies))
	}
	for _, s := range r.Replies {
		if w.Version != 3 {
			w.Array(2)
		}
		w.Bulk(s.Value)
		write(w, s.Entries)
	}
}
