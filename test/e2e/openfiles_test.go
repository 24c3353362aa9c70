package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

// openFiles is how many files the process has open.
func (n *lone) openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", n.cmd.Process.Pid))
	ok(t, err)
	return len(list)
}

// crowd opens connections to an address until it has n, and keeps those that stay open.
func crowd(t *testing.T, address string, n int) (conns []net.Conn) {
	t.Helper()
	for range n {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			continue // the node need not take it
		}
		conns = append(conns, c)
		t.Cleanup(func() { _ = c.Close() })
	}
	return conns
}

// TestFewOpenFiles: a node may open 256 files, and clients want 800. Those beyond what there is
// room for are told so at both doors; the node stores, replicates and answers operators, also when a
// peer connects anew; when they leave there is room again.
func TestFewOpenFiles(t *testing.T) {
	const files = 256
	c := start(t, three)
	c.dev("kill", "eu")
	base := portOf(t, c.addr("eu"))
	c.openFiles = files
	n := c.runNode("eu", filepath.Join(c.dir, "eu"), base, "--resp-listen", c.resp("eu"))
	eventually(t, "it says what there is room for", func() bool {
		return strings.Contains(n.log.String(), "27 connections of clients at each address")
	})

	var sessions []*client.Client
	var refused error
	for range 40 { // more than there is room for
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		cl, err := client.Dial(ctx, n.addr)
		cancel()
		if err != nil {
			refused = err
			break
		}
		t.Cleanup(func() { _ = cl.Close() })
		sessions = append(sessions, cl)
	}
	if len(sessions) == 0 || refused == nil || !strings.Contains(refused.Error(), "no room for more") {
		t.Errorf("%d sessions, then: %v", len(sessions), refused)
	}
	crowd(t, n.addr, 20) // who ask for nothing
	conns := crowd(t, c.resp("eu"), 400)
	if len(conns) == 0 {
		t.Fatal("no connection to the Redis door")
	}
	told := "nothing"
	ok(t, conns[len(conns)-1].SetReadDeadline(time.Now().Add(time.Minute)))
	if line, err := bufio.NewReader(conns[len(conns)-1]).ReadString('\n'); err == nil {
		told = line
	}
	if !strings.Contains(told, "max number of clients") {
		t.Errorf("one too many is told %q", told)
	}
	if open := n.openFiles(t); open > files-64 {
		t.Errorf("%d of %d files are open", open, files)
	}
	ok(t, sessions[0].Register("while").Set(t.Context(), make([]byte, 1<<20)))
	eventually(t, "us has what eu wrote", func() bool { return get(t, c.at("us"), "while") != "" })

	c.dev("kill", "us")
	c.dev("start", "us")
	ok(t, c.at("us").Register("anew").Set(t.Context(), []byte("v")))
	eventually(t, "eu has what us, which came anew, wrote", func() bool { return get(t, sessions[0], "anew") == "v" })
	ok(t, sessions[0].Register("back").Set(t.Context(), []byte("v")))
	eventually(t, "us, which came anew, has what eu wrote", func() bool { return get(t, c.at("us"), "back") == "v" })
	eventually(t, "an operator is answered", func() bool { _, code := c.cli("eu", "status"); return code == 0 })
	for _, conn := range conns {
		_ = conn.Close()
	}
	for _, s := range sessions[1:] {
		_ = s.Close()
	}
	eventually(t, "there is room again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		cl, err := client.Dial(ctx, n.addr)
		if err != nil {
			return false
		}
		return cl.Close() == nil
	})
	if strings.Contains(n.log.String(), "panic") {
		t.Errorf("it panicked:\n%s", n.log)
	}
	n.end(syscall.SIGTERM)
	if code := n.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.log)
	}
	c.openFiles = 100
	refuses := c.launchNode("eu", filepath.Join(c.dir, "eu"), base)
	<-refuses.done
	if out := refuses.log.String(); !strings.Contains(out, "may open 100 files (ulimit -n); need at least 256") {
		t.Errorf("with 100 files it says:\n%s", out)
	}
}
