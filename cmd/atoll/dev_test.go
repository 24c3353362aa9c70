package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/devcluster"
)

func TestDevReportsADeathAndCleansUp(t *testing.T) {
	t.Parallel()
	base, tmp := freePorts(t), t.TempDir()
	errs, err := os.Create(filepath.Join(tmp, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	cmd := exec.Command(filepath.Join(binaries, "atoll"), "dev", "--regions", "us,eu", "--base-port", strconv.Itoa(base))
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "ATOLL_LOG_LEVEL=debug", "ATOLL_TIMEOUT=4s")
	cmd.Stdout, cmd.Stderr = errs, errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := func() string {
		text, _ := os.ReadFile(errs.Name())
		return string(text)
	}
	eventually(t, "the cluster is ready", func() bool { return strings.Contains(said(), "\nready\n") })

	st := devStatus(t, base)
	if len(st.Nodes) != 2 || st.Nodes[1].State != "ready" || filepath.Dir(st.Data) != tmp {
		t.Fatalf("status is %+v", st)
	}
	if log, err := os.ReadFile(st.Nodes[0].Log); err != nil || !strings.Contains(string(log), "DEBUG") {
		t.Errorf("the environment did not reach the nodes (%v)", err)
	}
	if err := syscall.Kill(st.Nodes[1].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the death is reported with the log", func() bool {
		return strings.Contains(said(), "the node of eu died (signal: killed)") && strings.Contains(said(), "level=")
	})
	if st := devStatus(t, base); st.Nodes[1].State != "died" || st.Nodes[0].State != "ready" {
		t.Errorf("after the death status is %+v", st)
	}
	if out, errs, code := atoll(t, "", "dev", "start", "eu", "--base-port", strconv.Itoa(base)); code != exitOK {
		t.Errorf("start gave %d: %s%s", code, out, errs)
	}
	stopsCleanly(t, cmd, st)
}

// stopsCleanly sends SIGTERM and looks for what is left.
func stopsCleanly(t *testing.T, cmd *exec.Cmd, st devcluster.Status) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Wait(); err != nil || time.Since(start) > time.Minute {
		t.Errorf("ended with %v after %s", err, time.Since(start))
	}
	if _, err := os.Stat(st.Data); !os.IsNotExist(err) {
		t.Errorf("%s is still there", st.Data)
	}
	for _, n := range st.Nodes {
		if err := syscall.Kill(n.PID, 0); err == nil {
			t.Errorf("the node of %s still runs", n.Region)
		}
	}
}

func TestNodesEndWithTheOneWhoStartedThem(t *testing.T) {
	t.Parallel()
	base := freePorts(t)
	cmd := exec.Command(filepath.Join(binaries, "atoll"), "dev", "--regions", "us", "--base-port", strconv.Itoa(base), "--data", t.TempDir())
	if _, err := startCluster(cmd); err != nil {
		t.Fatal(err)
	}
	pid := devStatus(t, base).Nodes[0].PID
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the node is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

func devStatus(t *testing.T, base int) devcluster.Status {
	t.Helper()
	out, errs, code := atoll(t, "", "--output", "json", "dev", "status", "--base-port", fmt.Sprint(base))
	var doc struct{ Value devcluster.Status }
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != exitOK {
		t.Fatalf("status gave %d, %v: %s%s", code, err, out, errs)
	}
	return doc.Value
}
