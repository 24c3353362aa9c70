package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

var binaries string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

// runTests builds the programs once, as they are released.
func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "atoll-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir, "./cmd/atolld", "./cmd/atoll")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	binaries = dir
	return m.Run()
}

var regions = []string{"us", "eu", "ap"}

const (
	us = iota
	eu
	ap
)

// cluster is three processes and what lies between them.
type cluster struct {
	t     *testing.T
	world world
	nodes []*node
}

// node is one atolld: its directory and clock stay, processes come and go.
type node struct {
	c      *cluster
	n      int
	region string
	dir    string
	log    string
	offset string   // file
	always []string // settings of every start
	client *client.Client

	cmd     *exec.Cmd // nil when it does not run
	ended   chan struct{}
	stopped bool // by SIGSTOP
}

// start brings up three nodes on a perfect network. Settings are added to every node's.
func start(t *testing.T, settings ...string) *cluster {
	t.Helper()
	return startOn(t, false, settings...)
}

// startOn does, and can give ap a disk that is small.
func startOn(t *testing.T, tiny bool, settings ...string) *cluster {
	t.Helper()
	dir := t.TempDir()
	if tiny {
		tinyDisk(t, filepath.Join(dir, regions[ap]))
	}
	c := &cluster{t: t, world: newWorld(t)}
	for i, r := range regions {
		n := &node{c: c, n: i, region: r, dir: filepath.Join(dir, r), log: filepath.Join(dir, r+".log"), offset: filepath.Join(dir, r+".offset"), always: settings}
		c.nodes = append(c.nodes, n)
		n.start()
	}
	t.Cleanup(c.close)
	var err error
	for _, n := range c.nodes {
		await(t, patience, n.region+" listens", func() bool {
			n.client, err = client.Dial(t.Context(), c.world.reach(n.n))
			return err == nil
		})
	}
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		missing := c.missing()
		if missing == "" {
			return c
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("not up within 30 s: %s", missing)
		}
	}
}

// missing says what keeps the cluster from being up, or nothing.
func (c *cluster) missing() string {
	for _, n := range c.nodes {
		st, err := n.status()
		if err != nil || len(st.GetPeers()) < 2 {
			return fmt.Sprintf("%s knows %d peers (%v)", n.region, len(st.GetPeers()), err)
		}
		for _, p := range st.GetPeers() {
			if p.GetState() != "connected" {
				return fmt.Sprintf("%s to %s: %s (%s)", n.region, p.GetRegion(), p.GetState(), p.GetLastError())
			}
		}
		if err := n.writes(); err != nil {
			return fmt.Sprintf("%s takes no writes: %v", n.region, err) // it loads, or looks whether it must
		}
	}
	return ""
}

func (n *node) args() []string {
	w := n.c.world
	var peers, gossip []string
	for i := range regions {
		if i != n.n {
			peers, gossip = append(peers, w.grpc(i)), append(gossip, w.gossip(i))
		}
	}
	return []string{
		"--region", n.region, "--data-dir", n.dir, "--listen", w.grpc(n.n), "--resp-listen", "", "--http-listen", "", "--gossip-listen", w.gossip(n.n),
		"--peers", strings.Join(peers, ","), "--gossip-join", strings.Join(gossip, ","), "--insecure",
		"--dev-faults", "--dev-clock-offset-file", n.offset, "--cache-bytes", "32MiB",
	}
}

// start runs a process on the node's directory, with further settings for this time.
func (n *node) start(settings ...string) {
	n.c.t.Helper()
	log, err := os.OpenFile(n.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		n.c.t.Fatal(err)
	}
	defer log.Close() // the process has its own copy
	cmd := exec.Command(filepath.Join(binaries, "atolld"), slices.Concat(n.args(), n.always, settings)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := n.c.world.start(n.n, cmd); err != nil {
		n.c.t.Fatalf("start %s: %v", n.region, err)
	}
	ended := make(chan struct{})
	n.cmd, n.ended, n.stopped = cmd, ended, false
	go func() { _ = cmd.Wait(); close(ended) }() // ends with the process
}

// signal sends a signal and waits for the end if it is one that ends.
func (n *node) signal(sig syscall.Signal) {
	n.c.t.Helper()
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(sig) // it may be gone already
	switch sig {
	case syscall.SIGSTOP:
		n.stopped = true
	case syscall.SIGCONT:
		n.stopped = false
	default:
		select {
		case <-n.ended:
		case <-time.After(30 * time.Second):
			n.c.t.Errorf("%s did not end within 30 s of %v", n.region, sig)
			_ = n.cmd.Process.Kill()
			<-n.ended
		}
		n.cmd = nil
	}
}

func (n *node) kill() { n.c.t.Helper(); n.signal(syscall.SIGKILL) }

// setClock makes the node's clock wrong by d.
func (n *node) setClock(d time.Duration) {
	n.c.t.Helper()
	if err := os.WriteFile(n.offset+".new", []byte(d.String()), 0o600); err != nil {
		n.c.t.Fatal(err)
	}
	if err := os.Rename(n.offset+".new", n.offset); err != nil {
		n.c.t.Fatal(err)
	}
}

func (n *node) status() (*pb.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(n.c.t.Context(), 2*time.Second)
	defer cancel()
	return n.client.Admin().Status(ctx, &pb.StatusRequest{})
}

// peer is what the node says of another.
func (n *node) peer(region string) *pb.PeerStatus {
	st, err := n.status()
	if err != nil {
		return &pb.PeerStatus{}
	}
	for _, p := range st.GetPeers() {
		if p.GetRegion() == region {
			return p
		}
	}
	return &pb.PeerStatus{}
}

// atoll runs the command line where the node is.
func (n *node) atoll(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(binaries, "atoll"), append([]string{"--addr", n.c.world.grpc(n.n), "--timeout", "10s"}, args...)...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := n.c.world.start(n.n, cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return out.String(), err
}

// heal lifts every fault: links, clocks, stopped and dead processes.
func (c *cluster) heal() {
	c.t.Helper()
	c.world.heal(c)
	for _, n := range c.nodes {
		n.setClock(0)
		if n.stopped {
			n.signal(syscall.SIGCONT)
		}
		if n.cmd == nil {
			n.start()
		}
	}
}

// converge waits until every node holds the same vector and digest, and returns how
// long that took.
func (c *cluster) converge(within time.Duration) time.Duration {
	c.t.Helper()
	begin := time.Now()
	var states []string
	for {
		states = nil
		for _, n := range c.nodes {
			states = append(states, n.state())
		}
		if states[0] != "" && states[0] == states[1] && states[1] == states[2] {
			return time.Since(begin)
		}
		if time.Since(begin) > within {
			c.t.Fatalf("not converged within %v of healing:\n%s", within, strings.Join(states, "\n"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// state is the vector and the digest of a node; empty when it does not answer.
func (n *node) state() string {
	ctx, cancel := context.WithTimeout(n.c.t.Context(), 5*time.Second)
	defer cancel()
	d, err := n.client.Admin().Digest(ctx, &pb.DigestRequest{})
	if err != nil {
		return ""
	}
	out := ""
	for _, sh := range d.GetShards() {
		for _, e := range sh.GetVector() {
			out += fmt.Sprintf("%x:%d ", e.GetOrigin(), e.GetSeq())
		}
		out += fmt.Sprintf("%x/%d", sh.GetDigest(), sh.GetCells())
	}
	return out
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		if n.client != nil {
			_ = n.client.Close()
		}
		if n.stopped {
			n.signal(syscall.SIGCONT)
		}
		if n.cmd != nil {
			_ = n.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, n := range c.nodes {
		n.signal(syscall.SIGTERM)
	}
	c.world.close(c.t)
	if !c.t.Failed() {
		return
	}
	for _, n := range c.nodes {
		text, err := os.ReadFile(n.log)
		if err == nil {
			c.t.Logf("%s printed:\n%s", n.region, text[max(0, len(text)-6000):])
		}
	}
}

func await(t *testing.T, within time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !holds() {
		if time.Since(begin) > within {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}
