package server

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
)

// Code names an error for programs. Codes are stable.
type Code string

// The codes that clients see.
const (
	CodeWrongType   Code = "WRONGTYPE"
	CodeNotInteger  Code = "NOTINT"
	CodeOverflow    Code = "OVERFLOW"
	CodeTooLarge    Code = "TOOLARGE"
	CodeInvalid     Code = "INVALID"
	CodeCursor      Code = "CURSOR"
	CodeNoNamespace Code = "NONAMESPACE"
	CodeClock       Code = "CLOCK"
	CodeDraining    Code = "DRAINING"
	CodeTimeout     Code = "TIMEOUT"
	CodeCanceled    Code = "CANCELED"
	CodeStore       Code = "STORE"
	CodeDamaged     Code = "DAMAGED"
	CodeDenied      Code = "DENIED"
	CodeInternal    Code = "INTERNAL"
)

// kind is what the table says of a code.
type kind struct {
	grpc      codes.Code
	hint      string
	retryable bool
}

// kinds is the error table. A code that is not in it does not exist.
var kinds = map[Code]kind{
	CodeWrongType:   {codes.FailedPrecondition, "the key holds another type; delete it first, or use another key", false},
	CodeNotInteger:  {codes.FailedPrecondition, "the string is no 64-bit integer; set it to one first", false},
	CodeOverflow:    {codes.OutOfRange, "a counter holds -9223372036854775808 to 9223372036854775807", false},
	CodeTooLarge:    {codes.InvalidArgument, "send less in one request, or raise the limit in the node's configuration", false},
	CodeInvalid:     {codes.InvalidArgument, "", false},
	CodeCursor:      {codes.InvalidArgument, "start again with an empty cursor", false},
	CodeNoNamespace: {codes.NotFound, `the namespace is "default"; leave it empty`, false},
	CodeClock:       {codes.FailedPrecondition, "this node's clock is off, so it takes no writes; repair its time service, or write to another node", true},
	CodeDraining:    {codes.Unavailable, "the node is stopping; use another one", true},
	CodeTimeout:     {codes.DeadlineExceeded, "a write may have been applied all the same; read before repeating it", false},
	CodeCanceled:    {codes.Canceled, "a write may have been applied all the same; read before repeating it", false},
	CodeStore:       {codes.Internal, "the node's disk failed and it is stopping; see its log. A write may have been applied all the same", false},
	CodeDamaged:     {codes.DataLoss, "the node's copy of this key is damaged and is not served; read it from another node", false},
	CodeDenied:      {codes.PermissionDenied, "", false},
	CodeInternal:    {codes.Internal, "this is a defect in Atoll; the node's log has more", false},
}

// causes maps the errors of the packages below to codes. The first match counts.
var causes = []struct {
	err  error
	code Code
}{
	{keyspace.ErrWrongType, CodeWrongType},
	{keyspace.ErrNotInteger, CodeNotInteger},
	{keyspace.ErrOverflow, CodeOverflow},
	{keyspace.ErrCursor, CodeCursor},
	{keyspace.ErrDamaged, CodeDamaged},
	{store.ErrDead, CodeStore},
	{keyspace.ErrClosed, CodeStore},
	{context.DeadlineExceeded, CodeTimeout},
	{context.Canceled, CodeCanceled},
}

// Error is what a client is told.
type Error struct {
	Code Code
	// Message says what, where and the limit, in one line.
	Message string
	// Hint says what to do next; it may be empty.
	Hint string
	// Retryable tells that the same request may succeed later without a change. A
	// request refused with it has done nothing.
	Retryable bool
	// GRPC is the status code for gRPC.
	GRPC codes.Code
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf makes an error of a code, with the hint that the table has for it.
func Errorf(code Code, format string, args ...any) *Error {
	k := kinds[code]
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Hint: k.hint, Retryable: k.retryable, GRPC: k.grpc}
}

// Explain finds what to tell a client of err. An error that nobody foresaw becomes
// INTERNAL without its text, which may hold what the client must not see.
func Explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var large *keyspace.TooLargeError
	if errors.As(err, &large) {
		return Errorf(CodeTooLarge, "%d %s, limit %d", large.Size, large.What, large.Limit)
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return Errorf(c.code, "%s", messageOf(c.code, c.err))
		}
	}
	return Errorf(CodeInternal, "internal error")
}

// texts replaces the wording of errors that mean little to a client.
var texts = map[Code]string{
	CodeStore:    "the store of this node has stopped",
	CodeDamaged:  "the key's data is damaged on this node",
	CodeTimeout:  "deadline exceeded",
	CodeCanceled: "canceled",
}

func messageOf(code Code, err error) string {
	if text, ok := texts[code]; ok {
		return text
	}
	return err.Error()
}
