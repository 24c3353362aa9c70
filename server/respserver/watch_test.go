package respserver

import (
	"fmt"
	"testing"

	"github.com/atollkv/atoll/server"
)

func TestWatch(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(`
		WATCH => -ERR wrong number of arguments for 'watch' command
		WATCH k none => +OK
		MULTI => +OK
		WATCH k => -ERR WATCH inside MULTI is not allowed
		SET k mine => +QUEUED
		EXEC => *1⏎+OK
		WATCH k => +OK
		GET k => $4⏎mine
	`)
	other.script("SET k theirs => +OK")
	p.script(`
		MULTI => +OK
		SET k mine => +QUEUED
		EXEC => *-1
		GET k => $6⏎theirs
		MULTI => +OK
		GET k => +QUEUED
		EXEC => *1⏎$6⏎theirs
		WATCH k => +OK
		SET k own => +OK
		MULTI => +OK
		EXEC => *-1
		WATCH k => +OK
		WATCH k => +OK
	`)
	other.script(`
		DEL k => :1
		SET k own => +OK
	`)
	p.script(`
		MULTI => +OK
		PING => +QUEUED
		EXEC => *-1
		WATCH none => +OK
	`)
	other.script("SADD none x => :1")
	p.script(`
		UNWATCH => +OK
		MULTI => +OK
		UNWATCH => +QUEUED
		GET none => +QUEUED
		EXEC => *2⏎+OK⏎-WRONGTYPE Operation against a key holding the wrong kind of value
		WATCH none => +OK
	`)
	other.script("SREM none x => :1")
	p.script(`
		MULTI => +OK
		DISCARD => +OK
		MULTI => +OK
		EXEC => *0
		WATCH none => +OK
		MULTI => +OK
		GET => -ERR wrong number of arguments for 'get' command
	`)
	other.script("SADD none x => :1")
	p.script(`
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		EXEC => *0
		WATCH none => +OK
	`)
	other.script("SADD none y => :1")
	p.script(`
		RESET => +RESET
		MULTI => +OK
		EXEC => *0
		HELLO 3 => %7⏎$6⏎server⏎$5⏎atoll⏎$7⏎version⏎$6⏎7.0.15⏎$5⏎proto⏎:3⏎$2⏎id⏎:1⏎$4⏎mode⏎$10⏎standalone⏎$4⏎role⏎$6⏎master⏎$7⏎modules⏎*0
		WATCH none => +OK
		SADD none z => :1
		MULTI => +OK
		EXEC => _
	`)
}

// TestWatchIsBounded watches as many keys as may be, and leaves; the end of the test looks that nothing is
// held.
func TestWatchIsBounded(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	args := []string{"WATCH"}
	for i := range watchMax {
		args = append(args, fmt.Sprintf("key:%d", i))
	}
	p.send(array(args...))
	p.expect("+OK\r\n")
	if n := d.held.Load(); n < watchMax*watchBytes {
		t.Errorf("%d bytes are held", n)
	}
	p.script(`
		WATCH key:1 key:2 => +OK
		WATCH one more => -ERR too many watched keys: limit 10000
		SET key:9999 v => +OK
		MULTI => +OK
		EXEC => *-1
		PING => +PONG
	`)
	eventually(t, "what EXEC let go of is no longer held", func() bool { return d.held.Load() == 0 })
	p.send(array(args...))
	p.expect("+OK\r\n")
}

func TestWatchNeedsMemory(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.HeldBytes = 1000 })
	p := d.dial()
	p.script(`
		WATCH a b c d e f g h => -OOM the node has no memory for so much at a time; send less, or try again later
		WATCH a => +OK
		MULTI => +OK
		EXEC => *0
	`)
}
