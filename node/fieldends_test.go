package node

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/backup"
)

// This file plays deadlines of fields together with what a node does besides: caches of clients, restarts, backups, transfers.

func hsetEx(key, field, value string, ms int64) keyspace.Command {
	fields := []command.FieldValue{{Field: []byte(field), Value: []byte(value)}}
	return command.HSetEx{Key: []byte(key), Fields: fields, Life: command.Lifetime{As: command.EndsIn, Millis: ms}}
}

// fieldsUntil is what a node shows of a hash: each field with its value and its end in Unix milliseconds.
func (r *running) fieldsUntil(t *testing.T, key string) string {
	t.Helper()
	list := r.do(t, command.HGetAll{Key: []byte(key)}).List
	var out []string
	for pair := range slices.Chunk(list, 2) {
		ends := r.do(t, command.HTTL{Key: []byte(key), Fields: pair[:1], Absolute: true}).Ints
		if len(ends) == 1 && ends[0] != command.NoField {
			out = append(out, fmt.Sprintf("%s=%s %d", pair[0], pair[1], ends[0]))
		}
	}
	return strings.Join(out, ", ")
}

// tracker is a client that keeps what it reads.
type tracker struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func track(t *testing.T, address string) *tracker {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
	c := &tracker{t, conn, bufio.NewReader(conn)}
	c.ask("HELLO 3")
	c.ask("CLIENT TRACKING ON")
	return c
}

// ask sends a command, and returns what comes up to its reply, without line ends.
func (c *tracker) ask(cmd string) string {
	c.t.Helper()
	fmt.Fprint(c.conn, cmd+"\r\nPING\r\n")
	return strings.TrimSuffix(c.until("+PONG"), " +PONG")
}

func (c *tracker) until(last string) (all string) {
	c.t.Helper()
	for !strings.HasSuffix(all, last) {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", all, err)
		}
		all = strings.TrimSpace(all + " " + strings.TrimSpace(line))
	}
	return all
}

const toldOfH = ">2 $10 invalidate *1 $1 h"

// Who keeps what he has read of a hash is told where another region changes nothing but the deadline of a field, and when the
// field has ended and is deleted, here and there; also where the key has a deadline of its own.
func TestAClientIsToldOfDeadlinesOfFields(t *testing.T) {
	a, b := pair(t)
	us, eu := launch(t, a), launch(t, b)
	serving(t, us, eu)
	us.do(t, command.HSet{Key: []byte("h"), Fields: []command.FieldValue{{Field: []byte("f"), Value: []byte("v")}}})
	us.do(t, command.Expire{Key: []byte("h"), Life: command.Lifetime{As: command.EndsIn, Millis: 3600e3}})
	eventually(t, "both are equal", converged(t, []*running{us, eu}))
	clients := []*tracker{track(t, a.RESP.Listen), track(t, b.RESP.Listen)}
	for _, c := range clients {
		if got := c.ask("HTTL h FIELDS 1 f"); got != "*1 :-1" {
			t.Fatalf("got %q", got)
		}
	}
	us.do(t, command.HExpire{Key: []byte("h"), Fields: [][]byte{[]byte("f")}, Life: command.Lifetime{As: command.EndsIn, Millis: 1500}})
	for _, c := range clients {
		c.until(toldOfH)
		if got := c.ask("HGETALL h"); got != "%1 $1 f $1 v" {
			t.Fatalf("got %q", got)
		}
	}
	for _, c := range clients {
		c.until(toldOfH)
		if got := c.ask("HGETALL h"); got != "%0" {
			t.Errorf("told that it is gone, and %q is there", got)
		}
	}
}

// What ended while the node was down is deleted, what did not keeps its deadline.
func TestDeadlinesOfFieldsOutliveARestart(t *testing.T) {
	cfg := testConfig(t, "us")
	n := launch(t, cfg)
	n.do(t, hsetEx("h", "f", "v", 700))
	n.do(t, hsetEx("h", "later", "v", 3600e3))
	n.do(t, hsetEx("gone", "f", "v", 700))
	later := n.do(t, command.HTTL{Key: []byte("h"), Fields: [][]byte{[]byte("later")}, Absolute: true}).Ints[0]
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n = launch(t, cfg)
	eventually(t, "the fields of the run before are deleted", func() bool { return n.live(t) == 2 && n.entries(t) == 1 })
	if got, want := n.fieldsUntil(t, "h"), fmt.Sprintf("later=v %d", later); got != want {
		t.Errorf("shows %s, want %s", got, want)
	}
}

// A backup has the deadlines of fields, and they end where it is restored: under the same name, and under another one.
func TestABackupKeepsDeadlinesOfFields(t *testing.T) {
	cfg := testConfig(t, "us")
	cfg.Backup.Dir = t.TempDir()
	n := launch(t, cfg)
	n.do(t, hsetEx("h", "f", "v", 4000))
	n.do(t, hsetEx("h", "later", "v", 3600e3))
	n.do(t, command.HIncr{Key: []byte("h"), Field: []byte("n"), Delta: 5})
	n.do(t, command.HExpire{Key: []byte("h"), Fields: [][]byte{[]byte("n")}, Life: command.Lifetime{As: command.EndsIn, Millis: 4000}})
	was := n.fieldsUntil(t, "h")
	path, _, err := (&backups{n: n.Node}).Create(t.Context(), "one", func(backup.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	for i, owner := range []Owner{{Region: "us", Node: cfg.Node}, {Region: "eu", Node: "n7"}} {
		other := testConfig(t, owner.Region)
		other.Node, other.DataDir = owner.Node, filepath.Join(t.TempDir(), "data")
		adopt := func(dir string) error { _, err := Adopt(dir, owner); return err }
		if _, err := backup.Restore(t.Context(), nil, path, other.DataDir, adopt, nil); err != nil {
			t.Fatal(err)
		}
		r := launch(t, other)
		if got := r.fieldsUntil(t, "h"); i == 0 && got != was || r.entries(t) != 3 {
			t.Errorf("%+v: shows %s, want %s; %d entries", owner, got, was, r.entries(t))
		}
		later := was[strings.Index(was, "later"):strings.LastIndex(was, ",")]
		eventually(t, "what ends has ended", func() bool { return r.fieldsUntil(t, "h") == later })
		if got := r.do(t, command.HLen{Key: []byte("h")}).Int; got != 1 {
			t.Errorf("%+v: HLEN %d", owner, got)
		}
		if i == 0 { // others wait ten minutes
			eventually(t, "what has ended is deleted", func() bool { return r.entries(t) == 1 })
		}
	}
}

// A new region that takes over the state gets the deadlines of fields with it, counts what has ended before anybody deletes it,
// and is equal to the donor after that.
func TestANewRegionGetsDeadlinesOfFields(t *testing.T) {
	a, b := pair(t)
	b.Peers = nil
	eu := launch(t, b)
	eu.do(t, hsetEx("h", "f", "v", 10e3))
	eu.do(t, hsetEx("h", "later", "v", 3600e3))
	eu.do(t, hsetEx("gone", "f", "v", 10e3))
	eu.do(t, command.HIncr{Key: []byte("h"), Field: []byte("n"), Delta: 5})
	eu.do(t, command.HExpire{Key: []byte("h"), Fields: [][]byte{[]byte("n")}, Life: command.Lifetime{As: command.EndsIn, Millis: 3600e3}})
	eu.fill(t, "k", 1000)
	eu.truncatedBelow(t, 3<<20)
	us := launch(t, a)
	serving(t, us)
	if us.fetcher.Status().Ended != 1 {
		t.Fatalf("no transfer: %+v", us.fetcher.Status())
	}
	ends := eu.fieldsUntil(t, "h")
	if got := us.fieldsUntil(t, "h"); got != ends {
		t.Errorf("shows %s, want %s", got, ends)
	}
	eventually(t, "the new region shows what has not ended", func() bool {
		return us.do(t, command.HLen{Key: []byte("h")}).Int == 2 && us.do(t, command.Exists{List: [][]byte{[]byte("gone")}}).Int == 0
	})
	for _, n := range []*running{us, eu} {
		eventually(t, "what has ended is deleted at "+n.cfg.Region, func() bool { return n.entries(t) == 2 })
	}
	eventually(t, "both are equal", converged(t, []*running{us, eu}))
	if got, want := us.fieldsUntil(t, "h"), eu.fieldsUntil(t, "h"); got != want || !strings.HasPrefix(got, "later=v ") {
		t.Errorf("shows %s, the donor %s", got, want)
	}
}
