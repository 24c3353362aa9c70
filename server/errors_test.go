package server

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

func TestExplainKnowsTheErrorsBelow(t *testing.T) {
	for _, c := range []struct {
		name      string
		err       error
		code      Code
		message   string
		grpc      codes.Code
		retryable bool
	}{
		{"wrong type", keyspace.ErrWrongType, CodeWrongType, keyspace.ErrWrongType.Error(), codes.FailedPrecondition, false},
		{"not an integer", keyspace.ErrNotInteger, CodeNotInteger, keyspace.ErrNotInteger.Error(), codes.FailedPrecondition, false},
		{"overflow", keyspace.ErrOverflow, CodeOverflow, keyspace.ErrOverflow.Error(), codes.OutOfRange, false},
		{"cursor", keyspace.ErrCursor, CodeCursor, "invalid cursor", codes.InvalidArgument, false},
		{"no such key", command.ErrNoKey, CodeNoKey, "no such key", codes.NotFound, false},
		{"a group that exists", command.ErrGroupExists, CodeGroupExists, "the group exists", codes.AlreadyExists, false},
		{"no group", &command.RefusedError{Err: NoGroup([]byte("s"), []byte("g"))}, CodeNoGroup, `there is no stream "s", or no group "g" of it`, codes.NotFound, false},
		{"an id that does not follow", command.ErrLowID, CodeInvalid, "the id does not follow the last one", codes.InvalidArgument, false},
		{"no id is left", command.ErrNoIDLeft, CodeInvalid, "no id is left", codes.InvalidArgument, false},
		{"a last id below an entry", command.ErrIDTop, CodeInvalid, "the id is less than that of an entry", codes.InvalidArgument, false},
		{"fewer added than there are", command.ErrFewAdded, CodeInvalid, "fewer were added than there are", codes.InvalidArgument, false},
		{"no id", command.ErrStreamID, CodeInvalid, "no id of an entry of a stream", codes.InvalidArgument, false},
		{"an argument that is wrong for this key", &command.RefusedError{Err: errors.New("why")}, CodeInvalid, "why", codes.InvalidArgument, false},
		{"damage", keyspace.ErrDamaged, CodeDamaged, "the key's data is damaged on this node", codes.DataLoss, false},
		{"dead store", fmt.Errorf("apply: %w", store.ErrDead), CodeStore, "the store of this node has stopped", codes.Internal, false},
		{"closed shard", keyspace.ErrClosed, CodeStore, "the store of this node has stopped", codes.Internal, false},
		{"too large", &keyspace.TooLargeError{What: "key bytes", Size: 70000, Limit: 65536}, CodeTooLarge, "70000 key bytes, limit 65536", codes.InvalidArgument, false},
		{"deadline", context.DeadlineExceeded, CodeTimeout, "deadline exceeded", codes.DeadlineExceeded, false},
		{"cancel", context.Canceled, CodeCanceled, "canceled", codes.Canceled, false},
		{"its own", Errorf(CodeDraining, "x"), CodeDraining, "x", codes.Unavailable, true},
		{"denied", Errorf(CodeDenied, "x"), CodeDenied, "x", codes.PermissionDenied, false},
		{"unforeseen, without its text", errors.New("secret"), CodeInternal, "internal error", codes.Internal, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Explain(fmt.Errorf("wrapped: %w", c.err))
			if e.Code != c.code || e.Message != c.message || e.GRPC != c.grpc || e.Retryable != c.retryable {
				t.Errorf("Explain = %+v", e)
			}
		})
	}
}

func TestEveryCauseHasARowInTheTable(t *testing.T) {
	for _, c := range causes {
		if _, ok := kinds[c.code]; !ok {
			t.Errorf("no row for %s", c.code)
		}
	}
}

func TestErrorsInTheRedisProtocol(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{keyspace.ErrWrongType, "WRONGTYPE Operation against a key holding the wrong kind of value"},
		{keyspace.ErrNotInteger, "ERR value is not an integer or out of range"},
		{keyspace.ErrOverflow, "ERR increment or decrement would overflow"},
		{keyspace.ErrCursor, "ERR invalid cursor"},
		{command.ErrNoKey, "ERR no such key"},
		{&keyspace.TooLargeError{What: "key bytes", Size: 70000, Limit: 65536}, "ERR 70000 key bytes, limit 65536; " + kinds[CodeTooLarge].hint},
		{Errorf(CodeDenied, "no"), "DENIED no"},
		{Errorf(CodeDraining, "the node is draining"), "DRAINING the node is draining; the node is stopping; use another one"},
	} {
		if got := Explain(c.err).RESP(); got != c.want {
			t.Errorf("%v gives %q, want %q", c.err, got, c.want)
		}
	}
}
