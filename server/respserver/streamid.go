package respserver

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace/command"
)

// streamIDBytes is how long an id may be.
const streamIDBytes = 127

// streamID reads the id of an entry as Redis does; where it has a time only, the number is missing.
func streamID(arg []byte, missing uint64) (id crdt.StreamID, err error) {
	time, seq, two := bytes.Cut(arg, []byte("-"))
	ok := len(arg) <= streamIDBytes
	if id.Ms, err = unsigned(time); err != nil {
		ok = false
	}
	id.Seq = missing
	if two {
		id.Seq, err = unsigned(seq)
	}
	if err != nil || !ok {
		return crdt.StreamID{}, command.ErrStreamID
	}
	return id, nil
}

var errNotUnsigned = errors.New("not an unsigned integer")

// unsigned reads a number of 64 bits as strtoull of C does: with leading space, a plus sign and zeros.
func unsigned(arg []byte) (uint64, error) {
	digits := bytes.TrimPrefix(bytes.TrimLeft(arg, " \t\n\v\f\r"), []byte("+"))
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return 0, errNotUnsigned
	}
	return strconv.ParseUint(string(digits), 10, 64)
}

// rangeID reads an end of a range of ids, which may be - or +, or an id behind ( that is left out; next gives the id
// beside it.
func rangeID(arg []byte, missing uint64, next func(crdt.StreamID) (crdt.StreamID, bool), none refusal) (crdt.StreamID, error) {
	open := len(arg) > 1 && arg[0] == '('
	switch {
	case open:
		arg = arg[1:]
	case string(arg) == "-":
		return crdt.StreamID{}, nil
	case string(arg) == "+":
		return crdt.MaxStreamID, nil
	}
	id, err := streamID(arg, missing)
	if err != nil || !open {
		return id, err
	}
	id, ok := next(id)
	if !ok {
		return id, none
	}
	return id, nil
}

// rangeIDs reads both ends of a range of ids.
func rangeIDs(from, to []byte) (first, last crdt.StreamID, err error) {
	first, err = rangeID(from, 0, crdt.StreamID.Next, "ERR invalid start ID for the interval")
	if err == nil {
		last, err = rangeID(to, math.MaxUint64, crdt.StreamID.Prev, "ERR invalid end ID for the interval")
	}
	return first, last, err
}
