package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/freeport"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// address returns a free loopback address, for TCP and UDP.
func address(t *testing.T) string {
	t.Helper()
	a, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// running is a node and the way to stop it.
type running struct {
	*Node
	stop func() error
}

func testConfig(t *testing.T, region string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Region, cfg.DataDir = region, t.TempDir()
	cfg.Listen, cfg.RESP.Listen, cfg.HTTPListen, cfg.Gossip.Listen = address(t), address(t), address(t), address(t)
	cfg.CacheBytes, cfg.Dev.Faults, cfg.DrainTimeout = 8<<20, true, 5*time.Second
	return cfg
}

// testLog takes log lines; only errors are shown, with -v all.
func testLog(t *testing.T) *slog.Logger {
	var w io.Writer = io.Discard
	if testing.Verbose() {
		w = t.Output()
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func launch(t *testing.T, cfg Config) *running {
	t.Helper()
	n, err := Open(cfg, Options{Wall: clock.NewSystem(), Logger: testLog(t), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	r := &running{Node: n, stop: sync.OnceValue(func() error { cancel(); return <-done })}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("%s stopped: %v", cfg.Region, err)
		}
	})
	return r
}

// trio starts three nodes that know each other by gossip alone.
func trio(t *testing.T, change ...func(*Config)) (nodes []*running) {
	t.Helper()
	var seed string
	for _, region := range []string{"us", "eu", "ap"} {
		cfg := testConfig(t, region)
		for _, f := range change {
			f(&cfg)
		}
		if seed != "" {
			cfg.Gossip.Join = []string{seed}
		} else {
			seed = cfg.Gossip.Listen
		}
		nodes = append(nodes, launch(t, cfg))
	}
	serving(t, nodes...)
	return nodes
}

// serving waits until clients are answered: new nodes first meet somebody.
func serving(t *testing.T, nodes ...*running) {
	t.Helper()
	for _, n := range nodes {
		eventually(t, n.cfg.Region+" serves", func() bool { return n.ready() == nil })
	}
}

func (r *running) do(t *testing.T, cmd keyspace.Command) keyspace.Reply {
	t.Helper()
	replies, err := r.dispatcher.Do(t.Context(), "", cmd)
	if err != nil {
		t.Fatalf("%s in %s: %v", cmd.Name(), r.cfg.Region, err)
	}
	return replies[0]
}

func (r *running) get(t *testing.T, key string) string {
	t.Helper()
	return string(r.do(t, command.Get{Key: []byte(key)}).Value)
}

func set(key, value string) keyspace.Command {
	return command.Set{Key: []byte(key), Value: []byte(value)}
}

// eventually waits, with more patience than a busy machine needs.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	const patience = time.Minute
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func converged(t *testing.T, nodes []*running) func() bool {
	return func() bool {
		var first keyspace.Digest
		for i, n := range nodes {
			d, err := n.shard.Digest(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = d
			}
			if !d.Vector.Equal(first.Vector) {
				return false
			}
			if d.Sum != first.Sum {
				t.Fatalf("equal vectors %v, different digests", d.Vector)
			}
		}
		return first.Vector.Len() > 0
	}
}

func TestThreeNodesConvergeThroughCutAndRestart(t *testing.T) {
	nodes := trio(t)
	us, eu, ap := nodes[0], nodes[1], nodes[2]
	us.do(t, set("greeting", "hello"))
	eventually(t, "the write of us is read in eu and ap", func() bool {
		return eu.get(t, "greeting") == "hello" && ap.get(t, "greeting") == "hello"
	})

	// ap alone: writes go on at both sides.
	for _, n := range []*running{us, eu} {
		n.cuts.Set([]string{"ap"}, nil)
	}
	ap.cuts.Set([]string{"us", "eu"}, nil)
	const each = 50
	var writers sync.WaitGroup
	for _, n := range nodes {
		writers.Go(func() {
			for range each {
				if _, err := n.dispatcher.Do(t.Context(), "", command.Incr{Key: []byte("n"), Delta: 1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if got := ap.get(t, "n"); got != fmt.Sprint(each) {
		t.Errorf("ap counts %s while it is alone", got)
	}

	// us restarts meanwhile.
	cfg := us.cfg
	if err := us.stop(); err != nil {
		t.Fatal(err)
	}
	us = launch(t, cfg)
	nodes[0] = us
	if len(us.roster.known()) != 2 {
		t.Errorf("us remembers %v", us.roster.known())
	}
	us.do(t, command.Incr{Key: []byte("n"), Delta: 1})
	for _, n := range nodes {
		n.cuts.Set(nil, nil)
	}
	eventually(t, "all nodes are equal", converged(t, nodes))
	for _, n := range nodes {
		if got := n.get(t, "n"); got != fmt.Sprint(3*each+1) {
			t.Errorf("%s counts %s, want %d", n.cfg.Region, got, 3*each+1)
		}
	}
}

func TestPeersFindEachOtherWithoutGossip(t *testing.T) {
	a, b := testConfig(t, "us"), testConfig(t, "eu")
	a.Gossip.Listen, b.Gossip.Listen = "", ""
	a.HTTPListen, b.HTTPListen = "", ""
	a.Peers, b.Peers = []string{b.Listen}, []string{a.Listen}
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.do(t, set("k", "v"))
	eventually(t, "eu reads it", func() bool { return eu.get(t, "k") == "v" })
	eventually(t, "eu is a member", func() bool { return len(us.roster.all()) == 2 })
}

func fetch(t *testing.T, address, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestHTTPShowsHealthAndMetricsWithoutKeys(t *testing.T) {
	nodes := trio(t)
	us := nodes[0]
	us.do(t, set("a-secret-key", "a-secret-value"))
	eventually(t, "all nodes are equal", converged(t, nodes))
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := fetch(t, us.cfg.HTTPListen, path); code != 200 || body != "ok\n" {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	code, body := fetch(t, us.cfg.HTTPListen, "/metrics")
	if code != 200 {
		t.Fatalf("metrics: %d\n%s", code, body)
	}
	for _, want := range []string{
		`atoll_build_info{cluster="atoll",node="n1",region="us",version="test"} 1`,
		`atoll_peer_connected{peer_node="eu/n1",peer_region="eu"} 1`,
		"atoll_commits_total 1", "atoll_updates_applied 1", "atoll_ready 1", "atoll_members{gossip=\"alive\"} 3",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in metrics", want)
		}
	}
	if strings.Contains(body, "secret") {
		t.Error("metrics name a key or value")
	}
	us.draining.Store(true)
	if code, body := fetch(t, us.cfg.HTTPListen, "/readyz"); code != 503 || body != "draining\n" {
		t.Errorf("readyz while draining: %d %s", code, body)
	}
}

func TestAnothersDataDirIsRefused(t *testing.T) {
	cfg := testConfig(t, "us")
	n := launch(t, cfg)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		`belongs to cluster "atoll"; this is "other"`: func(c *Config) { c.Cluster = "other" },
		`belongs to node "us/n1"; this is "eu/n1"`:    func(c *Config) { c.Region = "eu" },
	} {
		other := cfg
		change(&other)
		_, err := Open(other, Options{Wall: clock.NewSystem()})
		var owner *OwnerError
		if !errors.As(err, &owner) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	// The refusals left nothing behind.
	launch(t, cfg)
}

func TestOpenRefusesWhatIsTaken(t *testing.T) {
	cfg := testConfig(t, "us")
	launch(t, cfg)
	if _, err := Open(cfg, Options{Wall: clock.NewSystem()}); !errors.Is(err, store.ErrInUse) {
		t.Errorf("same directory: %v", err)
	}
	other := testConfig(t, "eu")
	other.Listen = cfg.Listen
	if _, err := Open(other, Options{Wall: clock.NewSystem()}); err == nil || !strings.Contains(err.Error(), "listen: listen tcp "+cfg.Listen) {
		t.Errorf("same address: %v", err)
	}
	// What it had taken before is free again.
	other.Listen = address(t)
	launch(t, other)
}

// stopped is a clock that shows one time.
type stopped int64

func (s stopped) Read() (int64, time.Duration) { return int64(s), 0 }

func TestAClockOfAnotherAgeIsRefused(t *testing.T) {
	for _, year := range []int{1970, 2023, 2100, 2262} {
		wall := stopped(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
		_, err := Open(testConfig(t, "us"), Options{Wall: wall})
		if err == nil || !strings.Contains(err.Error(), "clock says "+fmt.Sprint(year)) {
			t.Errorf("%d: %v", year, err)
		}
	}
}

func TestANodeStartsCutOff(t *testing.T) {
	cfg := testConfig(t, "us")
	cfg.Dev.Cut, cfg.Dev.Deaf = []string{"eu"}, []string{"ap"}
	n := launch(t, cfg)
	if !n.cuts.Blocked("eu") || !n.cuts.Deaf("ap") || n.cuts.Blocked("ap") {
		t.Fatal("dev.cut and dev.deaf do not hold from the start")
	}
	cfg.Dev.Faults = false
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "need dev.faults") {
		t.Fatalf("dev.cut without dev.faults: %v", err)
	}
}
