package grpcserver

import (
	"context"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// traceService is the Trace service.
type traceService struct {
	pb.UnimplementedTraceServer
	*Server
}

// conflictsCount is how many conflicts there are in a response where nothing is said.
const conflictsCount = 100

// Conflicts lists concurrent values that are not shown.
func (t *traceService) Conflicts(ctx context.Context, q *pb.ConflictsRequest) (*pb.ConflictsResponse, error) {
	count, err := countOf(q.GetCount(), conflictsCount, command.ConflictsMax)
	if err != nil {
		return nil, err
	}
	replies, err := t.cfg.Dispatcher.Do(ctx, q.GetNamespace(), command.Conflicts{After: q.GetAfter(), Count: count})
	if err != nil {
		return nil, err
	}
	p := replies[0].Conflicts
	list := make([]*pb.Conflict, len(p.List))
	for i := range p.List {
		list[i] = conflictMessage(&p.List[i])
	}
	return pb.ConflictsResponse_builder{Conflicts: list, Total: p.Total, Missed: p.Missed}.Build(), nil
}

func conflictMessage(x *keyspace.Conflict) *pb.Conflict {
	return pb.Conflict_builder{
		Id: x.ID, AtMs: x.At, Type: x.Type.String(), Key: x.Key, Cell: x.Cell,
		Winner: writerMessage(&x.Winner), Loser: writerMessage(&x.Loser), Value: x.Value, Size: uint64(x.Size),
	}.Build()
}

func writerMessage(x *keyspace.Writer) *pb.WriterOf {
	return pb.WriterOf_builder{
		Stamp: uint64(x.Stamp.Time), Origin: uint64(x.Dot.Origin), Seq: uint64(x.Dot.Seq), Region: x.Region, Node: x.Node,
	}.Build()
}

// countOf is how many were asked for.
func countOf(asked uint32, usual, most int) (int, error) {
	switch {
	case asked == 0:
		return usual, nil
	case int64(asked) > int64(most):
		return 0, server.Errorf(server.CodeTooLarge, "count: %d, limit %d", asked, most)
	default:
		return int(asked), nil
	}
}
