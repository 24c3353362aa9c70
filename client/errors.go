package client

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// What errors.Is finds in the errors of this package.
var (
	// ErrNotFound: there is no such value, member, field or key.
	ErrNotFound = errors.New("not found")
	// ErrWrongType: the key holds another type than the operation needs.
	ErrWrongType = errors.New("wrong type")
	// ErrNotInteger: the string under the key is not a 64-bit integer.
	ErrNotInteger = errors.New("not an integer")
	// ErrOverflow: the counter would leave the 64-bit range.
	ErrOverflow = errors.New("overflow")
	// ErrTooLarge: a key, value, member or transaction is above the node's limit.
	ErrTooLarge = errors.New("too large")
	// ErrUnavailable: no endpoint could be reached in time, or the node takes no requests
	// or no writes now. The operation did not happen.
	ErrUnavailable = errors.New("unavailable")
	// ErrInvalid: the request makes no sense, as with an empty key.
	ErrInvalid = errors.New("invalid request")
	// ErrUnknown: the connection was lost, or time ran out, after a write was sent, or its
	// results are too large to be returned. It may have happened or not.
	ErrUnknown = errors.New("outcome unknown")
	// ErrGroupExists: the stream has a group of this name.
	ErrGroupExists = errors.New("group exists")
	// ErrNoRights: the node may not take so much of a bounded counter. Nothing was taken; other nodes were
	// asked for rights.
	ErrNoRights = errors.New("no rights")
	// ErrStale: the node lacks what the session has seen. The operation did not happen.
	ErrStale = errors.New("stale")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("client is closed")
)

// Codes that this package gives itself, beside those of the server.
const (
	codeUnavailable = "UNAVAILABLE"
	codeUnknown     = "UNKNOWN"
	codeTimeout     = "TIMEOUT"
	codeCanceled    = "CANCELED"
	codeNotFound    = "NOTFOUND"
	codeInvalid     = "INVALID"
	codeDraining    = "DRAINING"
	codeInternal    = "INTERNAL"
	codeReplySize   = "REPLYSIZE"
)

// sentinels maps codes to what errors.Is matches.
var sentinels = map[string]error{
	codeNotFound:    ErrNotFound,
	"WRONGTYPE":     ErrWrongType,
	"NOTINT":        ErrNotInteger,
	"NOKEY":         ErrNotFound,
	"OVERFLOW":      ErrOverflow,
	"TOOLARGE":      ErrTooLarge,
	codeReplySize:   ErrTooLarge,
	codeInvalid:     ErrInvalid,
	"CURSOR":        ErrInvalid,
	"NONAMESPACE":   ErrInvalid,
	codeUnavailable: ErrUnavailable,
	codeDraining:    ErrUnavailable,
	"LOADING":       ErrUnavailable,
	"CLOCK":         ErrUnavailable,
	"CLONED":        ErrUnavailable,
	"DISKFULL":      ErrUnavailable,
	"OOM":           ErrUnavailable,
	"BUSY":          ErrUnavailable,
	"OVERLOAD":      ErrUnavailable,
	"CONNECTIONS":   ErrUnavailable,
	"REMOVED":       ErrUnavailable,
	"SUPERSEDED":    ErrUnavailable,
	"STALE":         ErrStale,
	"NORIGHTS":      ErrNoRights,
	"NOGROUP":       ErrNotFound,
	"BUSYGROUP":     ErrGroupExists,
	codeUnknown:     ErrUnknown,
	"UNTOLD":        ErrUnknown,
}

// Error is an error of a node or of the connection to it.
type Error struct {
	// Code is stable, in upper case: WRONGTYPE, TOOLARGE, UNAVAILABLE, UNKNOWN and so on.
	Code string
	// Message says what happened, in one line.
	Message string
	// Hint says what to do next; it may be empty.
	Hint string
	// Retryable tells that the same call may succeed later without a change.
	Retryable bool
	// cause is beside it for errors.Is: a context error or what broke the connection.
	cause error
}

// Error returns the code, the message and, in parentheses, the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Code + ": " + e.Message
	}
	return fmt.Sprintf("%s: %s (%s)", e.Code, e.Message, e.Hint)
}

// Is matches the Err variable of the code.
func (e *Error) Is(target error) bool {
	sentinel, ok := sentinels[e.Code]
	return ok && sentinel == target
}

// Unwrap returns the cause: a context error, if that is what ended the call.
func (e *Error) Unwrap() error { return e.cause }

func errorOf(d *pb.ErrorDetail) *Error {
	return &Error{Code: d.GetCode(), Message: d.GetMessage(), Hint: d.GetHint(), Retryable: d.GetRetryable()}
}

// fromStatus turns the status of a broken stream or of an admin call into an error.
func fromStatus(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	st := status.Convert(err)
	for _, d := range st.Details() {
		if detail, ok := d.(*pb.ErrorDetail); ok {
			e := errorOf(detail)
			e.cause = err
			return e
		}
	}
	switch st.Code() {
	case codes.Unavailable, codes.Unknown:
		return &Error{Code: codeUnavailable, Message: st.Message(), Retryable: true, cause: err}
	case codes.InvalidArgument:
		return &Error{Code: codeInvalid, Message: st.Message(), cause: err}
	case codes.ResourceExhausted:
		return &Error{Code: "TOOLARGE", Message: st.Message(), cause: err}
	case codes.DeadlineExceeded:
		return &Error{Code: codeTimeout, Message: st.Message(), cause: err}
	case codes.Canceled:
		return &Error{Code: codeCanceled, Message: st.Message(), cause: err}
	default:
		return &Error{Code: codeInternal, Message: st.Message(), cause: err}
	}
}

// unknown says that a write may have happened.
func unknown(why string, cause error) *Error {
	return &Error{
		Code: codeUnknown, Message: "the write may have happened or not: " + why,
		Hint: "read before repeating it", cause: cause,
	}
}

// fromContext explains a call that its context ended before anything was sent.
func fromContext(err error, connection error) *Error {
	if connection != nil {
		return &Error{Code: codeUnavailable, Message: connection.Error(), Hint: hintReach, Retryable: true, cause: err}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: codeTimeout, Message: "deadline exceeded", Retryable: true, cause: err}
	}
	return &Error{Code: codeCanceled, Message: "canceled", cause: err}
}

const hintReach = "is a node running? try: atoll dev"
