package docker

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/freeport"
)

// processes is "atoll dev": one process per region on loopback.
type processes struct {
	atoll string
	base  int
	out   output
}

// output gathers what the processes print.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// newProcesses starts the three regions and stops them when the test ends.
func newProcesses(ctx context.Context, t *testing.T) *processes {
	t.Helper()
	if _, err := run(ctx, top(t), nil, "make", "build"); err != nil {
		t.Fatal(err)
	}
	base, err := freeport.Base(10 * len(regions))
	if err != nil {
		t.Fatal(err)
	}
	p := &processes{atoll: filepath.Join(top(t), "bin", "atoll"), base: base}
	dir := t.TempDir() // kept until after the cleanup below: cleanups run last to first
	cmd := exec.Command(p.atoll, "dev", "--base-port", strconv.Itoa(base), "--data", dir)
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t, cmd) })
	return p
}

// stop interrupts atoll dev as Ctrl-C would.
func (p *processes) stop(t *testing.T, cmd *exec.Cmd) {
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	late := time.AfterFunc(cleanupTime, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_ = cmd.Wait() // an interrupted program has an exit code other than 0
}

func (p *processes) dev(ctx context.Context, args ...string) error {
	all := append([]string{"dev"}, args...)
	_, err := run(ctx, "", nil, p.atoll, append(all, "--base-port", strconv.Itoa(p.base))...)
	return err
}

func (p *processes) addr(region string) string {
	for i, r := range regions {
		if r == region {
			return fmt.Sprintf("127.0.0.1:%d", p.base+10*i)
		}
	}
	return ""
}

// each runs a verb on the links of region to all others.
func (p *processes) each(ctx context.Context, verb, region string) error {
	for _, r := range regions {
		if r == region {
			continue
		}
		if err := p.dev(ctx, verb, region, r); err != nil {
			return err
		}
	}
	return nil
}

func (p *processes) isolate(ctx context.Context, region string) error {
	return p.each(ctx, "cut", region)
}

func (p *processes) rejoin(ctx context.Context, region string) error {
	return p.each(ctx, "heal", region)
}

func (p *processes) kill(ctx context.Context, region string) error { return p.dev(ctx, "kill", region) }
func (p *processes) start(ctx context.Context, region string) error {
	return p.dev(ctx, "start", region)
}
func (p *processes) logs(context.Context) string { return p.out.String() }
