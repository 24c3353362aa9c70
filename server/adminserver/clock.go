package adminserver

import (
	"context"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// maxClockOrigins bounds a request that names origins.
const maxClockOrigins = 1024

// ClockShard is the part of a keyspace.Shard that the Clock service needs.
type ClockShard interface {
	Stats() keyspace.Stats
	AcceptParked(context.Context, clock.Origin) (keyspace.Parked, error)
}

// ClockConfig says what the Clock service works on. Everything is required.
type ClockConfig struct {
	Shard ClockShard
	// Owner names the node that declared an origin; empty when it is not known.
	Owner func(clock.Origin) (region, node string)
	// Stamp is the latest timestamp of the node's clock.
	Stamp func() clock.Timestamp
	// Accepted is told what an operator let pass.
	Accepted func(keyspace.Parked)
}

type clockService struct {
	pb.UnimplementedClockServer
	cfg ClockConfig
}

// RegisterClock adds the Clock service to a gRPC server.
func RegisterClock(to grpc.ServiceRegistrar, cfg ClockConfig) {
	pb.RegisterClockServer(to, &clockService{cfg: cfg})
}

// Parked lists what is held back.
func (s *clockService) Parked(context.Context, *pb.ParkedRequest) (*pb.ParkedResponse, error) {
	var out []*pb.ParkedOrigin
	for _, p := range s.cfg.Shard.Stats().Waiting.ParkedBy {
		out = append(out, s.parked(p))
	}
	return pb.ParkedResponse_builder{Origins: out}.Build(), nil
}

func (s *clockService) parked(p keyspace.Parked) *pb.ParkedOrigin {
	region, node := p.Region, p.Node
	if node == "" {
		region, node = s.cfg.Owner(p.Origin)
	}
	return pb.ParkedOrigin_builder{
		Origin: uint64(p.Origin), Region: region, Node: node, Frames: uint64(p.Frames), Bytes: uint64(p.Bytes),
		FirstSeq: uint64(p.First), LastSeq: uint64(p.Last), NextMs: p.Next.Milliseconds(), AheadMs: p.Ahead.Milliseconds(),
	}.Build()
}

// AcceptParked applies what is held back.
func (s *clockService) AcceptParked(ctx context.Context, r *pb.AcceptParkedRequest) (*pb.AcceptParkedResponse, error) {
	if n := len(r.GetOrigins()); n == 0 || n > maxClockOrigins {
		return nil, server.Errorf(server.CodeInvalid, "%d origins; name 1 to %d", n, maxClockOrigins)
	}
	var out []*pb.ParkedOrigin
	for _, o := range r.GetOrigins() {
		p, err := s.cfg.Shard.AcceptParked(ctx, clock.Origin(o))
		if err != nil {
			return nil, err
		}
		if p.Frames > 0 {
			s.cfg.Accepted(p)
			out = append(out, s.parked(p))
		}
	}
	return pb.AcceptParkedResponse_builder{Accepted: out, Stamp: uint64(s.cfg.Stamp())}.Build(), nil
}
