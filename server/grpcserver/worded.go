package grpcserver

import (
	"context"

	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// This file is the part of the KV service about commands as they are worded in the Redis protocol.

func (k *kvService) Command(ctx context.Context, q *pb.CommandRequest) (*pb.CommandResponse, error) {
	limits := k.cfg.Dispatcher.Limits()
	t, err := k.wordedTask(q, &limits)
	if err != nil {
		return nil, err
	}
	result, err := k.runTask(ctx, t)
	if err != nil {
		return nil, err
	}
	return result.GetCommand(), nil
}

// wordedTask reads a command.
func (s *Server) wordedTask(q *pb.CommandRequest, l *server.Limits) (task, error) {
	unknown := task{name: "command"}
	args := q.GetArguments()
	switch {
	case len(args) == 0:
		return unknown, server.Errorf(server.CodeInvalid, "arguments: required")
	case len(args) > l.Elements:
		return unknown, server.Errorf(server.CodeTooLarge, "%d arguments, limit %d", len(args), l.Elements)
	case s.cfg.Words == nil:
		return unknown, server.Errorf(server.CodeInvalid, "this server knows no such commands")
	}
	w, err := s.cfg.Words(args, l)
	if err != nil {
		return unknown, err
	}
	t := task{
		name: w.Name, cmd: w.Command, alone: w.Alone, prepare: w.Prepare,
		result: func(p keyspace.Reply) (*pb.Result, error) { return wordedResult(w.Reply(p)) },
	}
	return t, t.choose(q.GetNamespace())
}

func wordedResult(reply []byte) (*pb.Result, error) {
	value, err := valueOf(reply)
	if err != nil {
		return nil, err
	}
	return pb.Result_builder{Command: pb.CommandResponse_builder{Value: value}.Build()}.Build(), nil
}
