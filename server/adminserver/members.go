package adminserver

import (
	"context"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership/registry"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// maxRemoved bounds the names in one request.
const maxRemoved = 256

// Kept is what is kept aside of an origin, and the member that may replay it.
type Kept struct {
	keyspace.Aside
	Keeper string
}

// MembersConfig says what the Membership service works on. Everything is required.
type MembersConfig struct {
	List func() []registry.Member
	// Owed tells how many updates up to its seals this node lacks of a member.
	Owed   func(registry.Member) uint64
	Add    func(ctx context.Context, name, address string) (registry.Member, error)
	Remove func(ctx context.Context, names []string, force bool) ([]registry.Member, error)
	// Discard seals a member whose updates come from the future, and lets it begin anew.
	Discard func(ctx context.Context, name string) (registry.Member, error)
	Kept    func(context.Context) ([]Kept, error)
	Replay  func(ctx context.Context, name string, skipFailed, force bool) (keyspace.Replayed, error)
	Drop    func(ctx context.Context, name string) (records int, err error)
}

type membersService struct {
	pb.UnimplementedMembershipServer
	cfg MembersConfig
}

// RegisterMembers adds the Membership service to a gRPC server.
func RegisterMembers(to grpc.ServiceRegistrar, cfg MembersConfig) {
	pb.RegisterMembershipServer(to, &membersService{cfg: cfg})
}

func (s *membersService) decision(m registry.Member) *pb.MemberDecision {
	seals := make([]*pb.MemberSeal, len(m.Seals))
	for i, x := range m.Seals {
		seals[i] = pb.MemberSeal_builder{Shard: x.Shard, Origin: uint64(x.Origin), Seq: uint64(x.Seq)}.Build()
	}
	return pb.MemberDecision_builder{
		Name: m.Name, Address: m.Address, State: m.State.String(), Stamp: uint64(m.Term), By: m.By, Life: m.Life,
		Seals: seals, Missing: s.cfg.Owed(m),
	}.Build()
}

func (s *membersService) decisions(list []registry.Member) (out []*pb.MemberDecision) {
	for _, m := range list {
		out = append(out, s.decision(m))
	}
	return out
}

// ListMembers lists who was found or decided about.
func (s *membersService) ListMembers(context.Context, *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	return pb.ListMembersResponse_builder{Members: s.decisions(s.cfg.List())}.Build(), nil
}

// AddMember lets a node take part.
func (s *membersService) AddMember(ctx context.Context, r *pb.AddMemberRequest) (*pb.AddMemberResponse, error) {
	if !registry.ValidName(r.GetName()) {
		return nil, server.Errorf(server.CodeInvalid, "%.64q is no REGION/NODE; use for example eu/n1", r.GetName())
	}
	m, err := s.cfg.Add(ctx, r.GetName(), r.GetAddress())
	if err != nil {
		return nil, err
	}
	return pb.AddMemberResponse_builder{Member: s.decision(m)}.Build(), nil
}

// RemoveMembers seals and removes members.
func (s *membersService) RemoveMembers(ctx context.Context, r *pb.RemoveMembersRequest) (*pb.RemoveMembersResponse, error) {
	if n := len(r.GetNames()); n == 0 || n > maxRemoved {
		return nil, server.Errorf(server.CodeInvalid, "%d members; name 1 to %d", n, maxRemoved)
	}
	out, err := s.cfg.Remove(ctx, r.GetNames(), r.GetForce())
	if err != nil {
		return nil, err
	}
	return pb.RemoveMembersResponse_builder{Members: s.decisions(out)}.Build(), nil
}

// DiscardParked seals a member whose updates come from the future.
func (s *membersService) DiscardParked(ctx context.Context, r *pb.DiscardParkedRequest) (*pb.DiscardParkedResponse, error) {
	m, err := s.cfg.Discard(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return pb.DiscardParkedResponse_builder{Member: s.decision(m)}.Build(), nil
}

// ListSalvage shows what is kept aside.
func (s *membersService) ListSalvage(ctx context.Context, _ *pb.ListSalvageRequest) (*pb.ListSalvageResponse, error) {
	kept, err := s.cfg.Kept(ctx)
	if err != nil {
		return nil, err
	}
	var out []*pb.SalvageOrigin
	for _, k := range kept {
		out = append(out, pb.SalvageOrigin_builder{
			Origin: uint64(k.Origin), Region: k.Writer.Region, Node: k.Writer.Node,
			FirstSeq: uint64(k.Done + 1), LastSeq: uint64(k.Last), Records: k.Records, Bytes: k.Bytes, Keys: uint64(k.Keys),
			FirstStamp: uint64(k.First), LastStamp: uint64(k.Newest), Keeper: k.Keeper,
		}.Build())
	}
	return pb.ListSalvageResponse_builder{Origins: out}.Build(), nil
}

// ReplaySalvage issues what is kept aside again.
func (s *membersService) ReplaySalvage(ctx context.Context, r *pb.ReplaySalvageRequest) (*pb.ReplaySalvageResponse, error) {
	n, err := s.cfg.Replay(ctx, r.GetName(), r.GetSkipFailed(), r.GetForce())
	if err != nil {
		return nil, err
	}
	return pb.ReplaySalvageResponse_builder{Records: uint64(n.Records), Empty: uint64(n.Empty), Skipped: uint64(n.Skipped)}.Build(), nil
}

// DropSalvage forgets what is kept aside.
func (s *membersService) DropSalvage(ctx context.Context, r *pb.DropSalvageRequest) (*pb.DropSalvageResponse, error) {
	n, err := s.cfg.Drop(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return pb.DropSalvageResponse_builder{Records: uint64(n)}.Build(), nil
}
