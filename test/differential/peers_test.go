package differential

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/freeport"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/respserver"
	"github.com/atollkv/atoll/store"
)

// startRedis runs a redis-server for the test and returns its address.
func startRedis(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("NOT CHECKED: there is no redis-server on this machine")
	}
	port, err := freeport.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--bind", "127.0.0.1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// startDoor runs the Redis door of a node over a real store in memory.
func startDoor(t *testing.T) string {
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := respserver.New(respserver.Config{Changes: shard.Listen, Dispatcher: server.New(server.Config{Shard: shard}), Wall: clock.NewSystem()})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- shard.Run(ctx) }()
	serving, stopServing := context.WithCancel(context.Background())
	go func() { ended <- door.Run(serving, listener) }()
	t.Cleanup(func() {
		stopServing()
		err := <-ended
		stop()
		if err := errors.Join(err, <-ended, db.Close()); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// peer is one side of a comparison.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, address string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &peer{t, conn, bufio.NewReader(conn)}
}

func encode(args ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.Bytes()
}

// reply is one reply: its bytes, and those of its elements.
type reply struct {
	head  string
	parts []reply
}

func (r reply) String() string {
	var b strings.Builder
	b.WriteString(r.head)
	for _, p := range r.parts {
		b.WriteString(p.String())
	}
	return b.String()
}

// sorted is the reply with its elements in order, for those that have none of their own.
func (r reply) sorted() reply {
	r.parts = slices.Clone(r.parts)
	slices.SortFunc(r.parts, func(a, b reply) int { return strings.Compare(a.String(), b.String()) })
	return r
}

// sortedPairs is the reply with its pairs of elements in order, for a map that came as a list.
func (r reply) sortedPairs() reply {
	pairs := slices.Collect(slices.Chunk(r.parts, 2))
	slices.SortFunc(pairs, func(a, b []reply) int { return strings.Compare(a[0].String(), b[0].String()) })
	r.parts = slices.Concat(pairs...)
	return r
}

// text is the content of a string.
func (r reply) text() string {
	_, content, _ := strings.Cut(r.head, "\r\n")
	if content == "" {
		return strings.TrimRight(r.head[1:], "\r\n")
	}
	return strings.TrimSuffix(content, "\r\n")
}

func (p *peer) read() (r reply, err error) {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return r, err
	}
	r.head = line
	n := 0
	switch line[0] {
	case '$', '=', '*', '~', '%':
		if n, err = strconv.Atoi(strings.TrimSpace(line[1:])); err != nil || n < 0 {
			return r, err
		}
	}
	switch line[0] {
	case '$', '=':
		content := make([]byte, n+2)
		if _, err := io.ReadFull(p.in, content); err != nil {
			return r, err
		}
		r.head += string(content)
		return r, nil
	case '%':
		n *= 2
	}
	for range n {
		part, err := p.read()
		if err != nil {
			return r, err
		}
		r.parts = append(r.parts, part)
	}
	return r, nil
}

// do sends a command and reads its reply.
func (p *peer) do(args ...string) reply {
	p.t.Helper()
	if _, err := p.conn.Write(encode(args...)); err != nil {
		p.t.Fatal(err)
	}
	r, err := p.read()
	if err != nil {
		p.t.Fatalf("%q: %v", args, err)
	}
	return r
}

// pipeline sends commands at once and reads their replies.
func (p *peer) pipeline(commands [][]string) (replies []reply) {
	p.t.Helper()
	var all []byte
	for _, args := range commands {
		all = append(all, encode(args...)...)
	}
	if _, err := p.conn.Write(all); err != nil {
		p.t.Fatal(err)
	}
	for _, args := range commands {
		r, err := p.read()
		if err != nil {
			p.t.Fatalf("%q: %v", args, err)
		}
		replies = append(replies, r)
	}
	return replies
}
