package grpctransport

import (
	"fmt"
	"math"
	"time"

	"github.com/atollkv/atoll/clock"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// toRequest turns a sink's message into its wire form.
func toRequest(m replication.Message) (*pb.PullRequest, error) {
	var r pb.PullRequest_builder
	switch m := m.(type) {
	case *replication.Hello:
		r.Hello = pb.Hello_builder{
			Cluster: m.Cluster, Node: m.Node, Region: m.Region, Address: m.Address, Run: m.Run,
			ProtocolMin: m.ProtocolMin, ProtocolMax: m.ProtocolMax,
			Vectors: toVectors(m.Vectors), Credit: uint64(m.Credit), Members: m.Members,
		}.Build()
	case *replication.Want:
		origins := make([]*pb.WantOrigin, len(m.Origins))
		for i, o := range m.Origins {
			origins[i] = pb.WantOrigin_builder{Origin: uint64(o.Origin), After: uint64(o.After)}.Build()
		}
		r.Want = pb.Want_builder{Shard: uint32(m.Shard), Origins: origins}.Build()
	case *replication.Ack:
		r.Ack = pb.Ack_builder{Durable: toVectors(m.Durable), Credit: uint64(m.Credit)}.Build()
	case *replication.Echo:
		r.Echo = pb.Echo_builder{Number: m.Number}.Build()
	default:
		return nil, fmt.Errorf("%w: a sink does not send %T", replication.ErrUnexpected, m)
	}
	return r.Build(), nil
}

// fromRequest turns the wire form of a sink's message back.
func fromRequest(r *pb.PullRequest) (replication.Message, error) {
	switch r.WhichMessage() {
	case pb.PullRequest_Hello_case:
		m := r.GetHello()
		vectors, err := fromVectors(m.GetVectors())
		if err != nil {
			return nil, err
		}
		return &replication.Hello{
			Identity:    replication.Identity{Cluster: m.GetCluster(), Node: m.GetNode(), Region: m.GetRegion(), Address: m.GetAddress(), Run: m.GetRun()},
			ProtocolMin: m.GetProtocolMin(), ProtocolMax: m.GetProtocolMax(),
			Vectors: vectors, Credit: clamp(m.GetCredit()), Members: m.GetMembers(),
		}, nil
	case pb.PullRequest_Want_case:
		w := &replication.Want{Shard: store.ShardID(r.GetWant().GetShard())}
		for _, o := range r.GetWant().GetOrigins() {
			w.Origins = append(w.Origins, replication.WantOrigin{Origin: clock.Origin(o.GetOrigin()), After: clock.Seq(o.GetAfter())})
		}
		return w, nil
	case pb.PullRequest_Ack_case:
		vectors, err := fromVectors(r.GetAck().GetDurable())
		return &replication.Ack{Durable: vectors, Credit: clamp(r.GetAck().GetCredit())}, err
	case pb.PullRequest_Echo_case:
		return &replication.Echo{Number: r.GetEcho().GetNumber()}, nil
	default:
		return nil, fmt.Errorf("%w: empty request", replication.ErrMalformed)
	}
}

// toResponse turns a source's message into its wire form.
func toResponse(m replication.Message) (*pb.PullResponse, error) {
	var r pb.PullResponse_builder
	switch m := m.(type) {
	case *replication.Welcome:
		r.Welcome = pb.Welcome_builder{
			Cluster: m.Cluster, Node: m.Node, Region: m.Region, Address: m.Address, Run: m.Run, Protocol: m.Protocol,
			Members: m.Members,
		}.Build()
	case *replication.Frames:
		r.Frames = pb.Frames_builder{Shard: uint32(m.Shard), Frames: m.Frames}.Build()
	case *replication.Heartbeat:
		r.Heartbeat = toHeartbeat(m)
	case *replication.Members:
		r.Members = pb.Members_builder{Registry: m.Registry}.Build()
	case *replication.Missing:
		r.Missing = pb.Missing_builder{Shard: uint32(m.Shard), Origin: uint64(m.Origin), LogStart: uint64(m.LogStart)}.Build()
	default:
		return nil, fmt.Errorf("%w: a source does not send %T", replication.ErrUnexpected, m)
	}
	return r.Build(), nil
}

func toHeartbeat(m *replication.Heartbeat) *pb.Heartbeat {
	h := pb.Heartbeat_builder{
		Number: m.Number, Stamp: uint64(m.Stamp), WallMs: m.WallMillis, RttUs: uint64(m.RTT.Microseconds()), RttNumber: m.RTTNumber,
	}
	for _, sh := range m.Heads {
		heads := make([]*pb.Head, len(sh.Heads))
		for i, x := range sh.Heads {
			heads[i] = pb.Head_builder{
				Origin: uint64(x.Origin), Seq: uint64(x.Seq), Hash: uint64(x.Hash), Stamp: uint64(x.Time), Own: x.Own, Ended: x.Ended,
			}.Build()
		}
		h.Heads = append(h.Heads, pb.ShardHeads_builder{Shard: uint32(sh.Shard), Heads: heads}.Build())
	}
	return h.Build()
}

// fromResponse turns the wire form of a source's message back.
func fromResponse(r *pb.PullResponse) (replication.Message, error) {
	switch r.WhichMessage() {
	case pb.PullResponse_Welcome_case:
		m := r.GetWelcome()
		return &replication.Welcome{
			Identity: replication.Identity{Cluster: m.GetCluster(), Node: m.GetNode(), Region: m.GetRegion(), Address: m.GetAddress(), Run: m.GetRun()},
			Protocol: m.GetProtocol(), Members: m.GetMembers(),
		}, nil
	case pb.PullResponse_Frames_case:
		return &replication.Frames{Shard: store.ShardID(r.GetFrames().GetShard()), Frames: r.GetFrames().GetFrames()}, nil
	case pb.PullResponse_Heartbeat_case:
		return fromHeartbeat(r.GetHeartbeat()), nil
	case pb.PullResponse_Members_case:
		return &replication.Members{Registry: r.GetMembers().GetRegistry()}, nil
	case pb.PullResponse_Missing_case:
		m := r.GetMissing()
		return &replication.Missing{
			Shard: store.ShardID(m.GetShard()), Origin: clock.Origin(m.GetOrigin()), LogStart: clock.Seq(m.GetLogStart()),
		}, nil
	default:
		return nil, fmt.Errorf("%w: empty response", replication.ErrMalformed)
	}
}

func fromHeartbeat(m *pb.Heartbeat) *replication.Heartbeat {
	const maxRTT = time.Hour // a lying peer must not overflow a duration
	h := &replication.Heartbeat{
		Number: m.GetNumber(), Stamp: clock.Timestamp(m.GetStamp()), WallMillis: m.GetWallMs(),
		RTT: time.Duration(min(m.GetRttUs(), uint64(maxRTT/time.Microsecond))) * time.Microsecond, RTTNumber: m.GetRttNumber(),
	}
	for _, sh := range m.GetHeads() {
		heads := make([]replication.PeerHead, len(sh.GetHeads()))
		for i, x := range sh.GetHeads() {
			heads[i] = replication.PeerHead{
				Origin: clock.Origin(x.GetOrigin()), Seq: clock.Seq(x.GetSeq()), Hash: oplog.Hash(x.GetHash()),
				Time: clock.Timestamp(x.GetStamp()), Own: x.GetOwn(), Ended: x.GetEnded(),
			}
		}
		h.Heads = append(h.Heads, replication.ShardHeads{Shard: store.ShardID(sh.GetShard()), Heads: heads})
	}
	return h
}

func toVectors(vs []replication.ShardVector) []*pb.ShardVector {
	out := make([]*pb.ShardVector, len(vs))
	for i, v := range vs {
		out[i] = pb.ShardVector_builder{Shard: uint32(v.Shard), Vector: v.Vector.Append(nil)}.Build()
	}
	return out
}

func fromVectors(vs []*pb.ShardVector) ([]replication.ShardVector, error) {
	out := make([]replication.ShardVector, len(vs))
	for i, v := range vs {
		var err error
		if out[i], err = replication.DecodeShardVector(store.ShardID(v.GetShard()), v.GetVector()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// clamp maps what does not fit to -1, which the machines refuse.
func clamp(credit uint64) int64 {
	if credit > math.MaxInt64 {
		return -1
	}
	return int64(credit)
}
