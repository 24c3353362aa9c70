package respserver

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// refusal is an error in the words of the Redis protocol: a code, then the text.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

// Refusal implements server.Refusal: the text alone, for clients of other protocols.
func (r refusal) Refusal() string { return strings.TrimPrefix(string(r), "ERR ") }

const (
	errSyntax     refusal = "ERR syntax error"
	errNotInteger refusal = "ERR value is not an integer or out of range"
	errNoAuth     refusal = "NOAUTH Authentication required."
	errWrongPass  refusal = "WRONGPASS invalid username-password pair or user is disabled."
	errAborted    refusal = "EXECABORT Transaction discarded because of previous errors."
	errNotInMulti refusal = "ERR Command not allowed inside a transaction"
	errNoMemory   refusal = "OOM the node has no memory for so much at a time; send less, or try again later"
)

func refusef(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// textOf words any error for the client.
func textOf(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return string(r)
	}
	var large *keyspace.TooLargeError
	if errors.As(err, &large) && large.What == command.StringBytes {
		return "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	}
	var life *command.LifetimeError
	if errors.As(err, &life) {
		return "ERR " + life.Error()
	}
	for _, plain := range plainErrors {
		if errors.Is(err, plain.err) {
			return plain.text
		}
	}
	return server.Explain(err).RESP()
}

// plainErrors are those of commands that are worded as in Redis, and no other way.
var plainErrors = []struct {
	err  error
	text string
}{
	{command.ErrFieldNotInteger, "ERR hash value is not an integer"},
	{command.ErrNotFloat, string(errNotFloat)},
	{command.ErrFieldNotFloat, "ERR hash value is not a float"},
	{command.ErrWeight, "ERR One or more scores can't be converted into double"},
	{command.ErrInfinite, string(errInfinite)},
	{command.ErrNotScore, "ERR resulting score is not a number (NaN)"},
	{command.ErrNotSketch, "WRONGTYPE Key is not a valid HyperLogLog string value."},
	{command.ErrStreamID, "ERR Invalid stream ID specified as stream command argument"},
	{command.ErrLowID, "ERR The ID specified in XADD is equal or smaller than the target stream top item"},
	{command.ErrNoIDLeft, "ERR The stream has exhausted the last possible ID, unable to add more items"},
	{command.ErrIDTop, "ERR The ID specified in XSETID is smaller than the target stream top item"},
	{command.ErrFewAdded, "ERR The entries_added specified in XSETID is smaller than the target stream length"},
	{command.ErrGroupExists, "BUSYGROUP Consumer Group name already exists"},
	{command.ErrNoKey, "ERR no such key"},
	{command.ErrSameKey, "ERR source and destination objects are the same"},
	{command.ErrIndex, "ERR index out of range"},
	{command.ErrNoPlace, "ERR could not decode requested zset member"},
	{crdt.ErrTooDeep, "ERR no room is left between these elements: too much was inserted there, alternating sides; write the list anew"},
}

// codeOf is the same for metrics: a bounded set of codes.
func codeOf(err error) *server.Error {
	if err == nil {
		return nil // without what follows, which allocates
	}
	var r refusal
	if errors.As(err, &r) {
		return server.Errorf(server.CodeInvalid, "%s", string(r))
	}
	return server.Explain(err)
}

// echoBytes bounds what an error repeats of a client's input.
const echoBytes = 128

// echo is the part of an argument that errors repeat: up to a zero byte, as in Redis.
func echo(b []byte) string { return upTo(b, echoBytes) }

func upTo(b []byte, n int) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b[:min(len(b), n)])
}

func errUnknown(args [][]byte) error {
	var rest strings.Builder
	for _, arg := range args[1:] {
		if rest.Len() >= echoBytes {
			break
		}
		fmt.Fprintf(&rest, "'%s' ", upTo(arg, echoBytes-rest.Len()))
	}
	return refusef("ERR unknown command '%s', with args beginning with: %s", echo(args[0]), rest.String())
}

func errUnknownSub(r *row, name []byte) error {
	return refusef("ERR unknown subcommand '%s'. Try %s HELP.", echo(name), strings.ToUpper(r.name))
}

// errSubSyntax is for a subcommand that Redis finds wrong only when it runs.
func errSubSyntax(args [][]byte) error {
	return refusef("ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.", echo(args[1]), strings.ToUpper(echo(args[0])))
}

// errNoExec is for an EXEC that does not run; the transaction is discarded.
func errNoExec(why error) error {
	return refusef("EXECABORT Transaction discarded because of: %s", strings.TrimPrefix(textOf(why), "ERR "))
}

func errArity(r *row) error { return refusef("ERR wrong number of arguments for '%s' command", r.name) }
