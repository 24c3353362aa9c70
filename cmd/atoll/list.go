package main

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// listCommands are lists. Those whose replies may be large are no part of a transaction: what
// it took would be gone when its reply is refused.
func listCommands() []*command {
	return append(listWrites(), listReads()...)
}

func listWrites() []*command {
	return []*command{
		{name: "lpush", args: "KEY VALUE…", min: 2, max: -1, group: groupLists, inTxn: true, writes: true,
			summary: "put values before a list, one after the other; concurrent ones stand side by side", example: "lpush tasks ship",
			op: pushOp(false), answer: pushAnswer},
		{name: "rpush", args: "KEY VALUE…", min: 2, max: -1, group: groupLists, inTxn: true, writes: true,
			summary: "put values behind a list, in their order; concurrent ones stand side by side", example: "rpush tasks write test",
			op: pushOp(true), answer: pushAnswer},
		{name: "lpop", args: "KEY [N]", min: 1, max: 2, group: groupLists, writes: true,
			summary: "take the first element, or a list of the first N; two regions may get the same", example: "lpop tasks", run: runPop(false)},
		{name: "rpop", args: "KEY [N]", min: 1, max: 2, group: groupLists, writes: true,
			summary: "take the last element, or a list of the last N; two regions may get the same", example: "rpop tasks", run: runPop(true)},
		{name: "lset", args: "KEY INDEX VALUE", min: 3, max: 3, group: groupLists, inTxn: true, writes: true,
			summary: "replace the element of an index; -1 is the last", example: "lset tasks 0 plan",
			op: lsetOp, answer: func(*pb.Result) reply { return okReply{} }},
		{name: "linsert", args: "KEY before|after PIVOT VALUE", min: 4, max: 4, group: groupLists, inTxn: true, writes: true,
			summary: "put a value beside the first element that equals PIVOT: the new length, or nil if there is none", example: "linsert tasks before ship review",
			op: linsertOp, answer: func(r *pb.Result) reply {
				if !r.GetLinsert().GetInserted() {
					return nilReply{}
				}
				return intReply(r.GetLinsert().GetLength())
			}},
		{name: "lrem", args: "KEY N VALUE", min: 3, max: 3, group: groupLists, inTxn: true, writes: true,
			summary: "remove the first N elements that equal VALUE; -N the last N, 0 all", example: "lrem tasks 0 test",
			op: lremOp, answer: func(r *pb.Result) reply { return intReply(r.GetLrem().GetRemoved()) }},
		{name: "ltrim", args: "KEY START STOP", min: 3, max: 3, group: groupLists, inTxn: true, writes: true,
			summary: "keep the elements from START to STOP; what is pushed concurrently stays", example: "ltrim tasks 0 99",
			op: ltrimOp, answer: func(*pb.Result) reply { return okReply{} }},
		{name: "lmove", args: "KEY INTO left|right left|right", min: 4, max: 4, group: groupLists, writes: true,
			summary: "take an element from one end and put it at an end of another list, or the same", example: "lmove tasks done left right",
			op: lmoveOp, answer: func(r *pb.Result) reply {
				if !r.GetLmove().GetFound() {
					return nilReply{}
				}
				return bytesReply(r.GetLmove().GetValue())
			}},
	}
}

func listReads() []*command {
	return []*command{
		{name: "lrange", args: "KEY START STOP", min: 3, max: 3, group: groupLists,
			summary: "list the elements from START to STOP; -1 is the last", example: "lrange tasks 0 -1",
			op: lrangeOp, answer: func(r *pb.Result) reply { return listReply(r.GetLrange().GetValues()) }},
		{name: "llen", args: "KEY", min: 1, max: 1, group: groupLists, inTxn: true,
			summary: "count the elements of a list", example: "llen tasks",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Llen: pb.LLenRequest_builder{Key: a[0]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply { return intReply(r.GetLlen().GetLength()) }},
		{name: "lindex", args: "KEY INDEX", min: 2, max: 2, group: groupLists,
			summary: "read the element of an index; -1 is the last", example: "lindex tasks -1",
			op: lindexOp, answer: func(r *pb.Result) reply {
				if !r.GetLindex().GetFound() {
					return nilReply{}
				}
				return bytesReply(r.GetLindex().GetValue())
			}},
		{name: "lpos", args: "KEY VALUE", min: 2, max: 2, group: groupLists,
			summary: "list the indexes of the elements that equal VALUE", example: "lpos tasks test",
			op: func(a [][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Lpos: pb.LPosRequest_builder{Key: a[0], Value: a[1]}.Build()}.Build(), nil
			},
			answer: func(r *pb.Result) reply {
				list := listReply{}
				for _, n := range r.GetLpos().GetIndexes() {
					list = append(list, strconv.AppendInt(nil, n, 10))
				}
				return list
			}},
	}
}

func pushOp(back bool) func([][]byte) (*pb.Operation, error) {
	return func(a [][]byte) (*pb.Operation, error) {
		return pb.Operation_builder{Lpush: pb.LPushRequest_builder{Key: a[0], Values: a[1:], Back: back}.Build()}.Build(), nil
	}
}

func pushAnswer(r *pb.Result) reply { return intReply(r.GetLpush().GetLength()) }

func runPop(back bool) func(context.Context, *session, []string) reply {
	return func(ctx context.Context, s *session, args []string) reply {
		n, err := howMany(args)
		if err != nil {
			return errReply{explain(err)}
		}
		op := pb.Operation_builder{Lpop: pb.LPopRequest_builder{Key: []byte(args[0]), Count: n, Back: back}.Build()}.Build()
		return s.ask(ctx, op, func(r *pb.Result) reply {
			values := r.GetLpop().GetValues()
			switch {
			case len(args) == 2:
				return listReply(values)
			case len(values) == 0:
				return nilReply{}
			}
			return bytesReply(values[0])
		})
	}
}

// howMany reads the N of KEY [N]; without it, 1.
func howMany(args []string) (uint64, error) {
	if len(args) < 2 {
		return 1, nil
	}
	n, err := strconv.ParseUint(args[1], 10, 32)
	if err != nil || n == 0 {
		return 0, usagef("%q is not how many to take: 1 or more", clip(args[1]))
	}
	return n, nil
}

// whole reads a number of 64 bits.
func whole(arg []byte) (int64, error) {
	n, err := strconv.ParseInt(string(arg), 10, 64)
	if err != nil {
		return 0, usagef("%q is not a whole number of 64 bits", clip(string(arg)))
	}
	return n, nil
}

// bounds reads START and STOP.
func bounds(a [][]byte) (start, stop int64, err error) {
	if start, err = whole(a[0]); err != nil {
		return 0, 0, err
	}
	stop, err = whole(a[1])
	return start, stop, err
}

func lsetOp(a [][]byte) (*pb.Operation, error) {
	n, err := whole(a[1])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Lset: pb.LSetRequest_builder{Key: a[0], Index: n, Value: a[2]}.Build()}.Build(), nil
}

func linsertOp(a [][]byte) (*pb.Operation, error) {
	after, err := either(a[1], "before", "after")
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Linsert: pb.LInsertRequest_builder{Key: a[0], Pivot: a[2], Value: a[3], After: after}.Build()}.Build(), nil
}

// either tells which of two words an argument is, in any case.
func either(arg []byte, first, second string) (isSecond bool, err error) {
	switch word := string(bytes.ToLower(arg)); word {
	case first, second:
		return word == second, nil
	}
	return false, usagef("%q is neither %s", clip(string(arg)), strings.Join([]string{first, second}, " nor "))
}

func lremOp(a [][]byte) (*pb.Operation, error) {
	n, err := whole(a[1])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Lrem: pb.LRemRequest_builder{Key: a[0], Count: n, Value: a[2]}.Build()}.Build(), nil
}

func ltrimOp(a [][]byte) (*pb.Operation, error) {
	start, stop, err := bounds(a[1:])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Ltrim: pb.LTrimRequest_builder{Key: a[0], Start: start, Stop: stop}.Build()}.Build(), nil
}

func lmoveOp(a [][]byte) (*pb.Operation, error) {
	from, err := either(a[2], "left", "right")
	if err != nil {
		return nil, err
	}
	to, err := either(a[3], "left", "right")
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Lmove: pb.LMoveRequest_builder{Key: a[0], Into: a[1], FromBack: from, ToBack: to}.Build()}.Build(), nil
}

func lrangeOp(a [][]byte) (*pb.Operation, error) {
	start, stop, err := bounds(a[1:])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Lrange: pb.LRangeRequest_builder{Key: a[0], Start: start, Stop: stop}.Build()}.Build(), nil
}

func lindexOp(a [][]byte) (*pb.Operation, error) {
	n, err := whole(a[1])
	if err != nil {
		return nil, err
	}
	return pb.Operation_builder{Lindex: pb.LIndexRequest_builder{Key: a[0], Index: n}.Build()}.Build(), nil
}
