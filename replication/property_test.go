package replication_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/replicationtest"
	"github.com/atollkv/atoll/store"
)

// world is a few nodes, joined by directed streams over a virtual network.
type world struct {
	t       *rapid.T
	now     time.Duration
	nodes   []*simNode
	streams map[[2]int]*simStream // sink, source
	cut     map[[2]int]bool
}

type simNode struct {
	id     string
	log    *replicationtest.Log
	router *replication.Router
	opened int
}

// simStream is one stream with its messages in flight; each direction keeps order.
type simStream struct {
	source *replication.Source
	sink   *replication.Sink
	up     []replication.Message // to the source
	down   []replication.Message // to the sink
	failed error
	fates  []fate
}

type fate struct {
	apply replication.Apply
	err   error
}

func newWorld(t *rapid.T, n int) *world {
	w := &world{t: t, streams: make(map[[2]int]*simStream), cut: make(map[[2]int]bool)}
	for i := range n {
		w.nodes = append(w.nodes, &simNode{
			id: fmt.Sprintf("n%d", i), log: replicationtest.NewLog(0), router: replication.NewRouter(0),
		})
		w.open(i)
	}
	return w
}

func (w *world) open(i int) {
	n := w.nodes[i]
	n.opened++
	n.log.Open(clock.Origin(i*100 + n.opened))
}

func (w *world) at(n *simNode) replication.Now {
	return replication.Now{Elapsed: w.now, WallMillis: w.now.Milliseconds(), Stamp: n.log.Last()}
}

func (w *world) connect(to, from int) {
	shards := []store.ShardID{0}
	a, b := w.nodes[to], w.nodes[from]
	window := rapid.SampledFrom([]int64{1, 300, 1 << 20}).Draw(w.t, "window")
	w.streams[[2]int{to, from}] = &simStream{
		sink: replication.NewSink(replication.SinkConfig{
			Local: replication.Identity{Cluster: "c", Node: a.id}, Shards: shards, Log: a.log, Own: a.log.Own, Window: window,
		}),
		source: replication.NewSource(replication.SourceConfig{
			Local: replication.Identity{Cluster: "c", Node: b.id}, Shards: shards, Log: b.log, Own: b.log.Own,
		}),
	}
}

// deliver moves a stream by one step each way.
func (w *world) deliver(key [2]int) {
	s := w.streams[key]
	to, from := w.nodes[key[0]], w.nodes[key[1]]
	s.source.Tick(w.at(from))
	s.sink.Tick(w.at(to))
	if len(s.up) > 0 {
		s.fail(s.source.Recv(s.up[0]))
		s.up = s.up[1:]
	}
	if len(s.down) > 0 {
		applies, err := s.sink.Recv(s.down[0])
		s.fail(err)
		s.down = s.down[1:]
		for _, a := range applies {
			s.fail(to.log.Merge(context.Background(), a.Shard, a.Frame, func(err error) { s.fates = append(s.fates, fate{a, err}) }))
		}
	}
	for _, f := range s.fates {
		s.fail(s.sink.Settled(f.apply, f.err))
	}
	s.fates = nil
	if m := s.sink.Next(); m != nil {
		s.up = append(s.up, m)
	}
	m, err := s.source.Next()
	s.fail(err)
	if m != nil {
		s.down = append(s.down, m)
	}
}

func (s *simStream) fail(err error) {
	if err != nil && s.failed == nil {
		s.failed = err
	}
}

// step lets time pass and everything move.
func (w *world) step(d time.Duration) {
	w.now += d
	for to := range w.nodes {
		for from := range w.nodes {
			key := [2]int{to, from}
			if to == from || w.cut[key] {
				continue
			}
			if w.streams[key] == nil {
				w.connect(to, from)
			}
			for range 4 {
				w.deliver(key)
			}
			if err := w.streams[key].failed; err != nil {
				w.t.Fatalf("stream %v: %v", key, err)
			}
		}
		w.route(to)
	}
}

func (w *world) route(to int) {
	n := w.nodes[to]
	var live []replication.PeerView
	for from := range w.nodes {
		if s := w.streams[[2]int{to, from}]; s != nil && s.sink.Welcomed() && w.now-s.sink.Heard() <= replication.LiveFor {
			live = append(live, s.sink)
		}
	}
	wants := n.router.Tick(w.now, n.log.Vector(), live)
	for _, v := range live {
		v.(*replication.Sink).SetWant(0, wants[v.Peer().Node])
	}
}

func (w *world) drop(a, b int) {
	for _, key := range [][2]int{{a, b}, {b, a}} {
		delete(w.streams, key) // with all that is in flight
	}
}

func (w *world) setCut(a, b int, on bool) {
	w.cut[[2]int{a, b}], w.cut[[2]int{b, a}] = on, on
	if on {
		w.drop(a, b)
	}
}

// check demands that every node applied every origin from 1 without gaps or repeats.
func (w *world) check() {
	for _, n := range w.nodes {
		seen := make(map[clock.Origin]clock.Seq)
		for _, d := range n.log.Applied() {
			if d.Seq != seen[d.Origin]+1 {
				w.t.Fatalf("%s applied %v after %d", n.id, d, seen[d.Origin])
			}
			seen[d.Origin] = d.Seq
		}
	}
}

func (w *world) converged() bool {
	want := w.nodes[0].log.Vector()
	return !slices.ContainsFunc(w.nodes, func(n *simNode) bool { return !n.log.Vector().Equal(want) })
}

func (w *world) settle(limit time.Duration) {
	for end := w.now + limit; !w.converged(); {
		if w.now >= end {
			for _, n := range w.nodes {
				_, waiting := n.log.Duplicates()
				w.t.Logf("%s: %v, %d frames wait", n.id, n.log.Vector(), waiting)
			}
			w.t.Fatalf("no convergence in %v", limit)
		}
		w.step(10 * time.Millisecond)
	}
}

// TestEveryFrameArrivesInOrder drops streams, cuts links and opens new incarnations at
// random; after healing, everybody holds everything, each record once and in order.
func TestEveryFrameArrivesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 4).Draw(t, "nodes")
		w := newWorld(t, n)
		node := func() int { return rapid.IntRange(0, n-1).Draw(t, "node") }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			a, b := node(), node()
			switch rapid.SampledFrom([]string{"write", "write", "drop", "cut", "heal", "open", "wait", "long"}).Draw(t, "do") {
			case "write":
				for range rapid.IntRange(1, 5).Draw(t, "frames") {
					w.nodes[a].log.Write([]string{"x", "y", "z"}[:rapid.IntRange(1, 3).Draw(t, "records")]...)
				}
			case "drop":
				w.drop(a, b)
			case "cut":
				w.setCut(a, b, true)
			case "heal":
				w.setCut(a, b, false)
			case "open":
				w.open(a)
			case "wait":
				w.step(20 * time.Millisecond)
			case "long":
				for range 10 {
					w.step(150 * time.Millisecond)
				}
			}
			w.step(time.Millisecond)
			w.check()
		}
		clear(w.cut)
		w.settle(60 * time.Second)
		w.check()
	})
}

// TestRelayAroundACut: with one link of three cut, everything flows through the third
// node, within 3 s; and without a cut nothing is sent twice.
func TestRelayAroundACut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 3)
		for range 20 {
			w.nodes[rapid.IntRange(0, 2).Draw(t, "writer")].log.Write("x")
			w.step(50 * time.Millisecond)
		}
		w.settle(10 * time.Second)
		for _, n := range w.nodes {
			if known, _ := n.log.Duplicates(); known > 0 {
				t.Fatalf("%s got %d frames twice in a healthy mesh", n.id, known)
			}
		}
		w.setCut(0, 2, true)
		w.nodes[0].log.Write("a")
		w.nodes[2].log.Write("c")
		w.settle(3 * time.Second)
		w.setCut(0, 2, false)
		w.nodes[0].log.Write("b")
		w.settle(3 * time.Second)
		for range 300 { // healed: the relay ends
			w.step(10 * time.Millisecond)
		}
		for key, s := range w.streams {
			if got := s.source.Wanted(0); len(got) > 0 {
				t.Fatalf("stream %v still relays %v", key, got)
			}
		}
	})
}
