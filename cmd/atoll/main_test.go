package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/atollkv/atoll/internal/freeport"
)

// binaries holds the real atoll and atolld that all tests run.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "atoll-test-")
		if err == nil {
			defer os.RemoveAll(dir)
			build := exec.Command("go", "build", "-o", dir+"/", ".", "../atolld")
			build.Stderr = os.Stderr
			err = build.Run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "build the programs:", err)
			return 1
		}
		binaries = dir
		return m.Run()
	}())
}

// TestScripts runs testdata/*.txtar with real programs. In a script ATOLL_ADDR is the first node of the
// cluster that "up" starts on free ports.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			base := freePorts(t)
			e.Setenv("PATH", binaries+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TMPDIR", e.WorkDir)
			e.Setenv("BASE", strconv.Itoa(base))
			for i, name := range []string{"US", "EU", "AP"} {
				e.Setenv(name, fmt.Sprintf("127.0.0.1:%d", base+10*i))
			}
			e.Setenv("ATOLL_ADDR", e.Getenv("US"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"up": up, "code": code, "sleep": sleep},
	})
}

// up starts a cluster for the rest of the script: up [dev flags].
func up(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(filepath.Join(binaries, "atoll"), append([]string{"dev", "--base-port", ts.Getenv("BASE")}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "ATOLL_OUTPUT=human")
	stop, err := startCluster(cmd)
	ts.Check(err)
	ts.Defer(stop)
}

// code runs a program and checks its exit code: code 3 atoll get nothing.
func code(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// startCluster waits for "ready"; stop interrupts it and waits for its end.
func startCluster(cmd *exec.Cmd) (stop func(), err error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var text []byte
	for buf := make([]byte, 4096); !bytes.Contains(text, []byte("\nready\n")); {
		n, err := out.Read(buf)
		text = append(text, buf[:n]...)
		if err != nil {
			_ = cmd.Wait()
			return nil, fmt.Errorf("the cluster did not start: %s%s", text, stderr.Bytes())
		}
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	}, nil
}

// cluster3 starts a cluster for one Go test and returns its base port.
func cluster3(t *testing.T) (base int) {
	t.Helper()
	base = freePorts(t)
	stop, err := startCluster(exec.Command(filepath.Join(binaries, "atoll"), "dev", "--base-port", strconv.Itoa(base)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return base
}

// freePorts finds a base port with all ports of three nodes free.
func freePorts(t *testing.T) int {
	t.Helper()
	base, err := freeport.Base(30)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// atoll runs the program with input and returns its output and exit code.
func atoll(t *testing.T, input string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "atoll"), args...)
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

// sleep gives what must not happen time to happen: sleep 1s.
func sleep(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}
