package e2e

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/freeport"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

var rounds = flag.Int("rounds", 2, "how many old snapshots and how many clones are started")

// lone is a node that the test runs itself, beside "atoll dev".
type lone struct {
	cmd  *exec.Cmd
	addr string
	http string
	log  *syncBuffer
	done chan struct{}
}

// runNode starts a node of a region of the cluster on a directory; base is its first port.
func (c *cluster) runNode(region, dir string, base int, more ...string) *lone {
	c.t.Helper()
	n := c.launchNode(region, dir, base, more...)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", n.addr)
		if err == nil {
			ok(c.t, conn.Close())
			return n
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s does not listen: %v\n%s", n.addr, err, n.log)
		}
	}
}

// launchNode starts it and does not wait: it may refuse to run.
func (c *cluster) launchNode(region, dir string, base int, more ...string) *lone {
	c.t.Helper()
	id, err := os.ReadFile(filepath.Join(c.dir, "cluster"))
	ok(c.t, err)
	var peers []string
	for _, r := range c.regions {
		if r != region {
			peers = append(peers, c.addr(r))
		}
	}
	n := &lone{addr: fmt.Sprintf("127.0.0.1:%d", base), http: fmt.Sprintf("127.0.0.1:%d", base+2), log: &syncBuffer{}, done: make(chan struct{})}
	n.cmd = exec.Command(filepath.Join(binaries, "atolld"), append([]string{
		"--region", region, "--cluster", strings.TrimSpace(string(id)), "--data-dir", dir, "--listen", n.addr, "--resp-listen", "", "--http-listen", n.http,
		"--gossip-listen", "", "--peers", strings.Join(peers, ","), "--dev-faults=true",
	}, more...)...)
	if c.openFiles > 0 {
		n.cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, c.openFiles)}, n.cmd.Args...)
		n.cmd.Path = "/bin/sh"
	}
	n.cmd.Stderr = n.log
	ok(c.t, n.cmd.Start())
	go func() { _ = n.cmd.Wait(); close(n.done) }()
	c.t.Cleanup(n.kill)
	return n
}

// end sends a signal and waits until the process is gone.
func (n *lone) end(sig syscall.Signal) {
	_ = n.cmd.Process.Signal(sig) // it may be gone already
	<-n.done
}

func (n *lone) kill() { n.end(syscall.SIGKILL) }

// patience is how long tests wait for what must come: longer than a busy machine takes.
const patience = 2 * time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// writers add members of their own to one set, and remember what was acknowledged.
type writers struct {
	mu    sync.Mutex
	acked map[string]bool // guarded by mu
	n     int             // guarded by mu
}

// run writes at a node until stop is closed. What is refused or unknown is no failure.
func (w *writers) run(t *testing.T, cl *client.Client, name string, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		w.mu.Lock()
		w.n++
		member := fmt.Sprintf("%s-%d", name, w.n)
		w.mu.Unlock()
		_, err := cl.Set("s").Add(t.Context(), member)
		switch {
		case err == nil:
			w.mu.Lock()
			w.acked[member] = true
			w.mu.Unlock()
		case errors.Is(err, client.ErrUnavailable), errors.Is(err, client.ErrUnknown):
			time.Sleep(10 * time.Millisecond)
		default:
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// audit checks that every region holds everything that was acknowledged.
func (w *writers) audit(t *testing.T, c *cluster) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range c.regions {
		have := map[string]bool{}
		for m, err := range c.at(r).Set("s").Members(t.Context()) {
			ok(t, err)
			have[string(m)] = true
		}
		missing := 0
		for m := range w.acked {
			if !have[m] {
				missing++
			}
		}
		if missing > 0 || len(w.acked) == 0 {
			t.Errorf("%s lacks %d of %d acknowledged members", r, missing, len(w.acked))
		}
	}
}

// during runs load at some regions while something is done.
func (c *cluster) during(w *writers, regions []string, do func()) {
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, r := range regions {
		cl := c.at(r)
		load.Go(func() { w.run(c.t, cl, r, stop) })
	}
	do()
	close(stop)
	load.Wait()
}

// copyDir copies a directory as people do.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
}

// TestOldSnapshotsComeBack: again and again a region's directory is replaced by an older
// copy of it while the others go on, and its clock is set back too. Nothing diverges, and
// what was acknowledged and replicated is there.
func TestOldSnapshotsComeBack(t *testing.T) {
	c := start(t, three)
	w := &writers{acked: map[string]bool{}}
	eu := filepath.Join(c.dir, "eu")
	for round := range *rounds {
		c.during(w, three, func() { time.Sleep(100 * time.Millisecond) })
		c.dev("kill", "eu")
		old := filepath.Join(t.TempDir(), "old")
		copyDir(t, eu, old)
		c.dev("start", "eu")
		c.during(w, three, func() { time.Sleep(300 * time.Millisecond) })
		c.converge()
		c.dev("kill", "eu")
		ok(t, os.RemoveAll(eu))
		ok(t, os.Rename(old, eu))
		offset := filepath.Join(t.TempDir(), "offset")
		ok(t, os.WriteFile(offset, []byte("-1h"), 0o600))
		c.during(w, three, func() {
			n := c.runNode("eu", eu, portOf(t, c.addr("eu")), "--dev-clock-offset-file", offset)
			time.Sleep(1500 * time.Millisecond)
			ok(t, os.WriteFile(offset, []byte("0s"), 0o600))
			eventually(t, "eu takes writes again", func() bool {
				_, err := c.at("eu").Set("s").Add(t.Context(), "x")
				return err == nil
			})
			time.Sleep(200 * time.Millisecond)
			n.end(syscall.SIGTERM)
		})
		c.dev("start", "eu")
		c.converge()
		w.audit(t, c)
		if t.Failed() {
			t.Fatalf("failed in round %d", round)
		}
	}
	t.Logf("%d rounds, %d writes acknowledged", *rounds, len(w.acked))
}

func portOf(t *testing.T, address string) (port int) {
	t.Helper()
	_, err := fmt.Sscanf(address, "127.0.0.1:%d", &port)
	ok(t, err)
	return port
}

// TestClonesAreDetected: again and again a region's directory is copied and the copy
// started beside it. Within 10 s its peers and both processes raise an alarm, and both
// refuse writes, until one is stopped. Nothing diverges.
func TestClonesAreDetected(t *testing.T) {
	c := start(t, three)
	w := &writers{acked: map[string]bool{}}
	var slowest time.Duration
	for round := range *rounds {
		c.during(w, three, func() { time.Sleep(100 * time.Millisecond) })
		c.dev("kill", "eu")
		dir := filepath.Join(t.TempDir(), "clone")
		copyDir(t, filepath.Join(c.dir, "eu"), dir)
		c.dev("start", "eu")
		base, err := freeport.Base(10)
		ok(t, err)
		c.during(w, three, func() {
			began := time.Now()
			clone := c.runNode("eu", dir, base)
			cl, err := client.Dial(t.Context(), clone.addr)
			ok(t, err)
			defer cl.Close()
			// One write of the clone's own before anybody knows, if it gets that far.
			_, _ = cl.Set("clone").Add(t.Context(), fmt.Sprint("round-", round))
			eventually(t, "everybody is alarmed", func() bool {
				return alarmed(t, c.at("us"), "eu/n1") && alarmed(t, c.at("ap"), "eu/n1") &&
					alarmed(t, c.at("eu"), "second process") && alarmed(t, cl, "second process")
			})
			slowest = max(slowest, time.Since(began))
			for name, node := range map[string]*client.Client{"the original": c.at("eu"), "the clone": cl} {
				var e *client.Error
				if _, err := node.Set("refused").Add(t.Context(), "x"); !errors.As(err, &e) || e.Code != "CLONED" {
					t.Errorf("%s took a write: %v", name, err)
				}
				if _, err := node.Set("s").Len(t.Context()); err != nil {
					t.Errorf("%s refused a read: %v", name, err)
				}
			}
			if log := clone.log.String(); !strings.Contains(log, "alarm=clone") {
				t.Errorf("no alarm in the clone's log:\n%s", log)
			}
			clone.end([]syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}[round%2])
			eventually(t, "the original takes writes again, and no alarm is left", func() bool {
				_, err := c.at("eu").Set("s").Add(t.Context(), "x")
				return err == nil && !alarmed(t, c.at("eu"), "") && !alarmed(t, c.at("us"), "")
			})
		})
		c.converge()
		w.audit(t, c)
		if n := must(c.at("us").Set("refused").Len(t.Context()))(t); n != 0 {
			t.Errorf("%d refused writes are there", n)
		}
		if t.Failed() {
			t.Fatalf("failed in round %d", round)
		}
	}
	t.Logf("%d rounds, %d writes acknowledged, slowest detection %v", *rounds, len(w.acked), slowest)
}

// alarmed tells whether a node has an alarm with a text in it.
func alarmed(t *testing.T, cl *client.Client, text string) bool {
	t.Helper()
	st, err := cl.Admin().Status(t.Context(), &pb.StatusRequest{})
	ok(t, err)
	for _, a := range st.GetAlarms() {
		if strings.Contains(a, text) {
			return true
		}
	}
	return false
}
