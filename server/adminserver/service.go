package adminserver

import (
	"context"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/membership"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
)

// Shard is the part of a keyspace.Shard that is shown.
type Shard interface {
	Durable() ([]store.Head, <-chan struct{})
	Stats() keyspace.Stats
	Digest(context.Context) (keyspace.Digest, error)
	KnownSpaces(limit int) (list []keyspace.KnownSpace, more bool, err error)
}

// Config says what to show. All functions are required, except Cut.
type Config struct {
	Cluster, Region, Node string
	// Version is the version of the program.
	Version string
	// Fsync is the durability setting.
	Fsync string
	// State is "serving" or "draining".
	State  func() string
	Uptime func() time.Duration
	Shard  Shard
	// LogBytes is the size of the shard's op log.
	LogBytes func() int64
	Peers    func() []replication.PeerStatus
	Members  func() []membership.Member
	// Stamp is the latest timestamp of the node's clock.
	Stamp func() clock.Timestamp
	// Clock compares this node's clock with its peers': the verdict, and this clock minus the median.
	Clock func() (clock.Verdict, time.Duration)
	// Alarms lists what needs an operator now.
	Alarms func() []string
	// Owner names the node that declared an origin; empty when it is not known.
	Owner func(clock.Origin) (region, node string)
	// Cut replaces the set of links that are cut; nil: not allowed on this node.
	Cut func(blocked, deafTo []string)
}

// Service implements grpcserver.Admin.
type Service struct{ cfg Config }

// New returns a service over cfg.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Status shows the state of the node and of what it knows of the others.
func (s *Service) Status(context.Context, *pb.StatusRequest) (*pb.StatusResponse, error) {
	stats := s.cfg.Shard.Stats()
	verdict, skew := s.cfg.Clock()
	// A node that must not show what it holds shows no namespaces, and all the rest.
	spaces, more, err := s.cfg.Shard.KnownSpaces(statusNamespaces)
	return pb.StatusResponse_builder{
		Cluster: s.cfg.Cluster, Region: s.cfg.Region, Node: s.cfg.Node,
		Version: s.cfg.Version, UptimeMs: millis(s.cfg.Uptime()), State: s.cfg.State(),
		Origin: uint64(stats.Origin), Stamp: uint64(s.cfg.Stamp()),
		ClockVerdict: verdict.String(), ClockSkewMs: skew.Milliseconds(),
		Shards: []*pb.ShardStatus{s.shard(stats)}, Peers: s.peers(), Members: s.members(),
		Fsync: s.cfg.Fsync, Alarms: s.cfg.Alarms(),
		Namespaces: namespacesFrom(spaces), MoreNamespaces: more || err != nil,
	}.Build(), nil
}

// statusNamespaces bounds the namespaces that Status lists.
const statusNamespaces = 100

func namespacesFrom(list []keyspace.KnownSpace) (out []*pb.NamespaceStatus) {
	for _, x := range list {
		status := pb.NamespaceStatus_builder{Name: x.Name.String()}.Build()
		if number, numbered := x.Name.Number(); numbered {
			status.SetNumber(uint32(number))
		}
		if x.Counted {
			status.SetKeys(x.Size.Keys)
			status.SetEnding(x.Size.Ending)
		}
		out = append(out, status)
	}
	return out
}

func (s *Service) shard(stats keyspace.Stats) *pb.ShardStatus {
	heads, _ := s.cfg.Shard.Durable()
	durable := make([]*pb.VectorEntry, len(heads))
	for i, h := range heads {
		durable[i] = s.entry(h.Origin, h.Seq)
	}
	return pb.ShardStatus_builder{
		Namespace: namespace.Default.String(),
		Vector:    s.vector(stats.Applied), Durable: durable,
		LogBytes:      uint64(max(s.cfg.LogBytes(), 0)),
		WaitingFrames: uint64(stats.Waiting.Frames), WaitingBytes: uint64(stats.Waiting.Bytes),
		ParkedFrames: uint64(stats.Waiting.Parked), ParkedAheadMs: stats.Waiting.Ahead.Milliseconds(),
		UpdatesApplied: stats.Applied.Total(), Commits: stats.Commits,
	}.Build()
}

func (s *Service) entry(o clock.Origin, seq clock.Seq) *pb.VectorEntry {
	region, node := s.cfg.Owner(o)
	return pb.VectorEntry_builder{Origin: uint64(o), Seq: uint64(seq), Region: region, Node: node}.Build()
}

func (s *Service) vector(v clock.VersionVector) []*pb.VectorEntry {
	var out []*pb.VectorEntry
	for _, e := range v.Entries() {
		out = append(out, s.entry(e.Origin, e.Seq))
	}
	return out
}

func (s *Service) peers() []*pb.PeerStatus {
	var out []*pb.PeerStatus
	for _, p := range s.cfg.Peers() {
		out = append(out, pb.PeerStatus_builder{
			Node: nodeName(p.Node), Region: p.Region, Address: p.Address,
			State: string(p.State), LastError: p.LastError,
			RttUs: uint64(max(p.RTT.Microseconds(), 0)), SkewMs: p.Skew.Milliseconds(),
			BehindUpdates: p.BehindUpdates, BehindMs: millis(p.Behind),
			AheadUpdates: p.AheadUpdates, ConnectedMs: millis(p.Connected),
			FramesReceived: p.FramesReceived, BytesReceived: p.BytesReceived, FramesDuplicate: p.FramesDuplicate,
		}.Build())
	}
	return out
}

func (s *Service) members() []*pb.MemberStatus {
	var out []*pb.MemberStatus
	for _, m := range s.cfg.Members() {
		out = append(out, pb.MemberStatus_builder{
			Node: m.Node, Region: m.Region, Address: m.Address, HttpAddress: m.HTTPAddress,
			Gossip: m.State.String(), Self: m.Self,
		}.Build())
	}
	return out
}

// Lag says how far this node is behind each peer.
func (s *Service) Lag(context.Context, *pb.LagRequest) (*pb.LagResponse, error) {
	var from []*pb.LagEntry
	for _, p := range s.cfg.Peers() {
		from = append(from, pb.LagEntry_builder{
			Region: p.Region, Node: nodeName(p.Node),
			Updates: p.BehindUpdates, BehindMs: millis(p.Behind),
			Live: p.Live, HeardMsAgo: millis(p.HeardAgo),
		}.Build())
	}
	return pb.LagResponse_builder{Region: s.cfg.Region, Node: s.cfg.Node, From: from}.Build(), nil
}

// Digest summarises the live state at one vector.
func (s *Service) Digest(ctx context.Context, _ *pb.DigestRequest) (*pb.DigestResponse, error) {
	d, err := s.cfg.Shard.Digest(ctx)
	if err != nil {
		return nil, err
	}
	return pb.DigestResponse_builder{
		Region: s.cfg.Region, Node: s.cfg.Node,
		Shards: []*pb.ShardDigest{pb.ShardDigest_builder{
			Vector: s.vector(d.Vector), Cells: d.Cells, Digest: d.Sum[:],
		}.Build()},
	}.Build(), nil
}

// maxCutRegions bounds a request to cut links.
const maxCutRegions = 256

// CutLinks replaces the set of regions that this node refuses to talk to.
func (s *Service) CutLinks(_ context.Context, r *pb.CutLinksRequest) (*pb.CutLinksResponse, error) {
	if s.cfg.Cut == nil {
		return nil, server.Errorf(server.CodeDenied, "links can be cut only where dev.faults is set")
	}
	blocked, deaf := r.GetRegions(), r.GetDeafTo()
	if n := len(blocked) + len(deaf); n > maxCutRegions {
		return nil, server.Errorf(server.CodeTooLarge, "%d regions, limit %d", n, maxCutRegions)
	}
	for _, region := range append(append([]string{}, blocked...), deaf...) {
		if region == s.cfg.Region {
			return nil, server.Errorf(server.CodeInvalid, "region %.64q is this node's own", region)
		}
	}
	s.cfg.Cut(blocked, deaf)
	return &pb.CutLinksResponse{}, nil
}

// nodeName returns the node of region/node.
func nodeName(name string) string {
	if _, node, ok := strings.Cut(name, "/"); ok {
		return node
	}
	return name
}

// millis is a duration for an unsigned field; what is unknown is 0.
func millis(d time.Duration) uint64 { return uint64(max(d.Milliseconds(), 0)) }
