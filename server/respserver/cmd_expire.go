package respserver

import (
	"math"
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// See https://redis.io/commands/expire/ and those beside it.

const (
	differsExpire = "Of deadlines that regions set concurrently the longer counts. A concurrent `SET` shows with its own."

	errExpireNX refusal = "ERR NX and XX, GT or LT options at the same time are not compatible"
	errExpireGT refusal = "ERR GT and LT options at the same time are not compatible"
)

var (
	rowExpire    = expireRow("expire", "1.0.0", "seconds", "Lets a key end after some seconds.", lifetimeOption{command.EndsIn, 1000})
	rowPExpire   = expireRow("pexpire", "2.6.0", "milliseconds", "Lets a key end after some milliseconds.", lifetimeOption{command.EndsIn, 1})
	rowExpireAt  = expireRow("expireat", "1.2.0", "unix-time-seconds", "Lets a key end at a time in Unix seconds.", lifetimeOption{command.EndsAt, 1000})
	rowPExpireAt = expireRow("pexpireat", "2.6.0", "unix-time-milliseconds", "Lets a key end at a time in Unix milliseconds.", lifetimeOption{command.EndsAt, 1})
)

func expireRow(name, since, unit, summary string, o lifetimeOption) row {
	return row{
		name: name, arity: -3, flags: "write fast", categories: "keyspace write", first: 1, last: 1, step: 1,
		group: "generic", since: since, complexity: "O(1)", syntax: strings.ToUpper(name) + " key " + unit + " [NX | XX | GT | LT]",
		summary: summary, differs: differsExpire,
		parse: func(args [][]byte, _ *server.Limits) (operation, error) {
			condition, err := readExpireIf(args[2:])
			if err != nil {
				return operation{}, err
			}
			n, err := integer(args[1])
			if err != nil {
				return operation{}, err
			}
			if n > math.MaxInt64/o.unit || n < math.MinInt64/o.unit {
				return operation{}, &command.LifetimeError{Of: name}
			}
			life := command.Lifetime{As: o.as, Millis: n * o.unit, Of: name}
			return operation{command.Expire{Key: args[0], Life: life, If: condition}, replyInt}, nil
		},
	}
}

func readExpireIf(args [][]byte) (c command.ExpireIf, err error) {
	for _, arg := range args {
		switch {
		case is(arg, "NX"):
			c.Without = true
		case is(arg, "XX"):
			c.With = true
		case is(arg, "GT"):
			c.Later = true
		case is(arg, "LT"):
			c.Sooner = true
		default:
			return c, refusef("ERR Unsupported option %s", echo(arg))
		}
	}
	switch {
	case c.Without && (c.With || c.Later || c.Sooner):
		return c, errExpireNX
	case c.Later && c.Sooner:
		return c, errExpireGT
	default:
		return c, nil
	}
}
