package client

import (
	"context"
	"errors"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// try runs an operation in one session. again tells that it certainly did not happen, or
// was a read, and that another session may have it.
func try(ctx context.Context, s *session, op *pb.Operation) (result *pb.Result, again bool, err error) {
	c, err := s.start(ctx, op)
	if errors.Is(err, errRetired) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fromContext(err, nil)
	}
	select {
	case r := <-c.reply:
		return conclude(s, op, r)
	case <-ctx.Done():
		sent := s.forget(c)
		if sent && writes(op) {
			return nil, false, unknown(ctx.Err().Error()+" before the answer", ctx.Err())
		}
		return nil, false, fromContext(ctx.Err(), nil)
	}
}

// conclude decides what an answer, or the loss of the session, means for the caller.
func conclude(s *session, op *pb.Operation, r reply) (result *pb.Result, again bool, err error) {
	if r.lost != nil {
		lost := fromStatus(r.lost)
		if lost.Code == "TOOLARGE" || lost.Code == codeInvalid {
			// The request itself, or its answer, broke the stream: it would do so again.
			if r.sent && writes(op) {
				return nil, false, unknown(lost.Message, lost)
			}
			return nil, false, lost
		}
		if r.sent && writes(op) {
			return nil, false, unknown("lost the connection to "+s.endpoint, r.lost)
		}
		return nil, true, nil
	}
	if !r.response.HasError() {
		return r.response.GetResult(), false, nil
	}
	e := errorOf(r.response.GetError())
	switch {
	case e.Code == codeDraining:
		// Refused before it ran.
		s.retire()
		return nil, true, nil
	case writes(op) && (e.Code == codeTimeout || e.Code == codeCanceled || e.Code == "STORE"):
		return nil, false, unknown(e.Message, e)
	default:
		return nil, false, e
	}
}

// writes tells whether an operation may change anything.
func writes(op *pb.Operation) bool {
	switch op.WhichOp() {
	case pb.Operation_Set_case, pb.Operation_Delete_case, pb.Operation_Incr_case, pb.Operation_ResetCounter_case,
		pb.Operation_Sadd_case, pb.Operation_Srem_case:
		return true
	case pb.Operation_Txn_case:
		for _, inner := range op.GetTxn().GetOperations() {
			if writes(inner) {
				return true
			}
		}
	}
	return false
}
