package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/freeport"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/test/wan"
)

// world is where the processes run and what lies between them.
type world interface {
	// grpc and gossip are the addresses of a node for the others; reach is that of its
	// gRPC port for this process.
	grpc(n int) string
	gossip(n int) string
	reach(n int) string
	start(n int, cmd *exec.Cmd) error
	// set changes the directed link between two nodes.
	set(c *cluster, from, to int, l wan.Link)
	heal(c *cluster)
	close(t *testing.T)
}

// newWorld makes a wide-area network, or says why not and falls back to loopback.
func newWorld(t *testing.T) world {
	t.Helper()
	n, err := wan.New(len(regions), 1)
	if err == nil {
		w := &routed{net: n}
		for i := range regions {
			address, err := n.Forward(i, grpcPort)
			if err != nil {
				t.Fatal(err)
			}
			w.forward = append(w.forward, address)
		}
		return w
	}
	if os.Getuid() == 0 {
		t.Logf("this is root, and yet: %v", err)
	}
	t.Logf("NO NETWORK OF ITS OWN: %v; processes on loopback, links are cut by command", err)
	base, err := freeport.Base(10 * len(regions))
	if err != nil {
		t.Fatal(err)
	}
	return &loopback{base: base}
}

// needsNetwork says that a scenario cannot run on loopback.
func (c *cluster) needsNetwork() {
	c.t.Helper()
	if _, ok := c.world.(*routed); !ok {
		c.t.Skip("NOT RUN: it needs root and /dev/net/tun")
	}
}

const (
	grpcPort   = 7000
	gossipPort = 7003
)

// routed is a network namespace for each node, and the router of package wan.
type routed struct {
	net     *wan.Network
	forward []string
}

func (w *routed) grpc(n int) string   { return fmt.Sprintf("%s:%d", w.net.Hosts[n].IP, grpcPort) }
func (w *routed) gossip(n int) string { return fmt.Sprintf("%s:%d", w.net.Hosts[n].IP, gossipPort) }
func (w *routed) reach(n int) string  { return w.forward[n] }

func (w *routed) start(n int, cmd *exec.Cmd) error         { return w.net.Hosts[n].Start(cmd) }
func (w *routed) set(_ *cluster, from, to int, l wan.Link) { w.net.Set(from, to, l) }
func (w *routed) heal(*cluster)                            { w.net.SetAll(wan.Link{}) }
func (w *routed) close(t *testing.T) {
	if err := w.net.Close(); err != nil {
		t.Error(err)
	}
}

// loopback has no links of its own: the nodes themselves do not listen to each other.
type loopback struct {
	base int
	deaf [3][3]bool // to, from
}

func (w *loopback) grpc(n int) string                { return fmt.Sprintf("127.0.0.1:%d", w.base+10*n) }
func (w *loopback) gossip(n int) string              { return fmt.Sprintf("127.0.0.1:%d", w.base+10*n+3) }
func (w *loopback) reach(n int) string               { return w.grpc(n) }
func (w *loopback) start(_ int, cmd *exec.Cmd) error { return cmd.Start() }
func (w *loopback) close(*testing.T)                 {}

func (w *loopback) set(c *cluster, from, to int, l wan.Link) {
	w.deaf[to][from] = l.Cut
	w.tell(c, to)
}

func (w *loopback) heal(c *cluster) {
	w.deaf = [3][3]bool{}
	for i := range regions {
		w.tell(c, i)
	}
}

// tell gives a node the list of those that it does not hear. A node that does not run
// starts without cuts.
func (w *loopback) tell(c *cluster, n int) {
	var deaf []string
	for from, cut := range w.deaf[n] {
		if cut {
			deaf = append(deaf, regions[from])
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
	defer cancel()
	_, _ = c.nodes[n].client.Admin().CutLinks(ctx, pb.CutLinksRequest_builder{DeafTo: deaf}.Build())
}

// cut cuts a link in both directions, oneWay in one.
func (c *cluster) cut(a, b int) { c.oneWay(a, b); c.oneWay(b, a) }

func (c *cluster) oneWay(from, to int) { c.world.set(c, from, to, wan.Link{Cut: true}) }

func (c *cluster) isolate(n int) {
	for i := range regions {
		if i != n {
			c.cut(i, n)
		}
	}
}

func (c *cluster) everyLink(l wan.Link) {
	c.needsNetwork()
	for i := range regions {
		for j := range regions {
			if i != j {
				c.world.set(c, i, j, l)
			}
		}
	}
}
