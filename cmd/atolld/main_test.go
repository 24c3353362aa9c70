package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
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
	"github.com/atollkv/atoll/internal/freeport"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "atolld-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "atolld")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// result is how a program ended.
type result struct {
	code           int
	stdout, stderr string
}

// atolld runs the program to its end.
func atolld(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append([]string{"PATH=/bin"}, environ...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestCommandLineAndConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "atoll.yaml")
	if err := os.WriteFile(file, []byte("region: eu\nlisen: x\ndata_dir: "+t.TempDir()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	good := []string{"--region", "eu", "--data-dir", dir}
	tests := []struct {
		name    string
		environ []string
		args    []string
		code    int
		stdout  string // parts
		stderr  string
	}{
		{"a stray word", nil, []string{"start"}, 2, "", `unknown argument "start"; see atolld --help`},
		{"an unknown flag", nil, []string{"--lisen", "x"}, 2, "", "unknown flag: --lisen"},
		{"config alone", nil, []string{"config"}, 2, "", "need check or show"},
		{"nothing required is given", nil, nil, 78, "", "atolld: region: required; set it in the file, by ATOLL_REGION or --region\natolld: data_dir: required"},
		{"a bad file", nil, []string{"config", "check", "--config", file}, 78, "", `atolld: atoll.yaml:2: unknown key "lisen"; did you mean "listen"?`},
		{"a bad file named by the environment", []string{"ATOLL_CONFIG=" + file}, []string{"config", "check"}, 78, "", `atoll.yaml:2: unknown key`},
		{"the node refuses it, too", nil, []string{"--config", file}, 78, "", `atoll.yaml:2: unknown key`},
		{"an unknown variable", []string{"ATOLL_FSINC=always"}, append([]string{"config", "check"}, good...), 78, "", `unknown variable ATOLL_FSINC; did you mean "ATOLL_FSYNC"?`},
		{"an open address", nil, append([]string{"--listen", "0.0.0.0:7000"}, good...), 78, "", "refusing to listen on 0.0.0.0 without TLS and auth; see docs/security.md"},
		{"a good one", []string{"ATOLL_OUTPUT=json"}, append([]string{"config", "check"}, good...), 0, "configuration is good", ""},
		{"show with sources", []string{"ATOLL_FSYNC=interval"}, append([]string{"config", "show", "--source"}, good...), 0, "# env ATOLL_FSYNC", ""},
		{"help explains each setting", nil, []string{"--help"}, 0, "--gossip-key-file value", ""},
		{"version", nil, []string{"version"}, 0, "atolld ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := atolld(t, tt.environ, tt.args...)
			if got.code != tt.code || !strings.Contains(got.stdout, tt.stdout) || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", got.code, tt.code, got.stdout, got.stderr)
			}
		})
	}
}

// process is a node as a real process.
type process struct {
	cmd    *exec.Cmd
	listen string
	http   string
	exited chan struct{} // closed when it has ended

	mu    sync.Mutex
	lines []string // guarded by mu
}

func freeAddress(t *testing.T) string {
	t.Helper()
	a, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// spawn starts a node and waits until it is ready.
func spawn(t *testing.T, dir string, more ...string) *process {
	t.Helper()
	return spawnAs(t, []string{binary}, dir, more...)
}

// spawnAs does so by a command that ends up as the node.
func spawnAs(t *testing.T, command []string, dir string, more ...string) *process {
	t.Helper()
	p := &process{listen: freeAddress(t), http: freeAddress(t), exited: make(chan struct{})}
	p.cmd = exec.Command(command[0], append(append(command[1:], []string{
		"--region", "eu", "--data-dir", dir, "--listen", p.listen, "--resp-listen", "", "--http-listen", p.http, "--gossip-listen", freeAddress(t),
		"--cache-bytes", "8MiB",
	}...), more...)...)
	p.cmd.Env = []string{"PATH=/bin"}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.mu.Unlock()
		}
		_ = p.cmd.Wait() // the tests look at the state
		close(p.exited)
	}()
	t.Cleanup(func() { p.kill() })
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get("http://" + p.http + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(end) {
			t.Fatalf("not ready:\n%s", p.log())
		}
	}
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.exited
}

func (p *process) terminate(t *testing.T, within time.Duration) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(within):
		t.Fatalf("still there after %v:\n%s", within, p.log())
	}
	return p.cmd.ProcessState.ExitCode()
}

func dial(t *testing.T, p *process) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), p.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestSecondProcessOnADirectoryIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := spawn(t, dir)
	got := atolld(t, nil, "--region", "eu", "--data-dir", dir, "--listen", freeAddress(t), "--resp-listen=", "--http-listen=", "--gossip-listen=")
	if want := fmt.Sprintf("data directory in use by pid %d", p.cmd.Process.Pid); got.code != 75 || !strings.Contains(got.stderr, want) {
		t.Errorf("exit %d, want 75 and %q\n%s", got.code, want, got.stderr)
	}
	if code := p.terminate(t, time.Minute); code != 0 {
		t.Errorf("exit %d\n%s", code, p.log())
	}
	got = atolld(t, nil, "--region", "eu", "--cluster", "other", "--data-dir", dir, "--listen", freeAddress(t), "--resp-listen=", "--http-listen=", "--gossip-listen=")
	if got.code != 78 || !strings.Contains(got.stderr, `belongs to cluster "atoll"; this is "other"`) {
		t.Errorf("another cluster: exit %d\n%s", got.code, got.stderr)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data directory: %v %v", info.Mode(), err)
	}
}

// write increments one counter as fast as it can until something fails, and returns how often that
// was acknowledged and how often the outcome is not known.
func write(ctx context.Context, c *client.Client, key string, acked func()) (unknown int64, err error) {
	for {
		_, err := c.Counter(key).Incr(ctx, 1)
		switch {
		case err == nil:
			acked()
		case errors.Is(err, client.ErrUnknown):
			return 1, err
		default:
			return 0, err
		}
	}
}

func TestTermDrainsUnderLoadAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, dir)
	counts, unknown, first := loaded(t, p, func() {
		if code := p.terminate(t, 11*time.Second); code != 0 {
			t.Errorf("exit %d\n%s", code, p.log())
		}
	})
	if !strings.Contains(p.log(), "msg=draining") || !strings.Contains(p.log(), "msg=stopped") {
		t.Errorf("log:\n%s", p.log())
	}
	if first != nil && !errors.Is(first, client.ErrUnavailable) && !errors.Is(first, client.ErrUnknown) {
		t.Errorf("clients were told %v", first)
	}
	verify(t, dir, counts, unknown)
}

func TestKillKeepsEveryAcknowledgedWrite(t *testing.T) {
	dir := t.TempDir()
	total := make([]int64, writers)
	var lost int64
	for range 3 {
		p := spawn(t, dir)
		counts, unknown, _ := loaded(t, p, p.kill)
		for i, n := range counts {
			total[i] += n
		}
		lost += unknown
	}
	verify(t, dir, total, lost)
}

func TestAFailedDiskStopsTheNode(t *testing.T) {
	// A file may grow to 300 KiB: the write-ahead log meets that soon.
	script := `ulimit -f 300 && exec "$0" "$@"`
	p := spawnAs(t, []string{"/bin/bash", "-c", script, binary}, t.TempDir())
	c := dial(t, p)
	value := bytes.Repeat([]byte("x"), 60_000)
	for i := range 20 {
		if err := c.Register("k"+strconv.Itoa(i)).Set(t.Context(), value); err != nil {
			break
		}
	}
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatalf("the node goes on:\n%s", p.log())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 74 || !strings.Contains(p.log(), "disk failed; the node stops") {
		t.Errorf("exit %d, want 74\n%s", code, p.log())
	}
}

const writers = 8

// loaded writes from several clients, calls end in the midst of it, and returns what was acknowledged
// to each, how many outcomes are not known, and what the first client was told.
func loaded(t *testing.T, p *process, end func()) (counts []int64, unknown int64, told error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	counts = make([]int64, writers)
	doubts := make([]int64, writers)
	errs := make([]error, writers)
	started := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for i := range writers {
		c := dial(t, p)
		wg.Go(func() {
			call, stop := context.WithCancel(ctx)
			defer stop()
			go func() { // without a node nobody answers: do not wait for another one
				<-p.exited
				stop()
			}()
			doubts[i], errs[i] = write(call, c, "c"+strconv.Itoa(i), func() {
				if counts[i]++; counts[i] == 20 {
					started <- struct{}{}
				}
			})
			if errs[i] != nil && errors.Is(errs[i], context.Canceled) {
				doubts[i] = 1
				errs[i] = nil
			}
		})
	}
	for range writers {
		select {
		case <-started:
		case <-ctx.Done():
			t.Fatalf("no writes\n%s", p.log())
		}
	}
	end()
	wg.Wait()
	for i := range writers {
		unknown += doubts[i]
	}
	return counts, unknown, errs[0]
}

// verify starts the node again and compares.
func verify(t *testing.T, dir string, acked []int64, unknown int64) {
	t.Helper()
	c := dial(t, spawn(t, dir))
	var over int64
	for i, want := range acked {
		got, err := c.Counter("c" + strconv.Itoa(i)).Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got < want {
			t.Errorf("counter %d is %d, %d were acknowledged", i, got, want)
		}
		over += got - want
	}
	if over > unknown {
		t.Errorf("%d increments too many, only %d outcomes were not known", over, unknown)
	}
}
