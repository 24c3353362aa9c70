package main

import (
	"context"
	"errors"
	"io"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// txnOpsMax bounds the operations of one transaction.
const txnOpsMax = 10_000

// queued is a command with its arguments, ready to be run.
type queued struct {
	cmd *command
	op  *pb.Operation
}

// runTxn reads commands, one a line, up to "exec", an empty line or the end, and runs them as one
// update. "discard" gives up. One bad line spoils the whole: nothing is run.
func runTxn(ctx context.Context, s *session, _ []string) reply {
	var queue []queued
	var spoiled *failure
	for n := 1; ; n++ {
		line, err := s.lines()
		if err != nil && !errors.Is(err, io.EOF) {
			return errReply{explain(err)}
		}
		word := strings.ToLower(strings.TrimSpace(string(line)))
		switch {
		case word == "discard":
			return okReply{}
		case word == "exec", word == "" && err == nil, word == "" && s.place == onlyOnce:
			if spoiled != nil {
				return errReply{spoiled}
			}
			return s.commit(ctx, queue)
		case word == "":
			return errReply{usagef("the input ended inside a transaction; nothing was run").hint("end it with exec or an empty line")}
		}
		q, f := queueLine(line)
		switch {
		case f == nil && len(queue) < txnOpsMax:
			queue = append(queue, q)
		case spoiled == nil && f == nil:
			spoiled = usagef("more than %d commands in one transaction; nothing was run", txnOpsMax)
		case spoiled == nil:
			spoiled = usagef("line %d of the transaction: %s; nothing was run", n, f.Message).hint("%s", f.Hint)
		}
	}
}

func queueLine(text []byte) (queued, *failure) {
	cmd, args, f := parseLine(text)
	if f != nil {
		return queued{}, f
	}
	if !cmd.inTxn {
		return queued{}, usagef("%s cannot be part of a transaction", cmd.name)
	}
	return prepare(cmd, args)
}

// commit runs the queue as one update.
func (s *session) commit(ctx context.Context, queue []queued) reply {
	if len(queue) == 0 {
		return repliesReply{}
	}
	replies, f := s.together(ctx, queue)
	if f != nil {
		return errReply{f}
	}
	return repliesReply(replies)
}

// together runs several operations atomically and returns one reply for each.
func (s *session) together(ctx context.Context, queue []queued) ([]reply, *failure) {
	ops := make([]*pb.Operation, len(queue))
	for i, q := range queue {
		ops[i] = q.op
	}
	result, f := s.do(ctx, pb.Operation_builder{Txn: pb.TxnRequest_builder{Operations: ops}.Build()}.Build())
	if f != nil {
		return nil, f
	}
	results := result.GetTxn().GetResults()
	if len(results) != len(queue) {
		return nil, failf("PROTOCOL", exitError, "the node sent %d results for %d operations", len(results), len(queue))
	}
	replies := make([]reply, len(queue))
	for i, q := range queue {
		replies[i] = q.cmd.answer(results[i])
	}
	return replies, nil
}
