package membership

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testCuts is a set of regions to keep silent towards.
type testCuts struct {
	mu      sync.Mutex
	blocked []string
	deaf    []string
	changed chan struct{}
}

func newTestCuts() *testCuts { return &testCuts{changed: make(chan struct{})} }

func (c *testCuts) Blocked(r string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.blocked, r)
}

func (c *testCuts) Deaf(r string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.deaf, r)
}

func (c *testCuts) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

func (c *testCuts) set(blocked, deaf []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked, c.deaf = blocked, deaf
	close(c.changed)
	c.changed = make(chan struct{})
}

// fast makes the gossip engine live through minutes in about a second.
func fast(c *memberlist.Config) {
	c.ProbeInterval, c.ProbeTimeout = 60*time.Millisecond, 30*time.Millisecond
	c.GossipInterval, c.GossipToTheDeadTime = 20*time.Millisecond, 150*time.Millisecond
	c.PushPullInterval = 0 // only our own loop may heal
	c.SuspicionMult, c.SuspicionMaxTimeoutMult = 2, 1
	c.DeadNodeReclaimTime = 100 * time.Millisecond
	c.TCPTimeout = time.Second
}

// started is a running cluster member.
type started struct {
	*Cluster
	stop   func()
	mu     sync.Mutex
	lines  bytes.Buffer // guarded by mu
	events []string     // guarded by mu
}

func start(t *testing.T, region string, change ...func(*Config)) *started {
	t.Helper()
	s := &started{}
	cfg := Config{
		Cluster: "reef", Self: Member{Region: region, Node: "n1", Address: region + ":7000", HTTPAddress: region + ":7002"},
		Listen: "127.0.0.1:0", RejoinInterval: 100 * time.Millisecond, LeaveTimeout: 300 * time.Millisecond, tune: fast,
		Events: Events{
			Log: func(level, line string) { s.mu.Lock(); fmt.Fprintln(&s.lines, level, line); s.mu.Unlock() },
			Changed: func(m Member) {
				s.mu.Lock()
				s.events = append(s.events, m.Name()+" "+m.State.String())
				s.mu.Unlock()
			},
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Cluster = c
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	select {
	case <-c.Started():
	case err := <-done:
		t.Fatalf("run: %v", err)
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func seeds(of ...*started) func(*Config) {
	return func(c *Config) {
		for _, s := range of {
			c.Seeds = append(c.Seeds, s.Address())
		}
	}
}

func (s *started) see() string {
	var out []string
	for _, m := range s.Members() {
		out = append(out, m.Region+"="+m.State.String())
	}
	return strings.Join(out, " ")
}

func (s *started) awaits(t *testing.T, want string) {
	t.Helper()
	const within = time.Minute
	for end := time.Now().Add(within); s.see() != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("%s does not see %s within %v but %s; it was told %q and logged\n%s",
				s.cfg.Self.Name(), want, within, s.see(), s.events, s.lines.String())
		}
	}
}

func TestThreeNodesFindEachOther(t *testing.T) {
	eu := start(t, "eu")
	us := start(t, "us", seeds(eu))
	ap := start(t, "ap", seeds(us))
	all := "ap=alive eu=alive us=alive"
	for _, s := range []*started{eu, us, ap} {
		s.awaits(t, all)
	}
	for _, m := range eu.Members() {
		if m.Address != m.Region+":7000" || m.HTTPAddress != m.Region+":7002" {
			t.Errorf("addresses of %s: %q and %q", m.Name(), m.Address, m.HTTPAddress)
		}
		if m.Self != (m.Region == "eu") {
			t.Errorf("self of %s is %v", m.Name(), m.Self)
		}
	}
	us.stop()
	eu.awaits(t, "ap=alive eu=alive us=left")
	eu.mu.Lock()
	defer eu.mu.Unlock()
	if !slices.Contains(eu.events, "us/n1 left") {
		t.Errorf("events %q do not tell that us left", eu.events)
	}
}

func TestRel_MemberlistRejoin(t *testing.T) {
	euCuts, usCuts := newTestCuts(), newTestCuts()
	eu := start(t, "eu", func(c *Config) { c.Cuts = euCuts })
	us := start(t, "us", seeds(eu), func(c *Config) { c.Cuts = usCuts })
	both := "eu=alive us=alive"
	eu.awaits(t, both)
	us.awaits(t, both)

	euCuts.set([]string{"us"}, nil)
	usCuts.set([]string{"eu"}, nil)
	eu.awaits(t, "eu=alive us=dead")
	us.awaits(t, "eu=dead us=alive")
	// Longer than gossip to the dead: by now the engines have forgotten each other.
	time.Sleep(500 * time.Millisecond)
	eu.awaits(t, "eu=alive us=dead")

	euCuts.set(nil, nil)
	usCuts.set(nil, nil)
	eu.awaits(t, both)
	us.awaits(t, both)
}

func TestRejoinNeedsNoSeeds(t *testing.T) {
	eu := start(t, "eu")
	us := start(t, "us", seeds(eu))
	eu.awaits(t, "eu=alive us=alive")
	us.awaits(t, "eu=alive us=alive") // before, it would know nobody to say goodbye to
	known := us.Members()
	us.stop()
	eu.awaits(t, "eu=alive us=left")
	// Started again with an empty configuration: what it remembers is enough.
	us = start(t, "us", func(c *Config) { c.Known = known; c.Listen = us.Address() })
	us.awaits(t, "eu=alive us=alive")
	eu.awaits(t, "eu=alive us=alive")
}

func TestRememberedMembersAreUnknownUntilHeard(t *testing.T) {
	gone := Member{Region: "eu", Node: "n1", GossipAddress: "127.0.0.1:1", State: Alive}
	us := start(t, "us", func(c *Config) { c.Known = []Member{gone} })
	us.awaits(t, "eu=unknown us=alive")
}

func TestCutHoldsInEachDirection(t *testing.T) {
	tests := []struct {
		name          string
		blocked, deaf []string
	}{
		{"a blocked region is neither heard nor answered", []string{"us"}, nil},
		{"a region that is not heard cannot become a member", nil, []string{"us"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cuts := newTestCuts()
			cuts.set(tt.blocked, tt.deaf)
			eu := start(t, "eu", func(c *Config) { c.Cuts = cuts })
			us := start(t, "us", seeds(eu), func(c *Config) { c.Cuts = newTestCuts() })
			time.Sleep(300 * time.Millisecond)
			if got := eu.see(); got != "eu=alive" {
				t.Errorf("eu sees %s", got)
			}
			cuts.set(nil, nil)
			eu.awaits(t, "eu=alive us=alive")
			us.awaits(t, "eu=alive us=alive")
		})
	}
}

func TestStrangersAreRefused(t *testing.T) {
	key := func(b byte) func(*Config) {
		return func(c *Config) { c.Key = bytes.Repeat([]byte{b}, KeyBytes) }
	}
	cluster := func(name string) func(*Config) { return func(c *Config) { c.Cluster = name } }
	none := func(*Config) {}
	tests := []struct {
		name   string
		eu, us func(*Config)
	}{
		{"another cluster", cluster("reef"), cluster("atoll")},
		{"another cluster with the same key", func(c *Config) { key(1)(c); c.Cluster = "a" }, func(c *Config) { key(1)(c); c.Cluster = "b" }},
		{"another key", key(1), key(2)},
		{"a key against none", key(1), none},
		{"none against a key", none, key(1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eu := start(t, "eu", tt.eu)
			us := start(t, "us", tt.us, seeds(eu))
			time.Sleep(400 * time.Millisecond)
			if a, b := eu.see(), us.see(); a != "eu=alive" || b != "us=alive" {
				t.Errorf("eu sees %q, us sees %q", a, b)
			}
		})
	}
}

func TestSameKeyIsAccepted(t *testing.T) {
	key := func(c *Config) { c.Key = bytes.Repeat([]byte{7}, KeyBytes) }
	eu := start(t, "eu", key)
	us := start(t, "us", key, seeds(eu))
	us.awaits(t, "eu=alive us=alive")
}

func TestSecondNodeOfANameIsReported(t *testing.T) {
	conflicts := make(chan string, 64)
	eu := start(t, "eu", func(c *Config) {
		c.Events.Conflict = func(name, known, other string) {
			select {
			case conflicts <- name:
			default:
			}
		}
	})
	start(t, "us", seeds(eu))
	eu.awaits(t, "eu=alive us=alive")
	start(t, "us", seeds(eu))
	select {
	case name := <-conflicts:
		if name != "us/n1" {
			t.Errorf("conflict about %s", name)
		}
	case <-time.After(time.Minute):
		t.Error("no conflict was reported")
	}
}

func TestRunNamesTheAddressThatIsTaken(t *testing.T) {
	eu := start(t, "eu")
	c, err := New(Config{Cluster: "reef", Self: Member{Region: "us", Node: "n1"}, Listen: eu.Address()})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "gossip on "+eu.Address()) {
		t.Errorf("got %v", err)
	}
}

func TestSilentStreamsAreBounded(t *testing.T) {
	eu := start(t, "eu")
	for range 3 * maxOpening {
		conn, err := dial(eu.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	eu.mu.Lock()
	defer eu.mu.Unlock()
	if n := strings.Count(eu.lines.String(), "ERR"); n > maxOpening {
		t.Errorf("%d errors logged", n)
	}
}

func TestValidateReportsEveryProblem(t *testing.T) {
	_, err := New(Config{Listen: "nowhere", Seeds: []string{"x"}, Key: []byte("short")})
	for _, want := range []string{"cluster: required", "region and node: required", `gossip.listen: "nowhere"`, `gossip.join: "x"`, "gossip.key: 5 bytes; need 32"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in %v", want, err)
		}
	}
}
