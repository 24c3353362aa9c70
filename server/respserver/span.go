package respserver

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
)

const (
	errNotSpan    = refusal("ERR min or max is not a float")
	errNotLexSpan = refusal("ERR min or max not valid string range item")
)

// float reads a float64 as Redis does; it is not NaN.
func float(arg []byte) (float64, error) {
	f, ok := crdt.ParseFloat(arg)
	if !ok {
		return 0, errNotFloat
	}
	return f, nil
}

// readSpan reads where a span begins and ends, by its measure.
func readSpan(s *command.Span, first, last []byte) (err error) {
	switch s.By {
	case command.ByRank:
		if s.Start, err = integer(first); err == nil {
			s.Stop, err = integer(last)
		}
		return err
	case command.ByScore:
		s.Min, err = scoreBound(first)
		if err == nil {
			s.Max, err = scoreBound(last)
		}
		return err
	default:
		s.Min, err = lexBound(first)
		if err == nil {
			s.Max, err = lexBound(last)
		}
		return err
	}
}

// scoreBound reads a score, behind ( if it is not included. Nothing is 0, too much is
// infinite and spaces before it do not count, as the C library has it.
func scoreBound(arg []byte) (b command.Bound, err error) {
	if b.Open = len(arg) > 0 && arg[0] == '('; b.Open {
		arg = arg[1:]
	}
	if len(arg) == 0 {
		return b, nil
	}
	arg = bytes.TrimLeft(arg, " \t\n\v\f\r")
	var ok bool
	if b.Score, ok = crdt.ParseFloat(arg); ok {
		return b, nil
	}
	f, err := strconv.ParseFloat(string(arg), 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(f, 0) {
		b.Score = f
		return b, nil
	}
	return b, errNotSpan
}

// lexBound reads a name behind [ if it is included, behind ( if not; - and + are the ends.
func lexBound(arg []byte) (command.Bound, error) {
	switch {
	case string(arg) == "-":
		return command.Bound{End: -1}, nil
	case string(arg) == "+":
		return command.Bound{End: 1}, nil
	case len(arg) > 0 && (arg[0] == '[' || arg[0] == '('):
		return command.Bound{Member: arg[1:], Open: arg[0] == '('}, nil
	default:
		return command.Bound{}, errNotLexSpan
	}
}
