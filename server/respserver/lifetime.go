package respserver

import (
	"math"
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
)

// lifetimeOption is an option of SET and GETEX that says when a key ends.
type lifetimeOption struct {
	as   command.LifetimeKind
	unit int64 // milliseconds
}

// lifetimeOptions are those that a time follows.
var lifetimeOptions = map[string]lifetimeOption{
	"EX": {command.EndsIn, 1000}, "PX": {command.EndsIn, 1},
	"EXAT": {command.EndsAt, 1000}, "PXAT": {command.EndsAt, 1},
}

// lifetimeArgs reads such options among others: which one there was, and the time that followed it.
type lifetimeArgs struct {
	option string // in upper case, also KEEPTTL and PERSIST; empty is none
	time   []byte
}

// take reads the option at the front of args, if it is one, and tells how many arguments it took. Redis lets
// an option stand twice, and no two different ones.
func (l *lifetimeArgs) take(args [][]byte, alone ...string) (n int) {
	name := strings.ToUpper(string(args[0]))
	if l.option != "" && l.option != name {
		return 0
	}
	for _, x := range alone {
		if name == x {
			l.option = name
			return 1
		}
	}
	if _, is := lifetimeOptions[name]; !is || len(args) < 2 {
		return 0
	}
	l.option, l.time = name, args[1]
	return 2
}

// lifetime returns what the options mean to a command; its Fault is what is wrong with the time.
func (l *lifetimeArgs) lifetime(of string) command.Lifetime {
	o, timed := lifetimeOptions[l.option]
	switch {
	case timed:
		return lifetimeOf(l.time, o, of)
	case l.option == "KEEPTTL":
		return command.Lifetime{As: command.EndsAsBefore}
	default:
		return command.Lifetime{}
	}
}

// lifetimeOf reads a time that must lie behind zero.
func lifetimeOf(arg []byte, o lifetimeOption, of string) command.Lifetime {
	n, err := integer(arg)
	switch {
	case err != nil:
		return command.Lifetime{Fault: &command.LifetimeError{NotInteger: true}}
	case n <= 0 || n > math.MaxInt64/o.unit:
		return command.Lifetime{Fault: &command.LifetimeError{Of: of}}
	default:
		return command.Lifetime{As: o.as, Millis: n * o.unit, Of: of}
	}
}
