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
	space, err := server.Namespace(q.GetNamespace())
	if err != nil {
		return nil, err
	}
	replies, err := t.cfg.Dispatcher.Do(ctx, space, command.Conflicts{After: q.GetAfter(), Count: count})
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

// historyCount is how many updates there are in a response where nothing is said.
const historyCount = 10

// History lists what the op log still has of a key.
func (t *traceService) History(ctx context.Context, q *pb.HistoryRequest) (*pb.HistoryResponse, error) {
	count, err := countOf(q.GetCount(), historyCount, command.HistoryMax)
	if err != nil {
		return nil, err
	}
	space, err := server.Namespace(q.GetNamespace())
	if err != nil {
		return nil, err
	}
	replies, err := t.cfg.Dispatcher.Do(ctx, space, command.History{Key: q.GetKey(), Count: count})
	if err != nil {
		return nil, err
	}
	h := replies[0].History
	out := pb.HistoryResponse_builder{LookedTo: uint64(h.LookedTo), LookedAt: uint64(h.LookedAt)}
	for i := range h.Updates {
		u := &h.Updates[i]
		out.Updates = append(out.Updates, pb.KeyUpdate_builder{Writer: writerMessage(&u.Writer), Here: u.Here, Effects: u.Effects}.Build())
	}
	for _, x := range h.Reach {
		out.Reach = append(out.Reach, pb.LogReach_builder{
			Origin: uint64(x.Dot.Origin), Region: x.Region, Node: x.Node, FirstSeq: uint64(x.Dot.Seq), LastSeq: uint64(x.Last), FirstStamp: uint64(x.Stamp.Time),
		}.Build())
	}
	return out.Build(), nil
}
