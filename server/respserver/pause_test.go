package respserver

import (
	"strings"
	"testing"
)

func TestPauseOfWrites(t *testing.T) {
	d := open(t, nil)
	p, q, other := d.dial(), d.dial(), d.dial()
	other.script(`
		CLIENT PAUSE x => -ERR timeout is not an integer or out of range
		CLIENT PAUSE -1 => -ERR timeout is negative
		CLIENT PAUSE 3600001 => -ERR timeout is not an integer or out of range
		CLIENT PAUSE 1 FOO => -ERR CLIENT PAUSE mode must be WRITE or ALL
		CLIENT PAUSE 1 ALL x => -ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.
		CLIENT UNPAUSE => +OK
		CLIENT PAUSE 3600000 WRITE => +OK
	`)
	p.script("GET k => $-1")
	p.send("SET k v\r\nGET k\r\n")
	q.script("MULTI => +OK")
	q.send("INCR n\r\n") // as in Redis, it is held back where it is to be queued
	d.waits(2)
	other.script(`
		GET k => $-1
		CLIENT UNPAUSE => +OK
	`)
	p.expect("+OK\r\n$1\r\nv\r\n")
	q.expect("+QUEUED\r\n")
	other.script("CLIENT PAUSE 3600000 WRITE => +OK")
	q.send("EXEC\r\n")
	p.send("PUBLISH c m\r\n")
	d.waits(2)
	other.script("CLIENT UNPAUSE => +OK")
	q.expect("*1\r\n:1\r\n")
	p.expect(":0\r\n")
}

// TestPauseOfEverything: also of reads; the wider and the later of two counts; the commands about pauses go on.
func TestPauseOfEverything(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	other.script(`
		CLIENT PAUSE 3600000 => +OK
		CLIENT PAUSE 1 WRITE => +OK
	`)
	p.send("PING\r\n")
	d.waits(1)
	other.script("CLIENT UNPAUSE => +OK")
	p.expect("+PONG\r\n")
	other.script("CLIENT PAUSE 3600000 WRITE => +OK")
	p.script("PING => +PONG")
	other.script("CLIENT PAUSE 1 ALL => +OK")
	p.send("PING\r\n")
	d.waits(1)
	other.script(`
		CLIENT UNPAUSE => +OK
		CLIENT PAUSE 20 ALL => +OK
		PING => +PONG
		PING => +PONG
	`)
	p.expect("+PONG\r\n")
}

// TestAPauseEndsWithItsClient, and with the node.
func TestAPauseEndsWithItsClient(t *testing.T) {
	d := open(t, nil)
	other := d.dial()
	other.script("CLIENT PAUSE 3600000 ALL => +OK")
	p := d.dial()
	p.send("SET k v\r\n")
	d.waits(1)
	_ = p.conn.Close()
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
	q := d.dial()
	q.send("SET k v\r\n")
	d.waits(1)
	d.stop()
	if got := q.line(); !strings.HasPrefix(got, "-DRAINING the node is draining") {
		t.Errorf("got %q", got)
	}
}

// TestWhatIsBehindAPauseGoesWithItsClient: who hangs up while a command is held back does not get the next one done.
func TestWhatIsBehindAPauseGoesWithItsClient(t *testing.T) {
	d := open(t, nil)
	other, p := d.dial(), d.dial()
	other.script("CLIENT PAUSE 3600000 WRITE => +OK")
	p.send("SET k v\r\nECHO x\r\n")
	d.waits(1)
	_ = p.conn.Close()
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
	other.script("CLIENT UNPAUSE => +OK\nEXISTS k => :0")
	if stats := other.info("commandstats"); strings.Contains(stats, "cmdstat_echo") {
		t.Errorf("the command behind was done: %s", stats)
	}
}
