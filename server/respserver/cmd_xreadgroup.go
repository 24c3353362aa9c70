package respserver

import (
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xreadgroup/

var rowXReadGroup = row{
	name: "xreadgroup", arity: -7, flags: "write blocking movablekeys", categories: "write stream blocking", behind: "STREAMS", group: "stream", since: "5.0.0",
	complexity: "O(N) for N entries returned", syntax: "XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
	summary: "Gives a consumer entries of streams that were not delivered to its group, or those that it has.",
	differs: "Each region delivers by itself: an entry is given once in each region, but where another one has acknowledged it before. Two nodes of a region that give entries at the same time may give the same. What arrives with an id below what was given already is given, too. At most 10,000 entries, about 4 MiB, are given at a time: without COUNT, too, there may be more. What a consumer has is found by reading what all have, some 60 ms for 100,000 entries, for which writes of the node wait.",
	parse:   parseXReadGroup,
}

func parseXReadGroup(args [][]byte, _ *server.Limits) (operation, error) {
	var cmd command.XReadGroup
	var group []byte
	timeout, grouped := time.Duration(-1), false
	for rest := args; len(rest) > 0; {
		var err error
		used := 2
		switch word, more := rest[0], len(rest) > 1; {
		case is(word, "BLOCK") && more:
			timeout, err = millisOf(rest[1])
		case is(word, "COUNT") && more:
			cmd.Limit, err = integer(rest[1])
			cmd.Limit = max(0, cmd.Limit)
		case is(word, "GROUP") && len(rest) > 2:
			group, cmd.Consumer, grouped, used = rest[1], rest[2], true, 3
		case is(word, "NOACK"):
			cmd.NoAck, used = true, 1
		case is(word, "STREAMS") && more:
			if cmd.Streams, err = readAs(rest[1:], group); err == nil && !grouped {
				err = refusal("ERR Missing GROUP option for XREADGROUP")
			}
			if err == nil {
				return giveOrWait(cmd, timeout), nil
			}
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

// readAs reads keys, and as many ids.
func readAs(args [][]byte, group []byte) (list []command.ReadAs, err error) {
	n := len(args) / 2
	if len(args)%2 != 0 {
		return nil, refusal("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
	}
	for i, key := range args[:n] {
		s := command.ReadAs{GroupOf: groupOf(key, group)}
		s.NoGroup = refusef("NOGROUP No such key '%s' or consumer group '%s' in XREADGROUP with GROUP option", named(key), named(group))
		switch id := args[n+i]; string(id) {
		case "$":
			s.Bad = refusal("ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.")
		case ">":
			s.New = true
		default:
			s.After, s.Bad = streamID(id, 0)
		}
		list = append(list, s)
	}
	return list, nil
}

// Why a wait ends where what was waited for is no more.
const (
	errGroupGone  refusal = "NOGROUP the consumer group this client was blocked on no longer exists"
	errStreamGone refusal = "UNBLOCKED the stream key no longer exists"
)

// giveOrWait is an operation that waits if there is a timeout.
func giveOrWait(cmd command.XReadGroup, timeout time.Duration) operation {
	if timeout < 0 {
		return operation{cmd, replyGiven}
	}
	w := waiting{Command: cmd, keys: cmd.Keys(), of: crdt.TypeStream, shared: true, timeout: timeout, gone: errStreamGone}
	w.at = func(key []byte) keyspace.Command { return cmd.From(key, errGroupGone) }
	return operation{w, replyGiven}
}

// replyGiven writes the entries of each stream: a map in version 3.
func replyGiven(w *resp.Writer, r keyspace.Reply) { writeStreams(w, r, writeGiven) }
