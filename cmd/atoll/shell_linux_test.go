package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a shell at its other end.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd

	mu   sync.Mutex
	seen bytes.Buffer
}

func openTerminal(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120})
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(binaries, "atoll"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = slave, slave, slave, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	term := &terminal{t: t, master: master, cmd: cmd}
	go term.watch()
	t.Cleanup(func() { _ = cmd.Process.Kill(); master.Close() })
	return term
}

// watch keeps what is shown and answers questions for the cursor's place, as terminals do.
func (term *terminal) watch() {
	for buf := make([]byte, 4096); ; {
		n, err := term.master.Read(buf)
		if err != nil {
			return
		}
		for range bytes.Count(buf[:n], []byte("\x1b[6n")) {
			_, _ = term.master.WriteString("\x1b[1;1R")
		}
		term.mu.Lock()
		term.seen.Write(buf[:n])
		term.mu.Unlock()
	}
}

// quiet waits until nothing was shown for a while: keys typed while the line editor
// sets up the terminal are lost.
func (term *terminal) quiet() {
	for last, still := -1, 0; still < 10; time.Sleep(20 * time.Millisecond) {
		term.mu.Lock()
		now := term.seen.Len()
		term.mu.Unlock()
		if still++; now != last {
			last, still = now, 0
		}
	}
}

// typing types keys and waits until want is shown.
func (term *terminal) typing(keys, want string) {
	term.t.Helper()
	term.quiet()
	term.mu.Lock()
	term.seen.Reset()
	term.mu.Unlock()
	if _, err := term.master.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
	term.shows(want)
}

func (term *terminal) shows(want string) {
	term.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		term.mu.Lock()
		text := term.seen.String()
		term.mu.Unlock()
		if strings.Contains(text, want) {
			return
		}
		if time.Now().After(deadline) {
			term.t.Fatalf("never shown: %q in %q", want, text)
		}
	}
}

func TestShellOnATerminal(t *testing.T) {
	t.Parallel()
	base := cluster3(t)
	history := filepath.Join(t.TempDir(), "state", "history")
	term := openTerminal(t, []string{"ATOLL_HISTORY=" + history, "TERM=xterm"}, "--addr", fmt.Sprintf("127.0.0.1:%d", base), "--color", "never")
	term.shows("us/n1 (")
	term.typing("set greeting \"hello world\"\r", "OK\r\n")
	term.typing("get greeting\r", `"hello world"`)
	term.typing("get nothing\r", "(nil)")
	term.typing("incr n 3\r", "(integer) 3")
	term.typing("gte n\r", `did you mean "get"?`)
	term.typing("sad\t", "sadd")
	term.typing(" ", "KEY MEMBER")
	term.typing("\x03", "us/n1") // Ctrl-C drops the line
	term.typing("txn\r", "txn>")
	term.typing("incr n 4\r", "txn>")
	term.typing("get n\r", "txn>")
	term.typing("exec\r", "1) (integer) 7\r\n2) \"7\"")
	term.typing("select orders\r", "[orders]> ")
	term.typing("get greeting\r", "(nil)")
	term.typing("select 0\r", ")> ")
	term.typing("get greeting\r", `"hello world"`)
	term.typing("help get\r", "read a string or a counter")
	term.typing("\x04", "") // Ctrl-D leaves
	if err := term.cmd.Wait(); err != nil {
		t.Errorf("the shell ended with %v", err)
	}
	text, err := os.ReadFile(history)
	if err != nil || !bytes.Contains(text, []byte("get greeting")) {
		t.Errorf("history holds %q (%v)", text, err)
	}
	if info, err := os.Stat(history); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("history is readable by others: %v, %v", info.Mode(), err)
	}
}
