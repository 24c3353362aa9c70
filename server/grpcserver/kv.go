package grpcserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// kvService is the KV service.
type kvService struct {
	pb.UnimplementedKVServer
	*Server
}

// unary runs one request through its conversion.
func unary[Q namespaced, R any](ctx context.Context, k *kvService, q Q, c conversion[Q, R]) (response R, err error) {
	space, err := server.Namespace(q.GetNamespace())
	if err != nil {
		return response, err
	}
	limits := k.cfg.Dispatcher.Limits()
	cmd, err := c.command(q, &limits)
	if err != nil {
		return response, err
	}
	reply, err := k.run(ctx, space, cmd)
	if err != nil {
		return response, err
	}
	return c.response(reply), nil
}

func (k *kvService) Ping(context.Context, *pb.PingRequest) (*pb.PingResponse, error) {
	id := k.cfg.Identity
	return pb.PingResponse_builder{Region: id.Region, Node: id.Node, Cluster: id.Cluster}.Build(), nil
}

func (k *kvService) Get(ctx context.Context, q *pb.GetRequest) (*pb.GetResponse, error) {
	return unary(ctx, k, q, convertGet)
}

func (k *kvService) Set(ctx context.Context, q *pb.SetRequest) (*pb.SetResponse, error) {
	return unary(ctx, k, q, convertSet)
}

func (k *kvService) Delete(ctx context.Context, q *pb.DeleteRequest) (*pb.DeleteResponse, error) {
	return unary(ctx, k, q, convertDelete)
}

func (k *kvService) Incr(ctx context.Context, q *pb.IncrRequest) (*pb.IncrResponse, error) {
	return unary(ctx, k, q, convertIncr)
}

func (k *kvService) ResetCounter(ctx context.Context, q *pb.ResetCounterRequest) (*pb.ResetCounterResponse, error) {
	return unary(ctx, k, q, convertResetCounter)
}

func (k *kvService) SAdd(ctx context.Context, q *pb.SAddRequest) (*pb.SAddResponse, error) {
	return unary(ctx, k, q, convertSAdd)
}

func (k *kvService) SRem(ctx context.Context, q *pb.SRemRequest) (*pb.SRemResponse, error) {
	return unary(ctx, k, q, convertSRem)
}

func (k *kvService) SMembers(ctx context.Context, q *pb.SMembersRequest) (*pb.SMembersResponse, error) {
	return unary(ctx, k, q, convertSMembers)
}

func (k *kvService) SIsMember(ctx context.Context, q *pb.SIsMemberRequest) (*pb.SIsMemberResponse, error) {
	return unary(ctx, k, q, convertSIsMember)
}

func (k *kvService) SCard(ctx context.Context, q *pb.SCardRequest) (*pb.SCardResponse, error) {
	return unary(ctx, k, q, convertSCard)
}

func (k *kvService) Rename(ctx context.Context, q *pb.RenameRequest) (*pb.RenameResponse, error) {
	return unary(ctx, k, q, convertRename)
}

func (k *kvService) Copy(ctx context.Context, q *pb.CopyRequest) (*pb.CopyResponse, error) {
	return unary(ctx, k, q, convertCopy)
}

func (k *kvService) Exists(ctx context.Context, q *pb.ExistsRequest) (*pb.ExistsResponse, error) {
	return unary(ctx, k, q, convertExists)
}

func (k *kvService) Scan(ctx context.Context, q *pb.ScanRequest) (*pb.ScanResponse, error) {
	return unary(ctx, k, q, convertScan)
}

func (k *kvService) Siblings(ctx context.Context, q *pb.SiblingsRequest) (*pb.SiblingsResponse, error) {
	return unary(ctx, k, q, convertSiblings)
}

// Txn runs operations as one update.
func (k *kvService) Txn(ctx context.Context, q *pb.TxnRequest) (*pb.TxnResponse, error) {
	ops := q.GetOperations()
	limits := k.cfg.Dispatcher.Limits()
	if len(ops) > limits.Operations {
		return nil, server.Errorf(server.CodeTooLarge, "%d operations, limit %d", len(ops), limits.Operations)
	}
	space, err := server.Namespace(q.GetNamespace())
	if err != nil {
		return nil, err
	}
	cmds := make([]keyspace.Command, len(ops))
	tasks := make([]task, len(ops))
	for i, op := range ops {
		if tasks[i], err = k.inTxn(op, &limits); err != nil {
			return nil, at(i, err)
		}
		cmds[i] = keyspace.InNamespace(tasks[i].in(space), tasks[i].cmd)
	}
	replies, err := k.cfg.Dispatcher.Do(ctx, namespace.Default, cmds...)
	if err != nil {
		return nil, err
	}
	results := make([]*pb.Result, len(replies))
	for i, reply := range replies {
		if results[i], err = tasks[i].result(reply); err != nil {
			return nil, at(i, err)
		}
	}
	return pb.TxnResponse_builder{Results: results}.Build(), nil
}

func (k *kvService) inTxn(op *pb.Operation, limits *server.Limits) (task, error) {
	if op.HasTxn() || op.HasPing() || op.HasWait() {
		return task{}, server.Errorf(server.CodeInvalid, "operation: ping, wait and txn cannot be in a transaction")
	}
	t, err := k.taskOf(op, limits)
	if w, waits := t.cmd.(server.Waiting); waits {
		t.cmd = w.Command // nothing waits within a transaction
	}
	if _, once := t.cmd.(command.Once); err == nil && once {
		err = server.Errorf(server.CodeInvalid, "operation_id: not within a transaction")
	}
	if err == nil && t.alone {
		err = server.Errorf(server.CodeInvalid, "operation: %s cannot be in a transaction", t.name)
	}
	return t, err
}

// at says which operation of a transaction an error is about.
func at(i int, err error) error {
	var e *server.Error
	if !errors.As(err, &e) {
		return err
	}
	placed := *e
	placed.Message = fmt.Sprintf("operations[%d]: %s", i, e.Message)
	return &placed
}

// do runs one operation of a stream. The name is for reports.
func (k *kvService) do(ctx context.Context, op *pb.Operation) (name string, result *pb.Result, err error) {
	switch {
	case op.HasPing():
		pong, err := k.Ping(ctx, op.GetPing())
		return "ping", pb.Result_builder{Ping: pong}.Build(), err
	case op.HasWait():
		waited, err := k.Wait(ctx, op.GetWait())
		if err != nil {
			return "wait", nil, err
		}
		return "wait", pb.Result_builder{Wait: waited}.Build(), nil
	case op.HasTxn():
		done, err := k.Txn(ctx, op.GetTxn())
		if err != nil {
			return "txn", nil, err
		}
		return "txn", pb.Result_builder{Txn: done}.Build(), nil
	}
	limits := k.cfg.Dispatcher.Limits()
	t, err := k.taskOf(op, &limits)
	if _, waits := t.cmd.(server.Waiting); waits && err == nil {
		err = server.Errorf(server.CodeInvalid, "operation: %s that waits would hold up the stream: make it a call of its own", t.name)
	}
	if err == nil {
		result, err = k.runTask(ctx, t)
	}
	return t.name, result, err
}

// runTask runs a task by itself.
func (k *kvService) runTask(ctx context.Context, t task) (*pb.Result, error) {
	do := func(cmd keyspace.Command) (keyspace.Reply, error) { return k.run(ctx, t.in(namespace.Default), cmd) }
	if t.prepare != nil {
		var err error
		if t.cmd, err = t.prepare(do); err != nil {
			return nil, err
		}
	}
	reply, err := do(t.cmd)
	if err != nil {
		return nil, err
	}
	return t.result(reply)
}
