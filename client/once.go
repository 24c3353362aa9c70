package client

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

type operationIDKey struct{}

// WithOperationID gives increments that are made with the context a name: [Counter.Incr] and Decr, [Hash.Incr],
// [SortedSet.Incr]. An increment with a name, 1 to 64 bytes, counts once for each counter, however often it is made, by
// whichever program, and in whichever regions, within five minutes of the first time. Without this each call has a name
// of its own, so that the client may send it again, and counts once.
//
// Use a name for one increment of a counter, by one amount: what comes later under it changes nothing, and another amount
// is ErrInvalid. Transactions, [Client.Command] and all other calls are as without it: a program that repeats those counts
// twice.
func WithOperationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, operationIDKey{}, id)
}

// increment is an operation that may have a name.
type increment interface {
	GetOperationId() []byte
	SetOperationId([]byte)
	SetRetry(bool)
}

// incrementOf returns the increment that an operation is, or nil.
func incrementOf(op *pb.Operation) increment {
	switch op.WhichOp() {
	case pb.Operation_Incr_case:
		return op.GetIncr()
	case pb.Operation_Hincr_case:
		return op.GetHincr()
	case pb.Operation_Zincr_case:
		return op.GetZincr()
	default:
		return nil
	}
}

// operationIDBytes is the size of the name that a client gives an increment.
const operationIDBytes = 16

// named returns an increment with a name: then it may be sent again. One that the program has named may have been sent
// before. Other operations stay as they are.
func named(ctx context.Context, op *pb.Operation) (_ *pb.Operation, again bool) {
	inc := incrementOf(op)
	if inc == nil {
		return op, false
	}
	if len(inc.GetOperationId()) > 0 {
		return op, true
	}
	op = proto.CloneOf(op) // who gives it again means another one
	inc = incrementOf(op)
	if id, ok := ctx.Value(operationIDKey{}).(string); ok {
		inc.SetOperationId([]byte(id))
		inc.SetRetry(true)
		return op, true
	}
	id := make([]byte, operationIDBytes)
	_, _ = rand.Read(id) // it never fails
	inc.SetOperationId(id)
	return op, true
}

// sending is how far an operation with a name has come.
type sending struct {
	begun time.Time // when it was first sent, or is
	sent  bool      // it was sent before
}

// tryOnce is try for an operation that has a name: whose outcome is not known is sent again, to another node if there is
// one, and counts once; as long as nodes know it.
func (c *link) tryOnce(ctx context.Context, s *connection, op *pb.Operation, in *seen, x *sending) (*pb.Result, bool, error) {
	switch {
	case !x.sent:
		x.begun = time.Now()
	case time.Since(x.begun) > c.opts.sendAgain:
		return nil, false, unknown("it was sent too long ago to be sent again", nil)
	default:
		op = proto.CloneOf(op) // the message that was sent must not be changed
		incrementOf(op).SetRetry(true)
	}
	result, again, err := try(ctx, s, op, in)
	if errors.Is(err, ErrUnknown) && ctx.Err() == nil && s.isRetiring() {
		x.sent = true
		return nil, true, nil
	}
	return result, again, err
}

// afterSent is the error of an operation that was sent before: it may have happened then, whatever became of it now.
func afterSent(err error) error {
	if err == nil || errors.Is(err, ErrUnknown) {
		return err
	}
	return unknown("it was sent, its answer was lost, and sent again: "+err.Error(), err)
}
