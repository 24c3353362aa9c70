package docs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/freeport"
)

// step is one command of a session with the output that the docs print for it. A line
// "…" stands for any lines, "…" within a line for any text.
type step struct {
	line    int
	command string
	output  []string
}

// steps reads the first console block of a page.
func steps(t *testing.T, page, text string) []step {
	t.Helper()
	var all []step
	inside := false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "```console":
			inside = true
		case inside && line == "```":
			return all
		case inside && strings.HasPrefix(line, "$ "):
			all = append(all, step{line: i + 1, command: line[2:]})
		case inside && len(all) > 0:
			last := &all[len(all)-1]
			last.output = append(last.output, line)
		}
	}
	t.Fatalf("%s has no console block", page)
	return nil
}

// pattern is what the output of the step must match.
func (s step) pattern() *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for _, line := range s.output {
		if line == "…" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(line, "…")
		for i, p := range parts {
			parts[i] = regexp.QuoteMeta(strings.TrimRight(p, " "))
		}
		b.WriteString(strings.Join(parts, ".*") + `\s*\n`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// TestReadmeSession types what the README says and compares what comes.
func TestReadmeSession(t *testing.T) {
	base, err := freeport.Base(30)
	if err != nil {
		t.Fatal(err)
	}
	dev := startDev(t, base)
	for _, s := range steps(t, "README.md", read(t, "README.md")) {
		var out string
		var err error
		want := s.pattern()
		// What was written in one region reaches the next after some milliseconds: a reader is slower than
		// this test. So commands that only read may be tried again.
		again := time.Now().Add(time.Minute)
		for {
			out, err = shell(t.Context(), base, s.command)
			if err == nil && want.MatchString(out) || !strings.Contains(s.command, " get ") || time.Now().After(again) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil || !want.MatchString(out) {
			t.Fatalf("README.md:%d: $ %s\nprints (%v)\n%s\nthe README says\n%s\n\natoll dev:\n%s",
				s.line, s.command, err, out, strings.Join(s.output, "\n"), dev.String())
		}
	}
}

// shell runs a line of the docs with our binaries and our ports.
func shell(ctx context.Context, base int, line string) (string, error) {
	line = strings.ReplaceAll(line, "bin/atoll", filepath.Join(bin, "atoll"))
	for i, port := range []string{"7000", "7010", "7020"} {
		line = strings.ReplaceAll(line, "127.0.0.1:"+port, fmt.Sprintf("127.0.0.1:%d", base+10*i))
	}
	if before, comment, found := strings.Cut(line, " #"); found {
		line = before + " " + map[bool]string{true: "", false: "#" + comment}[strings.HasPrefix(comment, " ")]
	}
	if strings.Contains(line, "atoll dev ") {
		line += fmt.Sprintf(" --base-port %d", base)
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = append(os.Environ(), fmt.Sprintf("ATOLL_ADDR=127.0.0.1:%d", base))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// output is what a process has printed so far, on both its streams.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// startDev starts three regions and waits until they are ready.
func startDev(t *testing.T, base int) *output {
	t.Helper()
	out := &output{}
	cmd := exec.Command(filepath.Join(bin, "atoll"), "dev", "--base-port", strconv.Itoa(base), "--data", t.TempDir())
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // an interrupted program has an exit code other than 0
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		<-ended
	})
	late := time.After(time.Minute)
	for !strings.Contains(out.String(), "\nready") {
		select {
		case <-ended:
			t.Fatalf("atoll dev ended\n%s", out)
		case <-late:
			t.Fatalf("atoll dev is not ready\n%s", out)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return out
}
