package grpcserver

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/server"
)

// named is the part of a request that names the operation.
type named interface {
	GetOperationId() []byte
	GetRetry() bool
}

// once makes of an increment one that is carried out once, if the request names the operation.
func once(r named, do command.Counting) (keyspace.Command, error) {
	switch n := len(r.GetOperationId()); {
	case n == 0 && r.GetRetry():
		return nil, server.Errorf(server.CodeInvalid, "retry: of an operation without operation_id")
	case n == 0:
		return do, nil
	case n > crdt.OnceIDMax:
		return nil, server.Errorf(server.CodeInvalid, "operation_id: %d bytes, limit %d", n, crdt.OnceIDMax)
	default:
		return command.Once{ID: r.GetOperationId(), Retry: r.GetRetry(), Do: do}, nil
	}
}
