package grpcserver

import (
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// operation is one arm of the Operation message, by its field number. Ping and txn are
// not here: they are no commands.
type operation struct {
	name    string
	command func(*pb.Operation, *server.Limits) (namespace string, cmd keyspace.Command, err error)
	result  func(keyspace.Reply) *pb.Result
}

type namespaced interface{ GetNamespace() string }

// arm joins a conversion with the accessors of its fields in Operation and Result.
func arm[Q namespaced, R any](name string, c conversion[Q, R], get func(*pb.Operation) Q, set func(*pb.Result, R)) operation {
	return operation{
		name: name,
		command: func(op *pb.Operation, l *server.Limits) (string, keyspace.Command, error) {
			q := get(op)
			cmd, err := c.command(q, l)
			return q.GetNamespace(), cmd, err
		},
		result: func(p keyspace.Reply) *pb.Result {
			result := &pb.Result{}
			set(result, c.response(p))
			return result
		},
	}
}

// operations is the table of Operation's arms. The number is the field's.
var operations = [...]operation{
	1:  arm("get", convertGet, (*pb.Operation).GetGet, (*pb.Result).SetGet),
	2:  arm("set", convertSet, (*pb.Operation).GetSet, (*pb.Result).SetSet),
	3:  arm("delete", convertDelete, (*pb.Operation).GetDelete, (*pb.Result).SetDelete),
	4:  arm("incr", convertIncr, (*pb.Operation).GetIncr, (*pb.Result).SetIncr),
	5:  arm("reset_counter", convertResetCounter, (*pb.Operation).GetResetCounter, (*pb.Result).SetResetCounter),
	6:  arm("sadd", convertSAdd, (*pb.Operation).GetSadd, (*pb.Result).SetSadd),
	7:  arm("srem", convertSRem, (*pb.Operation).GetSrem, (*pb.Result).SetSrem),
	8:  arm("sismember", convertSIsMember, (*pb.Operation).GetSismember, (*pb.Result).SetSismember),
	9:  arm("scard", convertSCard, (*pb.Operation).GetScard, (*pb.Result).SetScard),
	10: arm("exists", convertExists, (*pb.Operation).GetExists, (*pb.Result).SetExists),
	12: arm("smembers", convertSMembers, (*pb.Operation).GetSmembers, (*pb.Result).SetSmembers),
	13: arm("scan", convertScan, (*pb.Operation).GetScan, (*pb.Result).SetScan),
	14: arm("siblings", convertSiblings, (*pb.Operation).GetSiblings, (*pb.Result).SetSiblings),
}

// operationOf finds the arm that is set.
func operationOf(op *pb.Operation) (*operation, error) {
	n := int(op.WhichOp())
	if n == 0 || n >= len(operations) || operations[n].command == nil {
		return nil, server.Errorf(server.CodeInvalid, "operation: required")
	}
	return &operations[n], nil
}
