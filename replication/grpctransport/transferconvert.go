package grpctransport

import (
	"fmt"

	"github.com/atollkv/atoll/clock"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/transfer"
	"github.com/atollkv/atoll/store"
)

// toFetchRequest turns a receiver's message into its wire form.
func toFetchRequest(m transfer.Message) (*pb.FetchRequest, error) {
	var r pb.FetchRequest_builder
	switch m := m.(type) {
	case *transfer.Hello:
		r.Hello = pb.TransferHello_builder{
			Cluster: m.Cluster, Node: m.Node, Region: m.Region, Address: m.Address,
			ProtocolMin: m.ProtocolMin, ProtocolMax: m.ProtocolMax, Shard: uint32(m.Shard),
		}.Build()
	case *transfer.More:
		r.More = pb.TransferMore_builder{After: m.After, Chunks: m.Chunks}.Build()
	default:
		return nil, fmt.Errorf("%w: a receiver does not send %T", replication.ErrUnexpected, m)
	}
	return r.Build(), nil
}

// fromFetchRequest turns the wire form of a receiver's message back.
func fromFetchRequest(r *pb.FetchRequest) (transfer.Message, error) {
	switch r.WhichMessage() {
	case pb.FetchRequest_Hello_case:
		m := r.GetHello()
		return &transfer.Hello{
			Identity:    replication.Identity{Cluster: m.GetCluster(), Node: m.GetNode(), Region: m.GetRegion(), Address: m.GetAddress()},
			ProtocolMin: m.GetProtocolMin(), ProtocolMax: m.GetProtocolMax(), Shard: store.ShardID(m.GetShard()),
		}, nil
	case pb.FetchRequest_More_case:
		return &transfer.More{After: r.GetMore().GetAfter(), Chunks: r.GetMore().GetChunks()}, nil
	default:
		return nil, fmt.Errorf("%w: empty request", replication.ErrMalformed)
	}
}

// toFetchResponse turns a donor's message into its wire form.
func toFetchResponse(m transfer.Message) (*pb.FetchResponse, error) {
	var r pb.FetchResponse_builder
	switch m := m.(type) {
	case *transfer.Welcome:
		r.Welcome = pb.TransferWelcome_builder{
			Cluster: m.Cluster, Node: m.Node, Region: m.Region, Address: m.Address, Protocol: m.Protocol,
		}.Build()
	case *transfer.Begin:
		declared := make([]*pb.OriginDeclaration, len(m.Declared))
		for i, d := range m.Declared {
			declared[i] = pb.OriginDeclaration_builder{Origin: uint64(d.Origin), Region: d.Region, Node: d.Node}.Build()
		}
		r.Begin = pb.TransferBegin_builder{Heads: store.AppendHeads(nil, m.Heads), Declared: declared, Ends: m.Ends}.Build()
	case *transfer.Part:
		r.Part = pb.TransferPart_builder{Data: m.Data, Last: m.Last}.Build()
	case *transfer.End:
		r.End = &pb.TransferEnd{}
	default:
		return nil, fmt.Errorf("%w: a donor does not send %T", replication.ErrUnexpected, m)
	}
	return r.Build(), nil
}

// fromFetchResponse turns the wire form of a donor's message back.
func fromFetchResponse(r *pb.FetchResponse) (transfer.Message, error) {
	switch r.WhichMessage() {
	case pb.FetchResponse_Welcome_case:
		m := r.GetWelcome()
		return &transfer.Welcome{
			Identity: replication.Identity{Cluster: m.GetCluster(), Node: m.GetNode(), Region: m.GetRegion(), Address: m.GetAddress()},
			Protocol: m.GetProtocol(),
		}, nil
	case pb.FetchResponse_Begin_case:
		return fromBegin(r.GetBegin())
	case pb.FetchResponse_Part_case:
		return &transfer.Part{Data: r.GetPart().GetData(), Last: r.GetPart().GetLast()}, nil
	case pb.FetchResponse_End_case:
		return &transfer.End{}, nil
	default:
		return nil, fmt.Errorf("%w: empty response", replication.ErrMalformed)
	}
}

func fromBegin(m *pb.TransferBegin) (*transfer.Begin, error) {
	heads, rest, err := store.DecodeHeads(m.GetHeads())
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes after the heads", len(rest))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: begin: %w", replication.ErrMalformed, err)
	}
	b := &transfer.Begin{Heads: heads, Ends: m.GetEnds()}
	for _, d := range m.GetDeclared() {
		b.Declared = append(b.Declared, transfer.Declared{Origin: clock.Origin(d.GetOrigin()), Region: d.GetRegion(), Node: d.GetNode()})
	}
	return b, nil
}
