package respserver

import (
	"strings"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// Increments with an id: see keyspace/once.go.

const (
	flagsOnce   = "write denyoom"
	differsOnce = "Not in Redis. It takes INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY, and an id of 1 to 64 bytes, a fresh one for each operation, best 16 random ones. " +
		"An id is of one counter and one amount: another amount is refused. Refused within MULTI."
)

var rowOnce = row{
	name: "atoll.once", arity: -4, flags: flagsOnce, categories: "write", first: 3, last: 3, step: 1,
	group: "generic", since: "7.0.0", complexity: "That of the increment.", syntax: "ATOLL.ONCE id command key [argument ...]",
	summary: "Carries out an increment unless one with this id was carried out before.", alone: true,
	differs: differsOnce + " When its reply is lost send ATOLL.AGAIN, to any node.",
	parse:   func(args [][]byte, l *server.Limits) (operation, error) { return onceOf(args, l, false) },
}

var rowAgain = row{
	name: "atoll.again", arity: -4, flags: flagsOnce, categories: "write", first: 3, last: 3, step: 1,
	group: "generic", since: "7.0.0", complexity: "That of the increment.", syntax: "ATOLL.AGAIN id command key [argument ...]",
	summary: "Sends again what was sent by ATOLL.ONCE: it counts once, in whatever regions it is carried out.", alone: true,
	differs: differsOnce + " It must come within five minutes of the first time: what comes later may count twice. `UNTOLD` where the node cannot note it, or tell: then nobody knows whether it was done.",
	parse:   func(args [][]byte, l *server.Limits) (operation, error) { return onceOf(args, l, true) },
}

// onceOf makes an operation with an id of another one.
func onceOf(args [][]byte, l *server.Limits, retry bool) (operation, error) {
	id, name := args[0], strings.ToLower(string(args[1]))
	if len(id) == 0 || len(id) > crdt.OnceIDMax {
		return operation{}, refusef("ERR the id has %d bytes, it must have 1 to %d", len(id), crdt.OnceIDMax)
	}
	increment := table[name]
	if increment == nil || increment.parse == nil {
		return operation{}, errNoIncrement(name)
	}
	if !increment.takes(len(args) - 1) {
		return operation{}, errArity(increment)
	}
	op, err := increment.parse(args[2:], l)
	if err != nil {
		return operation{}, err
	}
	do, counts := op.cmd.(command.Counting)
	if !counts {
		return operation{}, errNoIncrement(name)
	}
	op.cmd = command.Once{ID: id, Retry: retry, Do: do}
	return op, nil
}

func errNoIncrement(name string) error {
	return refusef("ERR '%s' is no increment: of INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY alone nodes can tell that they were done before", echo([]byte(name)))
}
