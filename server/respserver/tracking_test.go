package respserver

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/server"
)

func invalidate(keys ...string) string {
	b := fmt.Sprintf(">2\r\n$10\r\ninvalidate\r\n*%d\r\n", len(keys))
	for _, k := range keys {
		b += fmt.Sprintf("$%d\r\n%s\r\n", len(k), k)
	}
	return b
}

func TestTracking(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT GETREDIR => :-1
		CLIENT TRACKINGINFO => %3⏎$5⏎flags⏎~1⏎$3⏎off⏎$8⏎redirect⏎:-1⏎$8⏎prefixes⏎*0
		CLIENT CACHING YES => -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
		CLIENT TRACKING ON => +OK
		CLIENT GETREDIR => :0
		CLIENT TRACKINGINFO => %3⏎$5⏎flags⏎~1⏎$2⏎on⏎$8⏎redirect⏎:0⏎$8⏎prefixes⏎*0
		GET k => _
		HGET h f => _
	`)
	other.script("SET x 1 => +OK")
	other.script("SET k 1 => +OK")
	p.expect(invalidate("k"))
	other.script("SET k 2 => +OK") // it was not read again
	other.script("HSET h g 1 => :1")
	p.expect(invalidate("h"))
	p.script(`
		MULTI => +OK
		GET k => +QUEUED
		EXEC => *1⏎$1⏎2
	`)
	other.script("FLUSHALL => +OK")
	p.expect(invalidate("k"))
	p.script(`
		GET k => _
		CLIENT TRACKING OFF => +OK
	`)
	other.script("SET k 3 => +OK")
	p.script("PING => +PONG")
}

func TestTrackingByPrefixes(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON PREFIX a => -ERR PREFIX option requires BCAST mode to be enabled
		CLIENT TRACKING ON BCAST OPTIN => -ERR OPTIN and OPTOUT are not compatible with BCAST
		CLIENT TRACKING ON OPTOUT OPTIN => -ERR You can't specify both OPTIN mode and OPTOUT mode
		CLIENT TRACKING ON REDIRECT 99 => -ERR The client ID you want redirect to does not exist
		CLIENT TRACKING ON FOO => -ERR syntax error
		CLIENT TRACKING foo => -ERR syntax error
		CLIENT TRACKING ON BCAST PREFIX a PREFIX b => +OK
		CLIENT TRACKING ON => -ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.
		CLIENT TRACKING ON BCAST PREFIX ab => -ERR Prefix 'ab' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.
		CLIENT TRACKINGINFO => %3⏎$5⏎flags⏎~2⏎$2⏎on⏎$5⏎bcast⏎$8⏎redirect⏎:0⏎$8⏎prefixes⏎*2⏎$1⏎a⏎$1⏎b
	`)
	other.script(`
		SET c 1 => +OK
		SET abc 1 => +OK
		SET b 1 => +OK
		SET b 2 => +OK
	`)
	for _, key := range []string{"abc", "b", "b"} {
		p.expect(invalidate(key))
	}
}

func TestTrackingByChoice(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON OPTIN => +OK
		CLIENT CACHING NO => -ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
		GET a => _
		CLIENT CACHING YES => +OK
		GET b => _
		GET c => _
	`)
	other.script("MSET a 1 b 1 c 1 => +OK")
	p.expect(invalidate("b"))
	p.script(`
		CLIENT TRACKING ON OPTOUT => -ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.
		CLIENT TRACKING OFF => +OK
		CLIENT TRACKING ON OPTOUT => +OK
		CLIENT CACHING NO => +OK
		GET a => $1⏎1
		GET b => $1⏎1
	`)
	other.script("MSET a 2 b 2 => +OK")
	p.expect(invalidate("b"))
	p.script("PING => +PONG")
}

func TestTrackingRedirected(t *testing.T) {
	d := open(t, nil)
	reader, ear, other := d.dial(), d.dial(), d.dial()
	ear.script(`
		CLIENT ID => :2
		SUBSCRIBE __redis__:invalidate => *3⏎$9⏎subscribe⏎$20⏎__redis__:invalidate⏎:1
	`)
	reader.script(`
		CLIENT TRACKING ON REDIRECT 2 => +OK
		CLIENT GETREDIR => :2
		GET k => $-1
	`)
	other.script("SET k 1 => +OK")
	ear.expect("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n")
	reader.script(hello3)
	reader.script("GET k => $1⏎1")
	ear.script("QUIT => +OK")
	ear.ends()
	waitFor(t, func() bool { return d.client(2) == nil })
	other.script("SET k 2 => +OK")
	reader.expect(">2\r\n$21\r\ntracking-redir-broken\r\n:2\r\n")
	reader.script("CLIENT TRACKINGINFO => %3⏎$5⏎flags⏎~2⏎$2⏎on⏎$15⏎broken_redirect⏎$8⏎redirect⏎:2⏎$8⏎prefixes⏎*0")
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// TestTrackedKeysAreBounded: of three keys two are remembered, and the client learns which are not.
func TestTrackedKeysAreBounded(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.TrackedMax = 2 })
	client := newCacher(t, d)
	for _, key := range []string{"a", "b", "c"} {
		client.get(key)
	}
	client.sync()
	client.sync() // what was sent behind the reply to the first
	if _, keys, items := d.tracked.counts(); len(client.cache) != 2 || keys != 2 || items != 2 {
		t.Fatalf("%v is cached, %d keys of %d pairs are remembered", client.cache, keys, items)
	}
}

// cacher is a client that keeps what it reads until it is told of a change.
type cacher struct {
	t     *testing.T
	conn  net.Conn
	in    *bufio.Reader
	cache map[string]int
	asked []string // the keys of replies to come
}

func newCacher(t *testing.T, d *door, mode ...string) *cacher {
	conn, err := net.Dial("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	c := &cacher{t: t, conn: conn, in: bufio.NewReader(conn), cache: map[string]int{}}
	c.write("HELLO 3\r\nCLIENT TRACKING ON " + strings.Join(mode, " ") + "\r\n")
	for c.line() != "+OK" {
	}
	return c
}

func (c *cacher) write(s string) {
	if _, err := c.conn.Write([]byte(s)); err != nil {
		c.t.Error(err)
	}
}

func (c *cacher) line() string {
	s, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Error(err)
		return "+PONG"
	}
	return strings.TrimSpace(s)
}

// get asks for keys in one piece.
func (c *cacher) get(keys ...string) {
	c.asked = append(c.asked, keys...)
	c.write("GET " + strings.Join(keys, "\r\nGET ") + "\r\n")
}

// sync reads what the server has sent before the answer to this.
func (c *cacher) sync() {
	c.write("PING\r\n")
	for {
		switch s := c.line(); {
		case s == "+PONG":
			return
		case s == ">2":
			c.line()
			c.line()
			n, _ := strconv.Atoi(c.line()[1:])
			for range n {
				c.line()
				delete(c.cache, c.line())
			}
		case s == "_", s[0] == '$':
			value := 0
			if s != "_" {
				value, _ = strconv.Atoi(c.line())
			}
			c.cache[c.asked[0]] = value
			c.asked = c.asked[1:]
		default:
			c.t.Errorf("unexpected: %q", s)
			return
		}
	}
}

// TestACacheIsNeverOlderThanWhatWasAnswered: caches of several clients, random reads and writers that
// count upwards. Promise: when a write has been answered, a client that sends a command then, and has read
// all that came before its reply, holds no older value.
func TestACacheIsNeverOlderThanWhatWasAnswered(t *testing.T) {
	const keys, rounds = 8, 150
	d := open(t, func(c *Config, _ *server.Config) { c.TrackedMax = 20 })
	var answered [keys]atomic.Int64
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for k := range keys {
		w := d.dial()
		writers.Go(func() {
			for n := int64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				w.send(fmt.Sprintf("SET k%d %d\r\n", k, n))
				if w.line() != "+OK" {
					t.Error("not written")
					return
				}
				answered[k].Store(n)
			}
		})
	}
	held := atomic.Int64{}
	for i, mode := range []string{"", "BCAST", "BCAST PREFIX k", "OPTOUT"} {
		c := newCacher(t, d, mode)
		dice := rand.New(rand.NewPCG(uint64(i), 5))
		readers.Go(func() {
			for range rounds {
				var some []string
				for range 1 + dice.IntN(30) {
					some = append(some, fmt.Sprintf("k%d", dice.IntN(keys)))
				}
				c.get(some...)
				if dice.IntN(2) == 0 {
					c.sync()
				}
				var due []int64
				for k := range keys {
					due = append(due, answered[k].Load())
				}
				c.sync()
				for k, n := range due {
					if v, cached := c.cache[fmt.Sprintf("k%d", k)]; cached && int64(v) < n {
						t.Errorf("mode %q: k%d is %d in the cache, though %d was answered", mode, k, v, n)
						return
					} else if cached {
						held.Add(1)
					}
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	if held.Load() == 0 {
		t.Error("nothing was ever cached")
	}
}
