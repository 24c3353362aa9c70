package respserver

import (
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/xtrim/

const differsTrim = "It deletes what this node has seen: entries that other regions add meanwhile stay. `~` lets entries go a hundred at a time, or all that are left."

var rowXTrim = row{
	name: "xtrim", arity: -4, flags: "write", categories: "write stream", first: 1, last: 1, step: 1,
	group: "stream", since: "5.0.0", complexity: "O(N) for N entries that go", syntax: "XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]",
	summary: "Deletes the oldest entries of a stream.", differs: differsTrim, parse: parseXTrim,
}

func parseXTrim(args [][]byte, _ *server.Limits) (operation, error) {
	cmd := command.XTrim{Key: args[0]}
	var t trimming
	for rest := args[1:]; len(rest) > 0; {
		used, err := t.option(rest)
		if err == nil && used == 0 {
			err = errSyntax
		}
		if err != nil {
			return operation{}, err
		}
		rest = rest[used:]
	}
	var err error
	if cmd.Trim, err = t.whole(); err == nil && cmd.Trim.By == command.NoTrim {
		err = refusal("ERR syntax error, XTRIM must be called with a trimming strategy")
	}
	return parsed(operation{cmd, replyInt}, err)
}

// trimming reads how a stream is to be trimmed. The errors and their order are those of Redis.
type trimming struct {
	command.Trim
	limited bool
}

// trimLimit is how many entries go at most where the length need not be exact and LIMIT does not say.
const trimLimit = 10_000

// option reads the option that arguments begin with, and tells how many they are; 0 where it is none of trimming.
func (t *trimming) option(args [][]byte) (used int, err error) {
	switch {
	case len(args) < 2:
		return 0, nil
	case is(args[0], "MAXLEN"):
		used, err = t.threshold(args, command.ByLength)
		if err != nil {
			return used, err
		}
		if t.MaxLen, err = integer(args[used-1]); err == nil && t.MaxLen < 0 {
			err = refusal("ERR The MAXLEN argument must be >= 0.")
		}
	case is(args[0], "MINID"):
		used, err = t.threshold(args, command.ByID)
		if err != nil {
			return used, err
		}
		t.MinID, err = streamID(args[used-1], 0)
	case is(args[0], "LIMIT"):
		used, t.limited = 2, true
		if t.Limit, err = integer(args[1]); err == nil && t.Limit < 0 {
			err = refusal("ERR The LIMIT argument must be >= 0.")
		}
	}
	return used, err
}

// threshold finds the last argument of MAXLEN or MINID.
func (t *trimming) threshold(args [][]byte, by command.TrimBy) (used int, err error) {
	if t.By != command.NoTrim {
		return 0, refusal("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
	}
	t.By, t.About = by, false
	if sign := string(args[1]); len(args) > 2 && (sign == "~" || sign == "=") {
		t.About = sign == "~"
		return 3, nil
	}
	return 2, nil
}

// whole returns what was read, unless it does not fit together.
func (t *trimming) whole() (command.Trim, error) {
	switch {
	case t.Limit != 0 && t.By == command.NoTrim:
		return t.Trim, refusal("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
	case t.limited && t.By != command.NoTrim && !t.About:
		return t.Trim, refusal("ERR syntax error, LIMIT cannot be used without the special ~ option")
	case t.About && !t.limited:
		t.Limit = trimLimit
	}
	return t.Trim, nil
}
