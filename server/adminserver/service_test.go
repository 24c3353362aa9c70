package adminserver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
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

const origin = clock.Origin(0xabc)

// still is a shard in one state.
type still struct{ err error }

func (still) Durable() ([]store.Head, <-chan struct{}) {
	return []store.Head{{Origin: origin, Seq: 6}}, nil
}

func (still) Stats() keyspace.Stats {
	return keyspace.Stats{
		Origin: origin, Applied: clock.VectorOf(clock.Entry{Origin: origin, Seq: 7}), Commits: 3,
		Waiting: keyspace.Waiting{Frames: 2, Bytes: 99, Parked: 1, Ahead: 1500 * time.Millisecond},
	}
}

func (s still) Digest(context.Context) (keyspace.Digest, error) {
	return keyspace.Digest{Vector: clock.VectorOf(clock.Entry{Origin: origin, Seq: 7}), Cells: 5, Sum: [32]byte{1, 2}}, s.err
}

func (s still) KnownSpaces(limit int) ([]keyspace.KnownSpace, bool, error) {
	one, _ := namespace.Numbered(1)
	return []keyspace.KnownSpace{{Space: keyspace.Space{Size: keyspace.Size{Keys: 3, Ending: 1}}, Counted: true}, {Space: keyspace.Space{Name: one}}, {Space: keyspace.Space{Name: "orders"}}}, limit == 100, s.err
}

func service(change func(*Config)) *Service {
	cfg := Config{
		Cluster: "atoll", Region: "eu", Node: "n1", Version: "v", Fsync: "always",
		State: func() string { return "serving" }, Uptime: func() time.Duration { return 3 * time.Second },
		Shard: still{}, LogBytes: func() int64 { return 1234 },
		Peers: func() []replication.PeerStatus {
			return []replication.PeerStatus{{
				Node: "us/n1", Region: "us", Address: "us:1", State: replication.StateConnected, RTT: 1500 * time.Microsecond,
				Skew: -2 * time.Millisecond, BehindUpdates: 4, Behind: 20 * time.Millisecond, AheadUpdates: 5, Live: true,
			}, {Region: "ap", Address: "ap:1", State: replication.StateConnecting, HeardAgo: -1, LastError: "no route"}}
		},
		Members: func() []membership.Member {
			return []membership.Member{{Region: "eu", Node: "n1", State: membership.Alive, Self: true}, {Region: "us", Node: "n1", State: membership.Dead}}
		},
		Stamp: func() clock.Timestamp { return 77 }, Clock: func() (clock.Verdict, time.Duration) { return clock.ClockAlarm, -time.Second },
		Alarms: func() []string { return []string{"on fire"} },
		Owner:  func(o clock.Origin) (string, string) { return "eu", "n1" },
	}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

func TestStatusShowsEveryPart(t *testing.T) {
	st, err := service(nil).Status(t.Context(), &pb.StatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if st.GetRegion() != "eu" || st.GetUptimeMs() != 3000 || st.GetOrigin() != uint64(origin) || st.GetStamp() != 77 ||
		st.GetClockVerdict() != "alarm" || st.GetClockSkewMs() != -1000 || st.GetFsync() != "always" || st.GetState() != "serving" {
		t.Errorf("node: %v", st)
	}
	s := st.GetShards()[0]
	if s.GetVector()[0].GetSeq() != 7 || s.GetDurable()[0].GetSeq() != 6 || s.GetVector()[0].GetRegion() != "eu" ||
		s.GetLogBytes() != 1234 || s.GetParkedAheadMs() != 1500 || s.GetUpdatesApplied() != 7 || s.GetNamespace() != "default" {
		t.Errorf("shard: %v", s)
	}
	p := st.GetPeers()
	if p[0].GetNode() != "n1" || p[0].GetRttUs() != 1500 || p[0].GetSkewMs() != -2 || p[0].GetAheadUpdates() != 5 ||
		p[1].GetNode() != "" || p[1].GetLastError() != "no route" || p[1].GetState() != "connecting" {
		t.Errorf("peers: %v", p)
	}
	n := st.GetNamespaces()
	if len(n) != 3 || n[0].GetName() != "default" || n[0].GetKeys() != 3 || n[0].GetEnding() != 1 || !n[0].HasNumber() || n[1].GetNumber() != 1 || n[1].HasKeys() ||
		n[2].GetName() != "orders" || n[2].HasNumber() || !st.GetMoreNamespaces() {
		t.Errorf("namespaces: %v", n)
	}
	if st, err := service(func(c *Config) { c.Shard = still{errors.New("condemned")} }).Status(t.Context(), &pb.StatusRequest{}); err != nil || !st.GetMoreNamespaces() {
		t.Errorf("of a node that shows nothing: %v, %v", st, err)
	}
	if m := st.GetMembers(); !m[0].GetSelf() || m[1].GetGossip() != "dead" {
		t.Errorf("members: %v", m)
	}
}

func TestLagAndDigest(t *testing.T) {
	lag, err := service(nil).Lag(t.Context(), &pb.LagRequest{})
	if err != nil {
		t.Fatal(err)
	}
	from := lag.GetFrom()
	if len(from) != 2 || from[0].GetUpdates() != 4 || !from[0].GetLive() || from[1].GetLive() || from[1].GetHeardMsAgo() != 0 {
		t.Errorf("lag: %v", from)
	}
	d, err := service(nil).Digest(t.Context(), &pb.DigestRequest{})
	if err != nil || d.GetShards()[0].GetCells() != 5 || len(d.GetShards()[0].GetDigest()) != 32 {
		t.Errorf("digest: %v, %v", d, err)
	}
	damaged := errors.New("damaged")
	if _, err := service(func(c *Config) { c.Shard = still{damaged} }).Digest(t.Context(), &pb.DigestRequest{}); !errors.Is(err, damaged) {
		t.Errorf("got %v", err)
	}
}

func TestLinksAreCutOnlyWhereItIsAllowed(t *testing.T) {
	var blocked, deaf []string
	allowed := service(func(c *Config) { c.Cut = func(b, d []string) { blocked, deaf = b, d } })
	cut := func(s *Service, regions ...string) error {
		_, err := s.CutLinks(t.Context(), pb.CutLinksRequest_builder{Regions: regions, DeafTo: []string{"ap"}}.Build())
		return err
	}
	if err := cut(allowed, "us"); err != nil || !slices.Equal(blocked, []string{"us"}) || !slices.Equal(deaf, []string{"ap"}) {
		t.Errorf("cut %v, deaf to %v, %v", blocked, deaf, err)
	}
	for code, err := range map[server.Code]error{
		server.CodeDenied:   cut(service(nil), "us"),
		server.CodeInvalid:  cut(allowed, "eu"),
		server.CodeTooLarge: cut(allowed, make([]string, 1000)...),
	} {
		if e := server.Explain(err); e.Code != code || strings.TrimSpace(e.Message) == "" {
			t.Errorf("%s: %v", code, err)
		}
	}
}
