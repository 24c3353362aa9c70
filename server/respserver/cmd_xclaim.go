package respserver

import (
	"math"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/resp"
)

// See https://redis.io/commands/xclaim/ and https://redis.io/commands/xautoclaim/

var rowXClaim = row{
	name: "xclaim", arity: -6, flags: "write fast", categories: "write stream", first: 1, last: 1, step: 1, group: "stream", since: "5.0.0",
	complexity: "O(log N) for N entries that are pending", syntax: "XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]",
	summary: "Gives entries that are pending to another consumer.", differs: differsGroups, parse: parseXClaim,
}

var rowXAutoClaim = row{
	name: "xautoclaim", arity: -6, flags: "write fast", categories: "write stream", first: 1, last: 1, step: 1, group: "stream", since: "6.2.0",
	complexity: "O(1) for each entry that is looked at", syntax: "XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]",
	summary: "Gives entries that have been pending for long to another consumer.", differs: differsGroups + " At most 10,000 are given at a time, whatever COUNT says.", parse: parseXAutoClaim,
}

// claimNumber reads an option's number, or gives the error that Redis has for it.
func claimNumber(arg []byte, bad refusal) (int64, error) {
	n, err := integer(arg)
	if err != nil {
		return 0, bad
	}
	return n, nil
}

func parseXClaim(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XClaim{GroupOf: groupOf(args[0], args[1]), Consumer: args[2], Idle: -1, Time: -1, Times: -1}
	reply := replyEntries
	cmd.Bad = claimOptions(&cmd, args[3:])
	if cmd.JustID {
		reply = replyIDs
	}
	return operation{cmd, reply}, nil
}

func replyIDs(w *resp.Writer, r keyspace.Reply) { writeIDs(w, r.Entries) }

// claimOptions reads what follows the consumer. Errors count only where there is the group.
func claimOptions(cmd *command.XClaim, args [][]byte) (err error) {
	if cmd.MinIdle, err = claimNumber(args[0], "ERR Invalid min-idle-time argument for XCLAIM"); err != nil {
		return err
	}
	rest := args[1:]
	for ; len(rest) > 0; rest = rest[1:] {
		id, err := streamID(rest[0], 0)
		if err != nil {
			break
		}
		cmd.IDs = append(cmd.IDs, id)
	}
	for len(rest) > 0 && err == nil {
		used := 2
		switch word, more := rest[0], len(rest) > 1; {
		case is(word, "FORCE"):
			cmd.Force, used = true, 1
		case is(word, "JUSTID"):
			cmd.JustID, used = true, 1
		case is(word, "IDLE") && more:
			cmd.Idle, err = claimNumber(rest[1], "ERR Invalid IDLE option argument for XCLAIM")
			cmd.Idle, cmd.Time = max(0, cmd.Idle), -1
		case is(word, "TIME") && more:
			cmd.Time, err = claimNumber(rest[1], "ERR Invalid TIME option argument for XCLAIM")
			if cmd.Idle = -1; cmd.Time < 0 {
				cmd.Time = math.MaxInt64
			}
		case is(word, "RETRYCOUNT") && more:
			cmd.Times, err = claimNumber(rest[1], "ERR Invalid RETRYCOUNT option argument for XCLAIM")
		case is(word, "LASTID") && more:
			cmd.Behind, err = streamID(rest[1], 0)
		default:
			err = refusef("ERR Unrecognized XCLAIM option '%s'", named(word))
		}
		rest = rest[min(used, len(rest)):]
	}
	return err
}

func parseXAutoClaim(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XAutoClaim{GroupOf: groupOf(args[0], args[1]), Consumer: args[2], Limit: 100}
	var err error
	if cmd.MinIdle, err = claimNumber(args[3], "ERR Invalid min-idle-time argument for XAUTOCLAIM"); err != nil {
		return operation{}, err
	}
	if cmd.From, _, err = rangeIDs(args[4], []byte("+")); err != nil {
		return operation{}, err
	}
	for rest := args[5:]; len(rest) > 0; {
		switch {
		case is(rest[0], "COUNT") && len(rest) > 1:
			if cmd.Limit, err = claimNumber(rest[1], errNotInteger); err != nil || cmd.Limit < 1 || cmd.Limit > math.MaxInt64/16 {
				return operation{}, refusal("ERR COUNT must be > 0")
			}
			rest = rest[2:]
		case is(rest[0], "JUSTID"):
			cmd.JustID, rest = true, rest[1:]
		default:
			return operation{}, errSyntax
		}
	}
	write := writeGiven
	if cmd.JustID {
		write = writeIDs
	}
	return operation{cmd, func(w *resp.Writer, r keyspace.Reply) {
		w.Array(3)
		w.Text(r.Next.String())
		write(w, r.Entries)
		w.Array(len(r.Pending))
		for _, p := range r.Pending {
			w.Text(p.ID.String())
		}
	}}, nil
}
