package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Exit codes of the command line; scripts depend on them.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitUnavailable = 4
	exitRefused     = 5
	exitInterrupted = 130
)

// failure is an error as users see it: what happened, and what to do next.
type failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	Retryable bool   `json:"retryable"`
	exit      int
}

func (f *failure) Error() string {
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + "; " + f.Hint
}

func usagef(format string, args ...any) *failure {
	return &failure{Code: "USAGE", Message: fmt.Sprintf(format, args...), exit: exitUsage}
}

func failf(code string, exit int, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...), exit: exit}
}

func (f *failure) hint(format string, args ...any) *failure {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}

// explain turns any error into a failure.
func explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var e *client.Error
	if errors.As(err, &e) {
		return &failure{Code: e.Code, Message: e.Message, Hint: e.Hint, Retryable: e.Retryable, exit: exitOf(e.Code)}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return failf("INTERRUPTED", exitInterrupted, "interrupted")
	case errors.Is(err, context.DeadlineExceeded):
		return timedOut()
	}
	if st, ok := status.FromError(err); ok {
		return explainStatus(st)
	}
	return failf("ERROR", exitError, "%v", err)
}

// explainStatus reads the error of a call that went to the Admin service directly.
func explainStatus(st *status.Status) *failure {
	for _, detail := range st.Details() {
		if d, ok := detail.(*pb.ErrorDetail); ok {
			return &failure{Code: d.GetCode(), Message: d.GetMessage(), Hint: d.GetHint(), Retryable: d.GetRetryable(), exit: exitOf(d.GetCode())}
		}
	}
	switch st.Code() {
	case codes.Canceled:
		return failf("INTERRUPTED", exitInterrupted, "interrupted")
	case codes.DeadlineExceeded:
		return timedOut()
	case codes.Unavailable:
		f := failf("UNAVAILABLE", exitUnavailable, "%s", st.Message()).hint("is the node running? try: atoll status")
		f.Retryable = true
		return f
	case codes.Unimplemented:
		return failf("UNIMPLEMENTED", exitRefused, "%s", st.Message()).hint("the node is older than this command line; upgrade it")
	}
	return failf("ERROR", exitError, "%s", st.Message())
}

func timedOut() *failure {
	f := failf("TIMEOUT", exitUnavailable, "no answer in time").hint("give it longer with --timeout 30s, or see: atoll status")
	f.Retryable = true
	return f
}

// exitOf gives the exit code that belongs to an error code of a node or of the SDK.
func exitOf(code string) int {
	switch code {
	case "NOTFOUND", "NOKEY", "NONAMESPACE":
		return exitNotFound
	case "UNAVAILABLE", "UNKNOWN", "DRAINING", "LOADING", "TIMEOUT":
		return exitUnavailable
	case "DENIED", "MEMBERS", "REMOVED":
		return exitRefused
	case "CANCELED", "CANCELLED", "INTERRUPTED":
		return exitInterrupted
	}
	return exitError
}
