package devcluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Node is one node of the cluster as it is shown.
type Node struct {
	Region string `json:"region"`
	PID    int    `json:"pid"`
	// State is "ready", "running" (alive but not ready), "stopped", "killed" or "died".
	State  string `json:"state"`
	GRPC   string `json:"grpc"`
	RESP   string `json:"resp"`
	HTTP   string `json:"http"`
	Gossip string `json:"gossip"`
	Data   string `json:"data_dir"`
	Log    string `json:"log"`
}

// process is a node and the process behind it.
type process struct {
	Node
	args []string

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is gone
	how    string        // how it ended
	wanted string        // the state that was asked for: "stopped" or "killed"; empty while it shall run
}

func newProcess(region string, i int, cfg *Config, dir string) *process {
	base := cfg.BasePort + portsPerNode*i
	return &process{Node: Node{
		Region: region, State: "stopped", GRPC: address(base), RESP: address(base + 1), HTTP: address(base + 2), Gossip: address(base + 3),
		Data: filepath.Join(dir, region), Log: filepath.Join(dir, region+".log"),
	}}
}

// configure makes the arguments of the node: it knows all the others from the start.
func (p *process) configure(all []*process, cluster string) {
	var peers, gossip []string
	for _, other := range all {
		if other != p {
			peers, gossip = append(peers, other.GRPC), append(gossip, other.Gossip)
		}
	}
	p.args = []string{
		"--region", p.Region, "--cluster", cluster, "--data-dir", p.Data, "--listen", p.GRPC, "--resp-listen", p.RESP, "--http-listen", p.HTTP,
		"--gossip-listen", p.Gossip, "--dev-faults=true",
	}
	if len(peers) > 0 {
		p.args = append(p.args, "--peers", strings.Join(peers, ","), "--gossip-join", strings.Join(gossip, ","))
	}
}

// start runs the process with what it must not hear from the first moment. died is called when it ends
// without having been asked to.
func (p *process) start(spawn *spawner, binary string, env []string, regions, deafTo []string, died func(*process)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.Region, err)
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	cmd := exec.Command(binary, append(p.args, cutFlags(regions, deafTo)...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	if err := spawn.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", p.Region, err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended, p.wanted, p.how = cmd, ended, "", ""
	go p.await(cmd, ended, died) // ends with the process, which stop waits for
	return nil
}

func cutFlags(regions, deafTo []string) []string {
	var flags []string
	if len(regions) > 0 {
		flags = append(flags, "--dev-cut", strings.Join(regions, ","))
	}
	if len(deafTo) > 0 {
		flags = append(flags, "--dev-deaf", strings.Join(deafTo, ","))
	}
	return flags
}

func (p *process) await(cmd *exec.Cmd, ended chan struct{}, died func(*process)) {
	_ = cmd.Wait() // the state says how it ended
	p.mu.Lock()
	p.how = cmd.ProcessState.String()
	unasked := p.wanted == ""
	p.mu.Unlock()
	if unasked {
		died(p)
	}
	close(ended)
}

// running tells whether the process is alive, and gives the channel that is closed when it is gone.
func (p *process) running() (ended chan struct{}, alive bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil, false
	}
	select {
	case <-p.ended:
		return p.ended, false
	default:
		return p.ended, true
	}
}

// end sends a signal and waits until the process is gone. After StopWait, or when hurry is closed, it is
// killed.
func (p *process) end(sig syscall.Signal, state string, hurry <-chan struct{}) {
	ended, alive := p.running()
	if !alive {
		return
	}
	p.mu.Lock()
	p.wanted = state
	cmd := p.cmd
	p.mu.Unlock()
	_ = cmd.Process.Signal(sig) // it may be gone already
	select {
	case <-ended:
		return
	case <-time.After(StopWait):
	case <-hurry:
	}
	_ = cmd.Process.Kill() // it may be gone already
	<-ended
}

// show returns the node with its present state.
func (p *process) show(ctx context.Context) Node {
	_, alive := p.running()
	ready := alive && isReady(ctx, p.HTTP)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.Node
	switch {
	case ready:
		n.PID, n.State = p.cmd.Process.Pid, "ready"
	case alive:
		n.PID, n.State = p.cmd.Process.Pid, "running"
	case p.wanted != "":
		n.State = p.wanted
	case p.cmd != nil:
		n.State = "died"
	}
	return n
}

// isReady asks the node itself.
func isReady(ctx context.Context, httpAddress string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+httpAddress+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status matters
	return response.StatusCode == http.StatusOK
}

// ending says how the process ended.
func (p *process) ending() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.how
}
