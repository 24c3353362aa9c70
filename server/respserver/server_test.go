package respserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// door is a running server over a shard in memory.
type door struct {
	*Server
	t       testing.TB
	address string
	stop    func()

	mu    sync.Mutex
	ended []string // guarded by mu
}

// open starts a server. change may set what the test needs.
func open(t testing.TB, change func(*Config, *server.Config)) *door {
	t.Helper()
	db, err := store.Open(store.Options{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	shard, err := keyspace.Open(keyspace.Config{CoreConfig: keyspace.CoreConfig{
		Region: "us", Node: "n1", NewOrigin: func() clock.Origin { return 7 },
	}}, db, clock.NewHLC(clock.NewSystem(), 0))
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t}
	gate := server.Config{Shard: shard}
	cfg := Config{Wall: clock.NewSystem(), Version: "test", Changes: shard.Listen, NoteEvents: shard.NoteEvents, NoteWriters: shard.NoteWriters, Events: Events{
		Ended: func(_ string, why Ending, detail string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.ended = append(d.ended, string(why)+" "+detail)
		},
		Panic: func(command string, v any, stack []byte) { t.Errorf("%s panicked: %v\n%s", command, v, stack) },
	}}
	if change != nil {
		change(&cfg, &gate)
	}
	cfg.Dispatcher = server.New(gate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Server, d.address = New(cfg), listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- shard.Run(ctx) }()
	serving, stop := context.WithCancel(context.Background())
	go func() { served <- d.Run(serving, listener) }()
	d.stop = sync.OnceFunc(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if n := d.held.Load(); n != 0 {
			t.Errorf("%d bytes are held after the end", n)
		}
	})
	t.Cleanup(func() {
		d.stop()
		cancel()
		if err := errors.Join(<-ran, db.Close()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// endings are the reasons for which connections were ended.
func (d *door) endings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.ended)
}

// peer is a client that shows the bytes.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func (d *door) dial() *peer {
	d.t.Helper()
	conn, err := net.Dial("tcp", d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	return &peer{d.t, conn, bufio.NewReader(conn)}
}

func (p *peer) send(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, s); err != nil {
		p.t.Fatal(err)
	}
}

// expect reads exactly what is wanted.
func (p *peer) expect(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.in, got)
	if string(got[:n]) != want {
		p.t.Fatalf("got %.300q (%v), want %.300q", got[:n], err, want)
	}
}

// ends expects the end of the connection.
func (p *peer) ends() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.in); len(rest) > 0 || err != nil {
		p.t.Fatalf("got %q, %v; want the end", rest, err)
	}
}

// line reads one line without its end.
func (p *peer) line() string {
	p.t.Helper()
	s, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("got %q, %v", s, err)
	}
	return strings.TrimSuffix(s, "\r\n")
}

func array(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// script sends inline commands, each line "command => reply" with spaces for the CRLF of the reply.
func (p *peer) script(text string) {
	p.t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		command, reply, ok := strings.Cut(strings.TrimLeft(line, "\t "), " => ")
		if !ok {
			p.t.Fatalf("no reply in %q", line)
		}
		p.send(command + "\r\n")
		want := strings.ReplaceAll(reply, "⏎", "\r\n") + "\r\n"
		got := make([]byte, len(want))
		n, err := io.ReadFull(p.in, got)
		if string(got[:n]) != want {
			p.t.Fatalf("%s\n gives %.500q (%v)\n want  %.500q", command, got[:n], err, want)
		}
	}
}
