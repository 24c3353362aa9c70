package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/devcluster"
	"github.com/atollkv/atoll/internal/freeport"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

var binaries string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

// runTests builds the programs once.
func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "atoll-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir, "./cmd/atolld", "./cmd/atoll")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	binaries = dir
	return m.Run()
}

// cluster is a running "atoll dev".
type cluster struct {
	t       *testing.T
	base    int
	regions []string
	dir     string
	dialing *sync.Mutex
	// openFiles is how many files the nodes that the test runs itself may open; 0 is as many as it may.
	openFiles int
	clients   map[string]*client.Client // guarded by dialing while the test runs
}

// start brings a cluster up; env is added to the nodes' environment.
func start(t *testing.T, regions []string, env ...string) *cluster {
	t.Helper()
	return startIn(t, t.TempDir(), regions, env...)
}

// startIn brings a cluster up over data that is there already.
func startIn(t *testing.T, dir string, regions []string, env ...string) *cluster {
	t.Helper()
	base, err := freeport.Base(10 * len(regions))
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, base: base, regions: regions, dir: dir, dialing: &sync.Mutex{}, clients: map[string]*client.Client{}}
	cmd := exec.Command(filepath.Join(binaries, "atoll"), "dev", "--base-port", strconv.Itoa(c.base),
		"--regions", strings.Join(regions, ","), "--data", c.dir)
	cmd.Env = append(os.Environ(), env...)
	var out syncBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		for _, cl := range c.clients {
			_ = cl.Close()
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(40 * time.Second):
			_ = cmd.Process.Kill()
			t.Error("atoll dev did not stop in 40 s")
		}
		if t.Failed() {
			t.Logf("atoll dev printed:\n%s", out.String())
		}
	})
	deadline := time.Now().Add(60 * time.Second)
	for !strings.Contains(out.String(), "\nready") {
		if time.Now().After(deadline) {
			t.Fatalf("not ready in 60 s:\n%s", out.String())
		}
		select {
		case <-exited:
			t.Fatalf("atoll dev ended:\n%s", out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return c
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (c *cluster) addr(region string) string {
	for i, r := range c.regions {
		if r == region {
			return fmt.Sprintf("127.0.0.1:%d", c.base+10*i)
		}
	}
	c.t.Fatalf("no region %q", region)
	return ""
}

// at returns a client of a region's node.
func (c *cluster) at(region string) *client.Client {
	c.t.Helper()
	c.dialing.Lock()
	defer c.dialing.Unlock()
	if cl := c.clients[region]; cl != nil {
		return cl
	}
	cl, err := client.Dial(c.t.Context(), c.addr(region))
	if err != nil {
		c.t.Fatal(err)
	}
	c.clients[region] = cl
	return cl
}

// dev asks the running "atoll dev" as its own verbs do, without a process for each.
func (c *cluster) dev(verb string, args ...string) {
	c.t.Helper()
	n := len(args)
	oneWay := n > 0 && args[n-1] == "--one-way"
	if oneWay {
		args = args[:n-1]
	}
	if _, err := devcluster.Call(context.Background(), c.base, devcluster.Request{Verb: verb, Regions: args, OneWay: oneWay}); err != nil {
		c.t.Errorf("atoll dev %s %v: %v", verb, args, err)
	}
}

// isolate cuts every link.
func (c *cluster) isolate() {
	c.t.Helper()
	for i, a := range c.regions {
		for _, b := range c.regions[:i] {
			c.dev("cut", a, b)
		}
	}
}

func (c *cluster) heal() { c.t.Helper(); c.dev("heal") }

// state is what a node holds.
type state struct {
	vector string
	digest string
}

func (c *cluster) state(ctx context.Context, region string) (s state, err error) {
	d, err := c.at(region).Admin().Digest(ctx, &pb.DigestRequest{})
	if err != nil {
		return s, err
	}
	for _, sh := range d.GetShards() {
		for _, e := range sh.GetVector() {
			s.vector += fmt.Sprintf("%x:%d ", e.GetOrigin(), e.GetSeq())
		}
		s.digest += fmt.Sprintf("%x/%d ", sh.GetDigest(), sh.GetCells())
	}
	return s, nil
}

// converge waits until all regions hold the same, by vector and digest.
func (c *cluster) converge() {
	c.t.Helper()
	c.convergeOf(c.regions)
}

// convergeOf waits until some regions do.
func (c *cluster) convergeOf(regions []string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var states []state
	for {
		states = nil
		for _, r := range regions {
			s, err := c.state(ctx, r)
			if err != nil {
				s.vector = err.Error() + r
			}
			states = append(states, s)
		}
		if equal(states) {
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("not converged within %v: %+v", patience, states)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func equal(states []state) bool {
	for _, s := range states {
		if s.vector != states[0].vector {
			return false
		}
	}
	for _, s := range states {
		if s.digest != states[0].digest {
			// Equal vectors with other digests are never right, not even for a moment; the
			// caller fails when they stay so.
			return false
		}
	}
	return true
}

// members reads a set.
func members(t *testing.T, cl *client.Client, key string) string {
	t.Helper()
	var list []string
	for m, err := range cl.Set(key).Members(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(m))
	}
	return strings.Join(list, " ")
}

// get reads a string, "" when there is none.
func get(t *testing.T, cl *client.Client, key string) string {
	t.Helper()
	v, err := cl.Register(key).Get(t.Context())
	if err != nil && !isNotFound(err) {
		t.Fatal(err)
	}
	return string(v)
}
