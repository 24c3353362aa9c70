package client

import (
	"context"
	"errors"
	"slices"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// try runs an operation in one connection. again tells that it certainly did not happen, or
// was a read, and that another connection may have it.
func try(ctx context.Context, s *connection, op *pb.Operation, in *seen) (result *pb.Result, again bool, err error) {
	c, err := s.start(ctx, op, in)
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

// conclude decides what an answer, or the loss of the connection, means for the caller.
func conclude(s *connection, op *pb.Operation, r reply) (result *pb.Result, again bool, err error) {
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
	case writes(op) && e.Code == codeReplySize:
		// It happened: who takes it for refused would do it again.
		return nil, false, &Error{Code: codeUnknown, Message: e.Message, Hint: e.Hint, cause: e}
	case writes(op) && (e.Code == codeTimeout || e.Code == codeCanceled || e.Code == "STORE"):
		return nil, false, unknown(e.Message, e)
	default:
		return nil, false, e
	}
}

// writes tells whether an operation may change anything. One that is not known to only read does.
func writes(op *pb.Operation) bool {
	switch op.WhichOp() {
	case pb.Operation_Get_case, pb.Operation_Exists_case, pb.Operation_Scan_case, pb.Operation_Siblings_case, pb.Operation_Ping_case,
		pb.Operation_Sismember_case, pb.Operation_Scard_case, pb.Operation_Smembers_case,
		pb.Operation_Hget_case, pb.Operation_Hmget_case, pb.Operation_Hgetall_case, pb.Operation_Hkeys_case, pb.Operation_Hvals_case,
		pb.Operation_Hlen_case, pb.Operation_Hexists_case, pb.Operation_Hstrlen_case, pb.Operation_Ttl_case,
		pb.Operation_Zscore_case, pb.Operation_Zcard_case, pb.Operation_Zrange_case, pb.Operation_ZrangeByScore_case, pb.Operation_Zrank_case,
		pb.Operation_Lrange_case, pb.Operation_Llen_case, pb.Operation_Lindex_case, pb.Operation_Lpos_case,
		pb.Operation_Pfcount_case, pb.Operation_Getbit_case, pb.Operation_Bitcount_case, pb.Operation_Bitpos_case,
		pb.Operation_Geopos_case, pb.Operation_Geodist_case, pb.Operation_Geosearch_case,
		pb.Operation_Types_case, pb.Operation_Dbsize_case, pb.Operation_RandomKey_case, pb.Operation_Namespaces_case, pb.Operation_Wait_case,
		pb.Operation_Xrange_case, pb.Operation_Xlen_case, pb.Operation_Xread_case, pb.Operation_Xinfo_case, pb.Operation_Xcursor_case,
		pb.Operation_Xpending_case, pb.Operation_Xpendingrange_case, pb.Operation_Xinfogroups_case, pb.Operation_Xinfoconsumers_case,
		pb.Operation_Bget_case, pb.Operation_Brights_case:
		return false
	case pb.Operation_Bitfield_case:
		return slices.ContainsFunc(op.GetBitfield().GetSteps(), (*pb.BitStep).HasWrite)
	case pb.Operation_Txn_case:
		return slices.ContainsFunc(op.GetTxn().GetOperations(), writes)
	default:
		return true
	}
}
