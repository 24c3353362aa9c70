package respserver

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually waits for something that another goroutine does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestProtocolErrorsEndTheConnection(t *testing.T) {
	d := open(t, nil)
	for in, want := range map[string]string{
		"*abc\r\n":                      "-ERR Protocol error: invalid multibulk length\r\n",
		"*1\r\n$-1\r\n":                 "-ERR Protocol error: invalid bulk length\r\n",
		"*1\r\n:5\r\n":                  "-ERR Protocol error: expected '$', got ':'\r\n",
		"SET a \"b\r\n":                 "-ERR Protocol error: unbalanced quotes in request\r\n",
		"PING\r\n*1\r\n$1\r\nxx\r\n":    "+PONG\r\n-ERR Protocol error: expected CRLF after bulk\r\n",
		"POST / HTTP/1.1\r\n":           "",
		"PING\r\nHost: x\r\nSET a b\n":  "+PONG\r\n",
		"\x16\x03\x01\x02\x00\x01\x00":  "",
		"*0\r\n\r\n*-1\r\nQUIT a b\r\n": "+OK\r\n",
	} {
		p := d.dial()
		p.send(in)
		p.expect(want)
		p.ends()
	}
	p := d.dial()
	p.script("GET a => $-1") // nothing of it was done
	eventually(t, "all are reported", func() bool { return len(d.endings()) == 8 })
}

// TestTheReasonIsHeardThoughInputIsLeft sends far more than is read.
func TestTheReasonIsHeardThoughInputIsLeft(t *testing.T) {
	d := open(t, nil)
	for range 20 {
		p := d.dial()
		p.send(strings.Repeat("x", 500<<10))
		p.expect("-ERR Protocol error: too big inline request\r\n")
		p.ends()
	}
}

func TestHalfACommandHasNoEffect(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhal")
	_ = p.conn.Close()
	q := d.dial()
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
	q.script("GET k => $-1")
	if e := d.endings(); len(e) > 0 {
		t.Errorf("reported: %v", e)
	}
}

// TestPipeline sends everything before it reads anything, far more than the sockets hold.
func TestPipeline(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	value := strings.Repeat("v", 64<<10)
	const n = 300
	p.send(array("SET", "k", value) + strings.Repeat(array("GET", "k"), n) + "PING\r\n")
	p.expect("+OK\r\n")
	for range n {
		p.expect("$65536\r\n" + value + "\r\n")
	}
	p.expect("+PONG\r\n")
	eventually(t, "nothing is held", func() bool { return d.held.Load() == 0 })
}

func TestAClientThatNeverReadsIsGivenUp(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.OutputBytes = 1 << 20 })
	p := d.dial()
	p.send(array("SET", "k", strings.Repeat("v", 1<<20)))
	p.expect("+OK\r\n")
	_, _ = io.WriteString(p.conn, strings.Repeat(array("GET", "k"), 100)) // it may end in the middle
	eventually(t, "it is ended", func() bool {
		e := d.endings()
		return len(e) == 1 && strings.HasPrefix(e[0], "output replies are not taken: ")
	})
	eventually(t, "nothing is held", func() bool { return d.held.Load() == 0 && len(d.clients()) == 0 })
}

func TestLargeArguments(t *testing.T) {
	p := open(t, func(_ *Config, gate *server.Config) { gate.Limits.ValueBytes = 100_000 }).dial()
	big := strings.Repeat("x", 100_001)
	p.send(array("SET", "k", big) + array("SET", "k", big[1:]))
	p.expect("-ERR value too large: 100001 bytes, limit 100000\r\n+OK\r\n")
	p.send(array("APPEND", "k", "y"))
	p.expect("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n")
	p.send("MULTI\r\n" + array("SET", "k", big) + "EXEC\r\n")
	p.expect("+OK\r\n-ERR value too large: 100001 bytes, limit 100000\r\n-EXECABORT Transaction discarded because of previous errors.\r\n")
	p.send(array("GET", strings.Repeat("k", 70_000)))
	p.expect("-ERR 70000 key bytes, limit 65536; send less in one request, or raise the limit in the node's configuration\r\n")
}

func TestWhatAllConnectionsHoldIsBounded(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.HeldBytes = 600 << 10 })
	half := strings.Repeat("x", 400<<10)
	p, q := d.dial(), d.dial()
	p.send("MULTI\r\n" + array("SET", "k", half))
	p.expect("+OK\r\n+QUEUED\r\n")
	q.send(array("SET", "j", half) + array("GET", "k") + array("SET", "j", "small"))
	q.expect("-OOM the node has no memory for so much at a time; send less, or try again later\r\n$-1\r\n+OK\r\n")
	p.send("EXEC\r\n")
	p.expect("*1\r\n+OK\r\n")
	q.send(array("SET", "j", half))
	q.expect("+OK\r\n")
}

func TestPasswords(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.Password = "se cret" })
	p := d.dial()
	p.script(`
		PING => -NOAUTH Authentication required.
		GET k => -NOAUTH Authentication required.
		GET => -ERR wrong number of arguments for 'get' command
		FOO => -ERR unknown command 'FOO', with args beginning with: 
		HELLO 3 => -NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time
		AUTH wrong => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH default "" => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH other "se cret" => -WRONGPASS invalid username-password pair or user is disabled.
		HELLO 3 AUTH default wrong => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH "se cret" => +OK
		PING => +PONG
		RESET => +RESET
		PING => -NOAUTH Authentication required.
		AUTH default "se cret" => +OK
		SET k v => +OK
	`)
	for in, want := range map[string]string{
		"*11\r\n":                          "-ERR Protocol error: unauthenticated multibulk length\r\n",
		"*1\r\n$20000\r\n":                 "-ERR Protocol error: unauthenticated bulk length\r\n",
		"*2\r\n$4\r\nAUTH\r\n$2097152\r\n": "-ERR Protocol error: unauthenticated bulk length\r\n",
	} {
		p := d.dial()
		p.send(in)
		p.expect(want)
		p.ends()
	}
	p.send(array("SET", "k", strings.Repeat("x", 20000))) // the limits are those of a member again
	p.expect("+OK\r\n")
}

// remote makes connections look as if they came from elsewhere.
type remote struct{ net.Listener }

type remoteConn struct{ net.Conn }

func (l remote) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return remoteConn{c}, err
}

func (remoteConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }

func TestProtectedMode(t *testing.T) {
	for _, password := range []string{"", "secret"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := New(Config{Dispatcher: server.New(server.Config{}), Password: password})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, remote{listener}) }()
		p := (&door{t: t, address: listener.Addr().String()}).dial()
		if password == "" {
			p.expect("-" + textProtected + "\r\n")
			p.ends()
		} else {
			p.send("AUTH secret\r\n")
			p.expect("+OK\r\n")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestTooManyClients(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.MaxClients = 1 })
	p := d.dial()
	p.script("PING => +PONG")
	q := d.dial()
	q.expect("-ERR max number of clients reached\r\n")
	q.ends()
	p.send("QUIT\r\n")
	p.expect("+OK\r\n")
	p.ends()
	eventually(t, "there is room", func() bool { return len(d.clients()) == 0 })
	d.dial().script("PING => +PONG")
}

func TestIdleAndSlowClientsAreEnded(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.IdleTimeout = time.Second })
	p := d.dial()
	p.script("PING => +PONG")
	p.ends()
	eventually(t, "it is reported", func() bool { e := d.endings(); return len(e) == 1 && e[0] == "idle " })

	c := newConn(d.Server, nil, 1)
	now := time.Now()
	for _, row := range []struct {
		name     string
		began    time.Time
		received int
		admitted bool
		want     time.Time
	}{
		{"a command has a minute", now, 0, true, now.Add(time.Minute)},
		{"and a second for every 64 KiB", now, 10 << 16, true, now.Add(70 * time.Second)},
		{"who has not authenticated has ten seconds", now, 10 << 16, false, c.start.Add(10 * time.Second)},
		{"between commands too", time.Time{}, 0, false, c.start.Add(10 * time.Second)},
	} {
		c.began, c.received, c.admitted = row.began, row.received, row.admitted
		if row.began.IsZero() {
			d.idleTimeout.Store(0)
		}
		if got := c.deadline(); !got.Equal(row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
	c.admitted = true
	if !c.deadline().IsZero() {
		t.Error("an idle client has a deadline without idle timeout")
	}
}

func TestClientCommands(t *testing.T) {
	d := open(t, nil)
	p, q := d.dial(), d.dial()
	p.script(`
		CLIENT ID => :1
		CLIENT GETNAME => $-1
		CLIENT SETNAME me => +OK
		CLIENT GETNAME => $2⏎me
		CLIENT SETNAME "a b" => -ERR Client names cannot contain spaces, newlines or special characters.
		CLIENT SETINFO LIB-NAME lib => +OK
		CLIENT SETINFO lib-ver 1.0 => +OK
		CLIENT SETINFO foo x => -ERR Unrecognized option 'foo'
		CLIENT NO-EVICT on => +OK
		CLIENT NO-EVICT x => -ERR syntax error
		CLIENT NO-TOUCH off => +OK
		CLIENT LIST TYPE foo => -ERR Unknown client type 'foo'
		CLIENT LIST ID x => -ERR Invalid client ID
		CLIENT LIST FOO => -ERR syntax error
		CLIENT LIST TYPE pubsub => $0⏎
		CLIENT KILL 1.1.1.1:5 => -ERR No such client
		CLIENT KILL ID x => -ERR client-id should be greater than 0
		CLIENT KILL ID 77 => :0
		CLIENT KILL ID 1 => :0
		CLIENT KILL FOO x => -ERR syntax error
		CLIENT KILL TYPE x => -ERR Unknown client type 'x'
		CLIENT KILL USER x => -ERR No such user 'x'
		CLIENT KILL ID 1 SKIPME x => -ERR syntax error
		CLIENT FOO => -ERR unknown subcommand 'FOO'. Try CLIENT HELP.
		CLIENT => -ERR wrong number of arguments for 'client' command
	`)
	q.script("PING => +PONG")
	p.send("CLIENT LIST\r\n")
	p.line()
	first, second := p.line(), p.line()
	p.line()
	for _, want := range []string{"id=1 addr=127.0.0.1:", " name=me ", " multi=-1 cmd=client|list user=default lib-name=lib lib-ver=1.0 resp=2"} {
		if !strings.Contains(first, want) {
			t.Errorf("CLIENT LIST: %q lacks %q", first, want)
		}
	}
	if !strings.Contains(second, "id=2 ") || !strings.Contains(second, "cmd=ping") {
		t.Errorf("CLIENT LIST: %q", second)
	}
	p.script("CLIENT KILL ID 2 => :1")
	if _, err := q.in.ReadByte(); err == nil {
		t.Error("a killed client hears something")
	}
	eventually(t, "it is reported", func() bool { e := d.endings(); return len(e) == 1 && e[0] == "killed " })
	p.script("CLIENT KILL ID 1 SKIPME no => :1")
	p.ends()
}

func TestInfo(t *testing.T) {
	p := open(t, func(c *Config, _ *server.Config) {
		c.About = func() []Field { return []Field{{"region", "us"}} }
	}).dial()
	p.script("INFO atoll => $20⏎# Atoll⏎region:us⏎")
	p.send("INFO\r\n")
	text := make([]byte, atoi(t, strings.TrimPrefix(p.line(), "$"))+2)
	if _, err := io.ReadFull(p.in, text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# Server\r\nredis_version:7.0.15\r\n", "\r\n# Clients\r\nconnected_clients:1\r\n", "used_memory:", "total_commands_processed:1\r\n", "role:master\r\n", "\r\n# Atoll\r\nregion:us\r\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("INFO lacks %q:\n%s", want, text)
		}
	}
}

// slowShard lets a command run until it is told to go on.
type slowShard struct {
	server.Shard
	began, goOn chan struct{}
}

func (s slowShard) Execute(ctx context.Context, cmds ...keyspace.Command) ([]keyspace.Reply, error) {
	close(s.began)
	select {
	case <-s.goOn:
		return make([]keyspace.Reply, len(cmds)), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s slowShard) ExecuteEach(ctx context.Context, cmds []keyspace.Command) ([]keyspace.Reply, error) {
	return s.Execute(ctx, cmds...)
}

func (s slowShard) Begin(ctx context.Context, cmds ...keyspace.Command) (func() ([]keyspace.Reply, error), error) {
	return func() ([]keyspace.Reply, error) { return s.Execute(ctx, cmds...) }, nil
}

func (slowShard) Read(context.Context, keyspace.Command) (keyspace.Reply, error) {
	panic("a read that panics")
}

func TestDrainLetsRunningCommandsEnd(t *testing.T) {
	slow := slowShard{nil, make(chan struct{}), make(chan struct{})}
	d := open(t, func(_ *Config, gate *server.Config) { gate.Shard = slow })
	idle, busy := d.dial(), d.dial()
	idle.script("PING => +PONG")
	busy.send("SET k v\r\n")
	<-slow.began
	stopped := make(chan struct{})
	go func() { d.stop(); close(stopped) }()
	idle.ends()
	close(slow.goOn)
	busy.expect("+OK\r\n")
	busy.ends()
	<-stopped
}

func TestDrainEndsAfterItsTimeout(t *testing.T) {
	slow := slowShard{nil, make(chan struct{}), make(chan struct{})}
	d := open(t, func(c *Config, gate *server.Config) { gate.Shard, c.DrainTimeout = slow, time.Millisecond })
	d.dial().send("SET k v\r\n")
	<-slow.began
	d.stop()
}

func TestAPanicEndsOneConnectionOnly(t *testing.T) {
	panics := 0
	d := open(t, func(c *Config, gate *server.Config) {
		gate.Shard = slowShard{}
		c.Events.Panic = func(string, any, []byte) { panics++ }
	})
	p := d.dial()
	p.send("PING\r\nGET k\r\nPING\r\n")
	p.expect("+PONG\r\n-INTERNAL internal error; this is a defect in Atoll; the node's log has more\r\n")
	p.ends()
	d.dial().script("PING => +PONG")
	if panics != 1 {
		t.Errorf("%d panics reported", panics)
	}
}

func TestErrorsOfTheNode(t *testing.T) {
	p := open(t, func(_ *Config, gate *server.Config) {
		gate.Pressure = func(writes bool, _ []keyspace.Command) *server.Error {
			if writes {
				return server.Errorf(server.CodeMemory, "95%% of 1GiB")
			}
			return nil
		}
	}).dial()
	p.script(`
		GET k => $-1
		SET k v => -OOM 95% of 1GiB; the node is near memory.limit_bytes; send less at a time, or raise the limit
		MULTI => +OK
		SET k v => +QUEUED
		EXEC => -OOM 95% of 1GiB; the node is near memory.limit_bytes; send less at a time, or raise the limit
		PING => +PONG
	`)
}
