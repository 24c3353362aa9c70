package grpctransport

import (
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/slotset"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication/verify"
)

func toCompareRequest(r verify.Request) (*pb.CompareRequest, error) {
	var m pb.CompareRequest_builder
	switch r := r.(type) {
	case *verify.Open:
		m.Open = pb.CompareOpen_builder{
			Cluster: r.Cluster, Region: r.Region, Node: r.Node, Vector: r.Vector.Append(nil), All: r.All, Salt: r.Salt,
		}.Build()
	case *verify.Root:
		m.Root = pb.CompareRoot_builder{Slots: r.Slots.Append(nil)}.Build()
	case *verify.SlotSketch:
		m.SlotSketch = pb.SlotSketch_builder{Count: uint32(r.Count)}.Build()
	case *verify.CellSketch:
		s := pb.CellSketch_builder{Count: uint32(r.Count)}
		if r.New {
			s.Slots, s.Part, s.Parts = r.Slots.Append(nil), uint32(r.Part), uint32(r.Parts)
		}
		m.CellSketch = s.Build()
	case *verify.Fetch:
		m.Fetch = pb.CompareFetch_builder{Hashes: r.Hashes, Named: r.Named, Values: r.Values}.Build()
	default:
		return nil, fmt.Errorf("%w: %T", verify.ErrUnexpected, r)
	}
	return m.Build(), nil
}

func fromCompareRequest(m *pb.CompareRequest) (verify.Request, error) {
	switch m.WhichRequest() {
	case pb.CompareRequest_Open_case:
		o := m.GetOpen()
		v, err := compareVector(o.GetVector())
		return &verify.Open{Cluster: o.GetCluster(), Region: o.GetRegion(), Node: o.GetNode(), Vector: v, All: o.GetAll(), Salt: o.GetSalt()}, err
	case pb.CompareRequest_Root_case:
		slots, err := compareSlots(m.GetRoot().GetSlots())
		return &verify.Root{Slots: slots}, err
	case pb.CompareRequest_SlotSketch_case:
		return &verify.SlotSketch{Count: int(m.GetSlotSketch().GetCount())}, nil
	case pb.CompareRequest_CellSketch_case:
		s := m.GetCellSketch()
		out := &verify.CellSketch{Count: int(s.GetCount())}
		if len(s.GetSlots()) == 0 {
			return out, nil
		}
		slots, err := compareSlots(s.GetSlots())
		out.New, out.Slots, out.Part, out.Parts = true, slots, uint64(s.GetPart()), uint64(s.GetParts())
		return out, err
	case pb.CompareRequest_Fetch_case:
		f := m.GetFetch()
		return &verify.Fetch{Hashes: f.GetHashes(), Named: f.GetNamed(), Values: f.GetValues()}, nil
	default:
		return nil, fmt.Errorf("%w: empty request", verify.ErrMalformed)
	}
}

func toCompareResponse(r verify.Response) (*pb.CompareResponse, error) {
	var m pb.CompareResponse_builder
	switch r := r.(type) {
	case *verify.Opened:
		m.Opened = pb.CompareOpened_builder{Region: r.Region, Node: r.Node, Vector: r.Vector.Append(nil), Refused: r.Refused}.Build()
	case *verify.Totals:
		m.Totals = pb.CompareTotals_builder{
			Slots: r.Slots.Append(nil), Damaged: r.Damaged.Append(nil), Cells: r.Cells, High: r.High, Low: r.Low,
		}.Build()
	case *verify.Symbols:
		m.Symbols = pb.Symbols_builder{Symbols: r.Bytes, TooMany: r.TooMany}.Build()
	case *verify.Cells:
		cells := make([]*pb.ComparedCell, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = pb.ComparedCell_builder{Index: uint32(c.Index), Key: c.Key, Value: c.Value, TooLarge: c.TooLarge}.Build()
		}
		m.Cells = pb.ComparedCells_builder{Cells: cells, Done: r.Done}.Build()
	default:
		return nil, fmt.Errorf("%w: %T", verify.ErrUnexpected, r)
	}
	return m.Build(), nil
}

func fromCompareResponse(m *pb.CompareResponse) (verify.Response, error) {
	switch m.WhichResponse() {
	case pb.CompareResponse_Opened_case:
		o := m.GetOpened()
		v, err := compareVector(o.GetVector())
		return &verify.Opened{Region: o.GetRegion(), Node: o.GetNode(), Vector: v, Refused: o.GetRefused()}, err
	case pb.CompareResponse_Totals_case:
		t := m.GetTotals()
		slots, err := compareSlots(t.GetSlots())
		if err != nil {
			return nil, err
		}
		damaged, err := compareSlots(t.GetDamaged())
		return &verify.Totals{Slots: slots, Damaged: damaged, Cells: t.GetCells(), High: t.GetHigh(), Low: t.GetLow()}, err
	case pb.CompareResponse_Symbols_case:
		return &verify.Symbols{Bytes: m.GetSymbols().GetSymbols(), TooMany: m.GetSymbols().GetTooMany()}, nil
	case pb.CompareResponse_Cells_case:
		out := &verify.Cells{Done: m.GetCells().GetDone()}
		for _, c := range m.GetCells().GetCells() {
			out.Cells = append(out.Cells, verify.Cell{Index: int(c.GetIndex()), Key: c.GetKey(), Value: c.GetValue(), TooLarge: c.GetTooLarge()})
		}
		return out, nil
	default:
		return nil, fmt.Errorf("%w: empty response", verify.ErrMalformed)
	}
}

func compareVector(b []byte) (clock.VersionVector, error) {
	v, rest, err := clock.DecodeVector(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes left over", len(rest))
	}
	if err != nil {
		return v, fmt.Errorf("%w: vector: %w", verify.ErrMalformed, err)
	}
	return v, nil
}

func compareSlots(b []byte) (slotset.Set, error) {
	s, err := slotset.Decode(b)
	if err != nil {
		return s, fmt.Errorf("%w: %w", verify.ErrMalformed, err)
	}
	return s, nil
}
