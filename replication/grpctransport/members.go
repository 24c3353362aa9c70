package grpctransport

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership/registry"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
)

// maxOwnedHeads bounds the heads in one answer.
const maxOwnedHeads = clock.MaxVectorEntries

// MemberTalk takes what other members decided; package node has the one implementation.
type MemberTalk interface {
	// Told stores a registry of the peer and lets it hold. It returns the registry that
	// then holds, and how far this node has come in the updates of members that are not
	// active.
	Told(ctx context.Context, peer replication.Identity, encoded []byte) ([]byte, []registry.Head, error)
}

// MemberServer answers the MemberTalk service.
type MemberServer struct {
	pb.UnimplementedMemberTalkServer
	talk MemberTalk
}

// NewMemberServer returns a server over t.
func NewMemberServer(t MemberTalk) *MemberServer { return &MemberServer{talk: t} }

// Register adds the service to a gRPC server.
func (s *MemberServer) Register(to grpc.ServiceRegistrar) { pb.RegisterMemberTalkServer(to, s) }

// Tell implements the service.
func (s *MemberServer) Tell(ctx context.Context, r *pb.TellRequest) (*pb.TellResponse, error) {
	peer := replication.Identity{Cluster: r.GetCluster(), Node: r.GetNode(), Region: r.GetRegion()}
	encoded, heads, err := s.talk.Told(ctx, peer, r.GetRegistry())
	if err != nil {
		return nil, toStatus(err)
	}
	out := make([]*pb.OwnedHead, len(heads))
	for i, h := range heads {
		out[i] = pb.OwnedHead_builder{Owner: h.Owner, Shard: h.Shard, Origin: uint64(h.Origin), Seq: uint64(h.Seq), Hash: h.Hash}.Build()
	}
	return pb.TellResponse_builder{Registry: encoded, Heads: out}.Build(), nil
}

// Tell hands the member at an address a registry, on a connection of its own.
func (t *Transport) Tell(ctx context.Context, address string, self replication.Identity, encoded []byte) (*registry.Registry, []registry.Head, error) {
	conn, err := grpc.NewClient(address, t.options...)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	answer, err := pb.NewMemberTalkClient(conn).Tell(ctx, pb.TellRequest_builder{
		Cluster: self.Cluster, Node: self.Node, Region: self.Region, Registry: encoded,
	}.Build())
	if err != nil {
		return nil, nil, fromStatus(err)
	}
	theirs, err := registry.Decode(answer.GetRegistry())
	if err != nil {
		return nil, nil, err
	}
	if n := len(answer.GetHeads()); n > maxOwnedHeads {
		return nil, nil, fmt.Errorf("%w: %d heads", replication.ErrMalformed, n)
	}
	var heads []registry.Head
	for _, h := range answer.GetHeads() {
		heads = append(heads, registry.Head{Owner: h.GetOwner(), Seal: registry.Seal{
			Shard: h.GetShard(), Origin: clock.Origin(h.GetOrigin()), Seq: clock.Seq(h.GetSeq()), Hash: h.GetHash(),
		}})
	}
	return theirs, heads, nil
}
