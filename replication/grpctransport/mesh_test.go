package grpctransport_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/freeport"
	"github.com/atollkv/atoll/internal/linkcut"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/replication/grpctransport"
	"github.com/atollkv/atoll/replication/replicationtest"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// oldNode is the clock of a node that has run for an hour: no limit may be measured from its start.
type oldNode struct{ clock.Wall }

func (o oldNode) Read() (wallMillis int64, elapsed time.Duration) {
	wallMillis, elapsed = o.Wall.Read()
	return wallMillis, elapsed + time.Hour
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a dumb log with the real shell and the real transport around it.
type node struct {
	name    string
	log     *replicationtest.Log
	cuts    *linkcut.Cuts
	rep     *replication.Replicator
	address string
	stop    func()
}

// start runs a node at a loopback address until the test ends or stop is called.
func start(t *testing.T, name, cluster string, log *replicationtest.Log, address string, edit func(*replication.Config)) *node {
	t.Helper()
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{name: name, log: log, cuts: new(linkcut.Cuts), address: lis.Addr().String()}
	cfg := replication.Config{
		Local:  replication.Identity{Cluster: cluster, Node: name + "/n1", Region: name, Address: n.address},
		Shards: []store.ShardID{0}, Log: replication.NewRing(log, 1<<20), Applier: log, Own: log.Own,
		Transport: grpctransport.New(nil), Wall: oldNode{clock.NewSystem()}, Stamp: log.Last, Cuts: n.cuts,
	}
	if edit != nil {
		edit(&cfg)
	}
	n.rep = replication.New(cfg)
	srv := grpc.NewServer(grpctransport.ServerOptions()...)
	grpctransport.NewServer(n.rep).Register(srv)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.rep.Run(ctx) })
	wg.Go(func() { _ = srv.Serve(lis) })
	n.stop = sync.OnceFunc(func() {
		cancel()
		srv.Stop()
		wg.Wait()
	})
	t.Cleanup(n.stop)
	return n
}

func address(t *testing.T) string {
	t.Helper()
	a, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mesh(nodes ...*node) {
	var all []replication.Peer
	for _, n := range nodes {
		all = append(all, replication.Peer{Address: n.address, Configured: true})
	}
	for _, n := range nodes {
		n.rep.SetPeers(all)
	}
}

func three(t *testing.T) (a, b, c *node) {
	var ns []*node
	for i, name := range []string{"us", "eu", "ap"} {
		log := replicationtest.NewLog(0)
		log.Open(clock.Origin(i + 1))
		ns = append(ns, start(t, name, "c", log, address(t), nil))
	}
	mesh(ns...)
	return ns[0], ns[1], ns[2]
}

// eventually waits until ok holds, with more patience than a busy machine needs, and returns how long
// that took.
func eventually(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	const patience = time.Minute
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(begin)
}

func same(nodes ...*node) func() bool {
	return func() bool {
		for _, n := range nodes[1:] {
			if !n.log.Vector().Equal(nodes[0].log.Vector()) {
				return false
			}
		}
		return true
	}
}

func connected(n *node, peers int) func() bool {
	return func() bool {
		live := 0
		for _, st := range n.rep.Status() {
			if st.Live {
				live++
			}
		}
		return live == peers
	}
}

func cut(a, b *node) {
	a.cuts.Set([]string{b.name}, nil)
	b.cuts.Set([]string{a.name}, nil)
}

func TestThreeNodesConvergeAndNothingIsSentTwice(t *testing.T) {
	a, b, c := three(t)
	for _, n := range []*node{a, b, c} {
		eventually(t, "all connected", connected(n, 2))
	}
	for i := range 500 {
		for _, n := range []*node{a, b, c} {
			n.log.Write(fmt.Sprint(n.name, i))
		}
	}
	eventually(t, "converged", same(a, b, c))
	if got := a.log.Vector().Total(); got != 1500 {
		t.Fatalf("%d updates, want 1500", got)
	}
	for _, n := range []*node{a, b, c} {
		if known, waiting := n.log.Duplicates(); known+waiting > 0 {
			t.Errorf("%s: %d frames came twice, %d wait", n.name, known, waiting)
		}
	}
	eventually(t, "everything acknowledged", func() bool {
		return a.rep.TruncationPoint(0).Equal(a.log.Vector())
	})
	st := a.rep.Status()
	if len(st) != 2 || st[0].Node != "ap/n1" || st[0].State != replication.StateConnected || st[0].BehindUpdates+st[0].AheadUpdates > 0 {
		t.Errorf("status %+v", st)
	}
}

func TestACutLinkIsRelayedAround(t *testing.T) {
	a, b, c := three(t)
	for _, n := range []*node{a, b, c} {
		eventually(t, "all connected", connected(n, 2))
	}
	a.log.Write("before")
	eventually(t, "converged", same(a, b, c))
	cut(a, c)
	for _, n := range []*node{a, c} {
		eventually(t, "the cut is felt", connected(n, 1))
	}
	a.log.Write("from a")
	c.log.Write("from c")
	took := eventually(t, "relayed both ways", same(a, b, c))
	t.Logf("relayed after %v", took)
	for _, st := range c.rep.Status() {
		if st.Region == "us" && st.State != replication.StateCut {
			t.Errorf("state of the cut peer is %q", st.State)
		}
	}
	a.cuts.Set(nil, nil)
	c.cuts.Set(nil, nil)
	eventually(t, "connected again", connected(c, 2))
	a.log.Write("after")
	eventually(t, "converged", same(a, b, c))
}

func TestADeafNodeStillAnswers(t *testing.T) {
	a, b, c := three(t)
	eventually(t, "connected", connected(c, 2))
	a.cuts.Set(nil, []string{"ap"})
	eventually(t, "a no longer hears c", func() bool { return !connected(a, 2)() })
	if !connected(c, 2)() {
		t.Error("c no longer hears a")
	}
	c.log.Write("x")
	eventually(t, "relayed", same(a, b, c))
}

func TestARestartedNodeCatchesUp(t *testing.T) {
	a, b, c := three(t)
	a.log.Write("one")
	eventually(t, "converged", same(a, b, c))
	eventually(t, "everything acknowledged", func() bool { return a.rep.TruncationPoint(0).Get(1) == 1 })
	c.stop()
	for i := range 200 {
		a.log.Write(fmt.Sprint(i))
		b.log.Write(fmt.Sprint(i))
	}
	if p := a.rep.TruncationPoint(0); p.Get(1) != 1 {
		t.Errorf("truncation point %v passes what the stopped node holds", p)
	}
	c.log.Open(33)
	c = start(t, "ap", "c", c.log, c.address, nil)
	mesh(a, b, c)
	c.log.Write("again")
	eventually(t, "converged", same(a, b, c))
}

func TestAPeerOfAnotherClusterIsRefused(t *testing.T) {
	log := func(o clock.Origin) *replicationtest.Log {
		l := replicationtest.NewLog(0)
		l.Open(o)
		l.Write("x")
		return l
	}
	a := start(t, "us", "ours", log(1), address(t), nil)
	b := start(t, "eu", "theirs", log(2), address(t), nil)
	mesh(a, b)
	eventually(t, "refused", func() bool {
		st := a.rep.Status()
		return len(st) == 1 && st[0].State == replication.StateRefused
	})
	if st := a.rep.Status()[0]; st.LastError != `refused by peer: cluster mismatch: ours "theirs", theirs "ours"` {
		t.Errorf("last error %q", st.LastError)
	}
	if a.log.Vector().Len() != 1 || b.log.Vector().Len() != 1 {
		t.Error("something was merged")
	}
}

func TestADivergedPeerIsStoppedWithAnAlarm(t *testing.T) {
	la, lb := replicationtest.NewLog(0), replicationtest.NewLog(0)
	la.Open(1)
	lb.Open(1) // the same incarnation with two writers
	la.Write("x")
	lb.Write("y")
	alarm := make(chan error, 10)
	a := start(t, "us", "c", la, address(t), func(c *replication.Config) {
		c.Own = func(store.ShardID) []clock.Origin { return nil }
		c.Events.Diverged = func(_ replication.Identity, err error) { alarm <- err }
	})
	b := start(t, "eu", "c", lb, address(t), nil)
	mesh(a, b)
	select {
	case err := <-alarm:
		t.Log(err)
	case <-time.After(time.Minute):
		t.Fatal("no alarm")
	}
	eventually(t, "refused", func() bool { return a.rep.Status()[0].State == replication.StateRefused })
}

func TestASlowPeerHoldsUpNobodyElse(t *testing.T) {
	la := replicationtest.NewLog(0)
	la.Open(1)
	a := start(t, "us", "c", la, address(t), nil)
	fast := start(t, "eu", "c", replicationtest.NewLog(0), address(t), nil)
	slow := start(t, "ap", "c", replicationtest.NewLog(0), address(t), func(c *replication.Config) {
		c.Applier = never{}
		c.Window = 1000
	})
	mesh(a, fast, slow)
	eventually(t, "connected", connected(slow, 2))
	for i := range 300 {
		la.Write(fmt.Sprint(i, string(make([]byte, 1000))))
	}
	eventually(t, "the fast one has it all", same(a, fast))
	received := func() uint64 { return slow.rep.Status()[1].BytesReceived }
	eventually(t, "the slow one got something", func() bool { return received() > 0 })
	if got := received(); got > 1000+2*replication.FramesBytes {
		t.Errorf("slow peer was sent %d bytes", got)
	}
}

// never is an applier whose queue is full for ever.
type never struct{ replication.Applier }

func (never) Merge(ctx context.Context, _ store.ShardID, _ *oplog.Frame, _ func(error)) error {
	<-ctx.Done()
	return ctx.Err()
}
