package devcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// LinkCutter tells the node at an address which regions it must not hear.
type LinkCutter func(ctx context.Context, address string, regions, deafTo []string) error

// Times of looking at nodes.
const (
	readyPoll  = 50 * time.Millisecond
	slowStart  = 3 * time.Second
	cutWait    = 5 * time.Second
	logTailMax = 2 << 10
)

// Cluster is a set of nodes that runs as long as Run.
type Cluster struct {
	cfg       Config
	dir       string
	temporary bool
	id        string
	spawn     *spawner
	nodes     []*process
	hurry     chan struct{} // closed by Hurry
	hurryOnce sync.Once

	mu      sync.Mutex // one command at a time
	cuts    cuts
	cutsMu  sync.Mutex // guards cuts for Status while a command runs
	started bool       // all nodes were ready once; guarded by cutsMu
}

// Status is what runs.
type Status struct {
	Cluster  string `json:"cluster"`
	BasePort int    `json:"base_port"`
	Data     string `json:"data_dir"`
	Nodes    []Node `json:"nodes"`
	Cuts     []Cut  `json:"cuts"`
}

// ErrPortsInUse is returned when something else listens where nodes should.
var ErrPortsInUse = errors.New("ports are in use")

// New checks the configuration. Nothing is started or written before Run.
func New(cfg Config) (*Cluster, error) {
	cfg.setDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Cluster{cfg: cfg, spawn: newSpawner(), hurry: make(chan struct{})}, nil
}

// Hurry makes a cluster that is stopping kill what is left.
func (c *Cluster) Hurry() { c.hurryOnce.Do(func() { close(c.hurry) }) }

// Run starts every node, serves commands, and stops every node when ctx ends. It returns an error when
// the cluster could not start.
func (c *Cluster) Run(ctx context.Context) (err error) {
	listener, err := listenControl(c.cfg.BasePort)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // closed below already; here for early returns
	if err := c.prepare(); err != nil {
		return err
	}
	quit := make(chan struct{})
	var workers sync.WaitGroup
	workers.Go(func() { c.spawn.run(quit) })
	defer func() {
		c.stopAll()
		close(quit)
		workers.Wait()
		err = errors.Join(err, c.clean())
	}()
	if err := c.startAll(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while starting: nothing went wrong
		}
		return err
	}
	workers.Go(func() { c.serve(ctx, listener) })
	call(c.cfg.Events.Ready, c.Status(ctx))
	<-ctx.Done()
	_ = listener.Close() // ends serve
	if c.cfg.Events.Stopping != nil {
		c.cfg.Events.Stopping()
	}
	return nil
}

func call[T any](event func(T), with T) {
	if event != nil {
		event(with)
	}
}

// prepare makes the directory, reads or draws the cluster id, and lays out the nodes.
func (c *Cluster) prepare() (err error) {
	layout := func() {
		c.nodes = nil
		for i, region := range c.cfg.Regions {
			c.nodes = append(c.nodes, newProcess(region, i, &c.cfg, c.dir))
		}
	}
	layout() // ports are looked at before anything is written
	if used := portsInUse(c.nodes); len(used) > 0 {
		return fmt.Errorf("%w: %s", ErrPortsInUse, strings.Join(used, ", "))
	}
	if c.dir = c.cfg.Data; c.dir == "" {
		c.temporary = true
		if c.dir, err = os.MkdirTemp("", "atoll-dev-"); err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return fmt.Errorf("find the data directory: %w", err)
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if c.id, err = clusterID(c.dir); err != nil {
		return err
	}
	layout()
	for _, n := range c.nodes {
		n.configure(c.nodes, c.id)
	}
	return nil
}

// clusterID reads the id of the cluster whose data dir holds, or draws one.
func clusterID(dir string) (string, error) {
	path := filepath.Join(dir, "cluster")
	text, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(text)); err == nil && id != "" {
		return id, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the cluster id: %w", err)
	}
	id := "dev-" + strings.ToLower(rand.Text()[:10])
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the cluster id: %w", err)
	}
	return id, nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	for _, n := range c.nodes {
		if err := c.launch(n); err != nil {
			return err
		}
	}
	slow := time.AfterFunc(slowStart, func() { call(c.cfg.Events.Waiting, c.notReady(ctx)) })
	defer slow.Stop()
	for _, n := range c.nodes {
		if err := c.awaitReady(ctx, n); err != nil {
			return err
		}
	}
	c.cutsMu.Lock()
	defer c.cutsMu.Unlock()
	c.started = true
	return nil
}

func (c *Cluster) notReady(ctx context.Context) []string {
	var out []string
	for _, n := range c.nodes {
		if !isReady(ctx, n.HTTP) {
			out = append(out, n.Region)
		}
	}
	return out
}

func (c *Cluster) launch(n *process) error {
	c.cutsMu.Lock()
	regions, deafTo := c.cuts.of(n.Region)
	c.cutsMu.Unlock()
	return n.start(c.spawn, c.cfg.Binary, c.cfg.Env, regions, deafTo, c.onDeath)
}

func (c *Cluster) onDeath(n *process) {
	c.cutsMu.Lock()
	started := c.started
	c.cutsMu.Unlock()
	if started && c.cfg.Events.Died != nil {
		c.cfg.Events.Died(n.Node, n.ending(), tail(n.Log, logTailMax))
	}
}

// awaitReady returns when the node wants traffic, or says why it never will.
func (c *Cluster) awaitReady(ctx context.Context, n *process) error {
	deadline := time.Now().Add(ReadyWait)
	for !isReady(ctx, n.HTTP) {
		switch _, alive := n.running(); {
		case ctx.Err() != nil:
			return ctx.Err()
		case !alive:
			return fmt.Errorf("the node of %s ended before it was ready (%s); its log says:\n%s", n.Region, n.ending(), tail(n.Log, logTailMax))
		case time.Now().After(deadline):
			return fmt.Errorf("the node of %s was not ready after %s; its log says:\n%s", n.Region, ReadyWait, tail(n.Log, logTailMax))
		}
		select {
		case <-ctx.Done():
		case <-time.After(readyPoll):
		}
	}
	return nil
}

// serve answers commands until the listener is closed, and waits for those that run.
func (c *Cluster) serve(ctx context.Context, listener net.Listener) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		running.Go(func() { c.serveConn(ctx, conn) })
	}
}

// stopAll ends every node in order: SIGTERM to all, SIGKILL to those that take too long.
func (c *Cluster) stopAll() {
	var ending sync.WaitGroup
	for _, n := range c.nodes {
		ending.Go(func() { n.end(syscall.SIGTERM, "stopped", c.hurry) })
	}
	ending.Wait()
}

// clean removes a temporary directory unless it shall be kept.
func (c *Cluster) clean() error {
	if !c.temporary || c.cfg.Keep {
		return nil
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove the temporary data: %w", err)
	}
	return nil
}

// Status shows every node and every cut.
func (c *Cluster) Status(ctx context.Context) Status {
	st := Status{Cluster: c.id, BasePort: c.cfg.BasePort, Data: c.dir, Nodes: make([]Node, len(c.nodes)), Cuts: []Cut{}}
	var asking sync.WaitGroup
	for i, n := range c.nodes {
		asking.Go(func() { st.Nodes[i] = n.show(ctx) })
	}
	asking.Wait()
	c.cutsMu.Lock()
	defer c.cutsMu.Unlock()
	st.Cuts = append(st.Cuts, slices.Clone(c.cuts.all)...)
	return st
}
