package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server/resp"
)

// The forms of arguments and replies that the commands about deadlines of fields share.

const (
	errNoFields    refusal = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFieldsCount refusal = "ERR The `numfields` parameter must match the number of arguments"
	errFieldsNone  refusal = "ERR Number of fields must be a positive integer"
	// errFieldsZero is errFieldsNone of HEXPIRE and those beside it.
	errFieldsZero refusal = "ERR Parameter `numFields` should be greater than 0"
)

// namedFields reads FIELDS, a number, and as many fields; none is what is told of a number that is none.
func namedFields(args [][]byte, none error) ([][]byte, error) {
	if len(args) < 2 || !is(args[0], "FIELDS") {
		return nil, errNoFields
	}
	n, err := integer(args[1])
	switch {
	case err != nil || n < 1:
		return nil, none
	case n != int64(len(args)-2):
		return nil, errFieldsCount
	default:
		return args[2:], nil
	}
}

// fieldLifetime reads the time of a field's end.
func fieldLifetime(arg []byte, o lifetimeOption, of string) command.Lifetime {
	n, err := integer(arg)
	switch {
	case err != nil:
		return command.Lifetime{Fault: &command.LifetimeError{NotInteger: true}}
	case n < 0:
		return command.Lifetime{Fault: &command.LifetimeError{Negative: true}}
	case n > command.FieldEndMax/o.unit:
		return command.Lifetime{Fault: &command.LifetimeError{Of: of}}
	default:
		return command.Lifetime{As: o.as, Millis: n * o.unit, Of: of}
	}
}

// faultFirst is err, or what is wrong with a time that stands before what err is about.
func faultFirst(life command.Lifetime, err error) error {
	if life.Fault != nil {
		return life.Fault
	}
	return err
}

// replyInts writes numbers, one a field.
func replyInts(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Ints))
	for _, n := range r.Ints {
		w.Int(n)
	}
}

// replyIntsSeconds writes milliseconds as seconds, rounded up; what is negative is no time.
func replyIntsSeconds(w *resp.Writer, r keyspace.Reply) {
	w.Array(len(r.Ints))
	for _, n := range r.Ints {
		if n > 0 {
			n = (n + 999) / 1000
		}
		w.Int(n)
	}
}
