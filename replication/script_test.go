package replication_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/replicationtest"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// script drives one Source, one Sink and one Router, all of node us/n1 with origin 1.
// Origins 2 and 3 are written elsewhere.
type script struct {
	t      *testing.T
	now    time.Duration
	log    *replicationtest.Log
	others map[int]*replicationtest.Log
	source *replication.Source
	sink   *replication.Sink
	router *replication.Router
	peers  []*view
	open   []replication.Apply
}

func newScript(t *testing.T) *script {
	s := &script{t: t, log: replicationtest.NewLog(0), others: make(map[int]*replicationtest.Log), router: replication.NewRouter(0)}
	s.log.Open(1)
	for _, o := range []int{2, 3} {
		s.others[o] = replicationtest.NewLog(0)
		s.others[o].Open(clock.Origin(o))
	}
	local := replication.Identity{Cluster: "c", Node: "us/n1", Region: "us", Address: "us:1"}
	shards := []store.ShardID{0}
	s.source = replication.NewSource(replication.SourceConfig{Local: local, Shards: shards, Log: s.log, Own: s.log.Own})
	s.sink = replication.NewSink(replication.SinkConfig{Local: local, Shards: shards, Log: s.log, Own: s.log.Own, Window: 100})
	return s
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := newScript(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			var out strings.Builder
			for line := range strings.Lines(d.Input) {
				s.do(&out, strings.Fields(line))
			}
			return out.String()
		})
	})
}

// do runs one line: a verb and key=value words.
func (s *script) do(out *strings.Builder, words []string) {
	args := make(map[string]string)
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		args[k] = v
	}
	now := replication.Now{Elapsed: s.now, WallMillis: s.now.Milliseconds(), Stamp: s.log.Last()}
	s.source.Tick(now)
	s.sink.Tick(now)
	switch words[0] {
	case "write": // local records
		s.log.Write(strings.Repeat("x", s.num(args, "bytes")))
	case "open": // a new incarnation of this node
		s.log.Open(clock.Origin(s.num(args, "origin")))
	case "copy": // a frame of another origin comes by some other way
		s.others[s.num(args, "origin")].Write(strings.Repeat("y", s.num(args, "bytes")))
		frames, _, _ := s.others[s.num(args, "origin")].Next(0, clock.Origin(s.num(args, "origin")), s.log.Vector().Get(clock.Origin(s.num(args, "origin"))), 1)
		s.note(out, s.log.Merge(context.Background(), 0, s.decode(frames[0]), func(error) {}))
	case "wait":
		s.now += time.Duration(s.num(args, "ms")) * time.Millisecond
	case "truncate":
		s.log.Truncate(clock.Origin(s.num(args, "origin")), clock.Seq(s.num(args, "start")))
	case "to-source":
		s.note(out, s.source.Recv(s.request(args)))
	case "from-source":
		s.drainSource(out)
	case "to-sink":
		applies, err := s.sink.Recv(s.response(args))
		for _, a := range applies {
			fmt.Fprintf(out, "apply %d:%d..%d, %d bytes\n", a.Frame.Origin, a.Frame.First, a.Frame.Last(), a.Bytes)
		}
		s.open = append(s.open, applies...)
		s.note(out, err)
	case "from-sink":
		for m := s.sink.Next(); m != nil; m = s.sink.Next() {
			fmt.Fprintln(out, show(m))
		}
	case "settle":
		var fate error
		if args["fate"] == "diverged" {
			fate = replication.ErrDiverged
		}
		a := s.open[0]
		s.open = s.open[1:]
		s.note(out, s.sink.Settled(a, fate))
	case "want":
		s.sink.SetWant(0, []replication.WantOrigin{{Origin: clock.Origin(s.num(args, "origin"))}})
	case "peer":
		s.setPeer(args)
	case "route":
		s.route(out)
	default:
		s.t.Fatalf("unknown verb %q", words[0])
	}
}

func (s *script) note(out *strings.Builder, err error) {
	if err != nil {
		fmt.Fprintln(out, "error:", err)
	}
}

func (s *script) num(args map[string]string, key string) int {
	var n int
	if v := args[key]; v != "" {
		if _, err := fmt.Sscan(v, &n); err != nil {
			s.t.Fatalf("%s=%s: %v", key, v, err)
		}
	}
	return n
}

func (s *script) decode(b []byte) *oplog.Frame {
	f, err := oplog.Decode(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

func (s *script) drainSource(out *strings.Builder) {
	for {
		m, err := s.source.Next()
		s.note(out, err)
		if m == nil || err != nil {
			return
		}
		fmt.Fprintln(out, show(m))
	}
}

// vector reads o:s,o:s.
func (s *script) vector(text string) (entries []clock.Entry) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		var e clock.Entry
		if _, err := fmt.Sscanf(w, "%d:%d", &e.Origin, &e.Seq); err != nil {
			s.t.Fatalf("%q: %v", w, err)
		}
		entries = append(entries, e)
	}
	return entries
}

func (s *script) request(args map[string]string) replication.Message {
	vector := []replication.ShardVector{{Shard: store.ShardID(s.num(args, "shard")), Vector: clock.VectorOf(s.vector(args["has"])...)}}
	switch args["kind"] {
	case "hello":
		if s.num(args, "flood") > 0 {
			vector[0].Vector = flood(s.num(args, "flood"))
		}
		return &replication.Hello{
			Identity:    replication.Identity{Cluster: args["cluster"], Node: args["node"]},
			ProtocolMin: uint32(s.num(args, "min")), ProtocolMax: uint32(s.num(args, "max")),
			Vectors: vector, Credit: int64(s.num(args, "credit")),
		}
	case "ack":
		return &replication.Ack{Durable: vector, Credit: int64(s.num(args, "credit"))}
	case "echo":
		return &replication.Echo{Number: uint64(s.num(args, "number"))}
	case "want":
		m := &replication.Want{Shard: store.ShardID(s.num(args, "shard"))}
		for _, e := range s.vector(args["origins"]) {
			m.Origins = append(m.Origins, replication.WantOrigin{Origin: e.Origin, After: e.Seq})
		}
		return m
	}
	return s.response(args)
}

func flood(n int) clock.VersionVector {
	b := []byte{}
	for i := range n {
		b = append(b, clock.VectorOf(clock.Entry{Origin: clock.Origin(i + 1), Seq: 1}).Append(nil)[1:]...)
	}
	head := clock.VersionVector{}
	for len(b) > 0 { // chunks, since a decoded vector is bounded
		k := min(len(b)/9, 5000)
		var v clock.VersionVector
		enc := []byte{byte(k&0x7f | 0x80), byte(k >> 7)}
		if k < 128 {
			enc = []byte{byte(k)}
		}
		v, _, err := clock.DecodeVector(append(enc, b[:k*9]...))
		if err != nil {
			panic(err)
		}
		if head.Len() == 0 {
			head = v
		} else {
			for _, e := range v.Entries() {
				head.Advance(e.Origin, e.Seq)
			}
		}
		b = b[k*9:]
	}
	return head
}

func (s *script) response(args map[string]string) replication.Message {
	origin := clock.Origin(s.num(args, "origin"))
	switch args["kind"] {
	case "welcome":
		return &replication.Welcome{Identity: replication.Identity{Cluster: args["cluster"], Node: args["node"]}, Protocol: uint32(s.num(args, "protocol"))}
	case "heartbeat":
		own := s.vector(args["own"])
		sh := replication.ShardHeads{}
		for _, e := range append(own, s.vector(args["has"])...) {
			sh.Heads = append(sh.Heads, replication.PeerHead{
				Origin: e.Origin, Seq: e.Seq, Own: slices.Contains(own, e), Hash: oplog.Hash(s.num(args, "hash")),
			})
		}
		return &replication.Heartbeat{
			Number: uint64(s.num(args, "number")), Heads: []replication.ShardHeads{sh},
			WallMillis: int64(s.num(args, "wall")), RTT: time.Duration(s.num(args, "rtt")) * time.Millisecond,
		}
	case "frames":
		log := s.others[int(origin)]
		log.Write(strings.Repeat("z", s.num(args, "bytes")))
		frames, _, _ := log.Next(0, origin, log.Vector().Get(origin)-1, 1)
		if args["flip"] != "" {
			frames[0][40] ^= 1
		}
		return &replication.Frames{Shard: store.ShardID(s.num(args, "shard")), Frames: frames}
	case "missing":
		return &replication.Missing{Origin: origin, LogStart: clock.Seq(s.num(args, "start"))}
	}
	s.t.Fatalf("unknown message %v", args)
	return nil
}

// show prints a message.
func show(m replication.Message) string {
	switch m := m.(type) {
	case *replication.Hello:
		return fmt.Sprintf("hello %s protocol %d-%d credit %d has%s", m.Node, m.ProtocolMin, m.ProtocolMax, m.Credit, vectors(m.Vectors))
	case *replication.Welcome:
		return fmt.Sprintf("welcome %s protocol %d", m.Node, m.Protocol)
	case *replication.Want:
		return fmt.Sprintf("want %v", m.Origins)
	case *replication.Ack:
		return fmt.Sprintf("ack credit %d has%s", m.Credit, vectors(m.Durable))
	case *replication.Echo:
		return fmt.Sprintf("echo %d", m.Number)
	case *replication.Missing:
		return fmt.Sprintf("missing %d: log starts at %d", m.Origin, m.LogStart)
	case *replication.Heartbeat:
		out := fmt.Sprintf("heartbeat %d wall %d rtt %v", m.Number, m.WallMillis, m.RTT)
		for _, h := range m.Heads[0].Heads {
			out += fmt.Sprintf(" %d:%d", h.Origin, h.Seq)
			if h.Own {
				out += "(own)"
			}
		}
		return out
	case *replication.Frames:
		out := "frames"
		for _, b := range m.Frames {
			if f, err := oplog.Decode(b); err == nil {
				out += fmt.Sprintf(" %d:%d..%d", f.Origin, f.First, f.Last())
			}
		}
		return out + fmt.Sprintf(" (%d bytes)", m.Size())
	}
	return fmt.Sprintf("%T", m)
}

func vectors(vs []replication.ShardVector) (out string) {
	for _, v := range vs {
		for _, e := range v.Vector.Entries() {
			out += fmt.Sprintf(" %d:%d", e.Origin, e.Seq)
		}
	}
	return out
}

// view is a peer as a Router sees it.
type view struct {
	node    string
	live    bool
	rtt     time.Duration
	heads   []replication.PeerHead
	arrived clock.VersionVector
	at      time.Duration
	missing clock.Seq
}

func (v *view) Peer() replication.Identity                    { return replication.Identity{Node: v.node} }
func (v *view) Heads(store.ShardID) []replication.PeerHead    { return v.heads }
func (v *view) RTT() time.Duration                            { return v.rtt }
func (v *view) Missing(store.ShardID, clock.Origin) clock.Seq { return v.missing }
func (v *view) Arrived(_ store.ShardID, o clock.Origin) (clock.Seq, time.Duration) {
	return v.arrived.Get(o), v.at
}

// setPeer replaces what the router is told about a peer.
func (s *script) setPeer(args map[string]string) {
	own := s.vector(args["own"])
	v := &view{
		node: args["node"], live: args["dead"] == "", rtt: time.Duration(s.num(args, "rtt")) * time.Millisecond,
		arrived: clock.VectorOf(s.vector(args["arrived"])...), at: s.now, missing: clock.Seq(s.num(args, "missing")),
	}
	for _, e := range append(own, s.vector(args["has"])...) {
		v.heads = append(v.heads, replication.PeerHead{Origin: e.Origin, Seq: e.Seq, Own: slices.Contains(own, e)})
	}
	s.peers = slices.DeleteFunc(s.peers, func(p *view) bool { return p.node == v.node })
	s.peers = append(s.peers, v)
}

func (s *script) route(out *strings.Builder) {
	var live []replication.PeerView
	for _, p := range s.peers {
		if p.live {
			live = append(live, p)
		}
	}
	wants := s.router.Tick(s.now, s.log.Vector(), live)
	if len(wants) == 0 {
		fmt.Fprintln(out, "nothing wanted")
	}
	for _, p := range s.peers {
		if w := wants[p.node]; len(w) > 0 {
			fmt.Fprintf(out, "from %s want %v\n", p.node, w)
		}
	}
}
