package respserver

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/server"
)

func TestSlowlogKeepsTheLast(t *testing.T) {
	var s slowlog
	s.slower.Store(1000)
	s.keep(3)
	if s.isSlow(999*time.Microsecond) || !s.isSlow(time.Millisecond) {
		t.Error("what is slow?")
	}
	for i := range 5 {
		s.add(slowEntry{name: fmt.Sprint(i)})
	}
	got := s.latest(2)
	if s.length() != 3 || len(got) != 2 || got[0].name != "4" || got[0].id != 4 || got[1].name != "3" {
		t.Errorf("%+v", got)
	}
	s.keep(1)
	if all := s.latest(-1); len(all) != 1 || all[0].name != "4" {
		t.Errorf("%+v", all)
	}
	s.reset()
	s.add(slowEntry{})
	if all := s.latest(9); len(all) != 1 || all[0].id != 5 {
		t.Errorf("%+v", all)
	}
	s.slower.Store(-1)
	if s.isSlow(time.Hour) {
		t.Error("it is off")
	}
	s.slower.Store(0)
	if s.keep(0); s.isSlow(time.Hour) {
		t.Error("nothing is kept")
	}
}

func TestWhatIsKeptOfACommand(t *testing.T) {
	var many [][]byte
	for i := range 40 {
		many = append(many, fmt.Append(nil, i))
	}
	got := shortened(many)
	if len(got) != 32 || got[30] != "30" || got[31] != "... (9 more arguments)" {
		t.Errorf("%q", got)
	}
	if got := shortened(many[:32]); len(got) != 32 || got[31] != "31" {
		t.Errorf("%q", got)
	}
	if got := shortened([][]byte{[]byte(strings.Repeat("x", 130))}); got[0] != strings.Repeat("x", 128)+"... (2 more bytes)" {
		t.Errorf("%q", got)
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	for in, want := range map[string]string{
		"auth secret": "auth (redacted)", "auth me secret": "auth (redacted) (redacted)", "hello 3 auth me secret setname x": "hello 3 auth (redacted) (redacted) setname x",
		"hello 3 AUTH me": "hello 3 AUTH (redacted)", "hello 3": "hello 3", "set auth secret": "set auth secret", "auth": "auth",
	} {
		var args [][]byte
		for _, f := range strings.Fields(in) {
			args = append(args, []byte(f))
		}
		before := slices.Clone(args)
		var got []string
		for _, arg := range redacted(string(args[0]), args) {
			got = append(got, string(arg))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", in, got)
		}
		for i := range args {
			if string(args[i]) != string(before[i]) {
				t.Errorf("%s was changed", in)
			}
		}
	}
}

func TestSlowlog(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.Password = "secret" })
	p := d.dial()
	p.script(`
		AUTH secret => +OK
		CONFIG GET slowlog* => *4⏎$23⏎slowlog-log-slower-than⏎$5⏎10000⏎$15⏎slowlog-max-len⏎$3⏎128
		SLOWLOG RESET => +OK
		CONFIG SET slowlog-max-len 2000 => -ERR CONFIG SET failed (possibly related to argument 'slowlog-max-len') - argument must be between 0 and 1024 inclusive
		CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 4 => +OK
		SLOWLOG RESET => +OK
		CLIENT SETNAME me => +OK
		AUTH default secret => +OK
		SET k v => +OK
		CONFIG SET slowlog-log-slower-than -1 => +OK
		SLOWLOG LEN => :4
		SLOWLOG GET -2 => -ERR count should be greater than or equal to -1
		SLOWLOG GET x => -ERR count should be greater than or equal to -1
		SLOWLOG GET 0 => *0
	`)
	address := p.conn.LocalAddr().(*net.TCPAddr).String()
	p.send("SLOWLOG GET 2\r\n")
	p.expect("*2\r\n*6\r\n:4\r\n")
	for _, args := range []string{"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "*3\r\n$4\r\nAUTH\r\n$10\r\n(redacted)\r\n$10\r\n(redacted)\r\n"} {
		p.line() // when
		p.line() // how long
		p.expect(args + fmt.Sprintf("$%d\r\n%s\r\n$2\r\nme\r\n", len(address), address))
		if args[4:9] == "$3\r\nS" {
			p.expect("*6\r\n:3\r\n")
		}
	}
}
