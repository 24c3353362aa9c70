package respserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atollkv/atoll/server"
)

// blocked waits until n clients wait for keys.
func (d *door) blocked(n int) {
	d.t.Helper()
	eventually(d.t.(*testing.T), fmt.Sprintf("%d clients wait", n), func() bool {
		have := 0
		for _, c := range d.clients() {
			have += int(bit(c.look().unblock != nil))
		}
		return have == n
	})
}

func TestWhatNeedNotWait(t *testing.T) {
	open(t, nil).dial().script(`
		RPUSH l a b c d e => :5
		BLPOP none l 0 => *2⏎$1⏎l⏎$1⏎a
		BRPOP l none 0.5 => *2⏎$1⏎l⏎$1⏎e
		BLMPOP 0 2 none l LEFT COUNT 2 => *2⏎$1⏎l⏎*2⏎$1⏎b⏎$1⏎c
		BLMOVE l m LEFT RIGHT 0 => $1⏎d
		BRPOPLPUSH m l 0 => $1⏎d
		ZADD z 1 a 2 b 3 c 4 d => :4
		BZPOPMIN none z 0 => *3⏎$1⏎z⏎$1⏎a⏎$1⏎1
		BZPOPMAX z 0 => *3⏎$1⏎z⏎$1⏎d⏎$1⏎4
		BZMPOP 0 1 z MIN => *2⏎$1⏎z⏎*1⏎*2⏎$1⏎b⏎$1⏎2
		BLPOP z 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		BZPOPMIN l 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		BLPOP none x => -ERR timeout is not a float or out of range
		BLPOP none -1 => -ERR timeout is negative
		BLPOP none 1e30 => -ERR timeout is out of range
		BLPOP none inf => -ERR timeout is out of range
		BLPOP none => -ERR wrong number of arguments for 'blpop' command
		BLMOVE a b UP DOWN x => -ERR syntax error
		BLMOVE a b LEFT LEFT x => -ERR timeout is not a float or out of range
		BLMPOP 0 0 a LEFT => -ERR numkeys should be greater than 0
		BLMPOP -1 0 a LEFT => -ERR timeout is negative
		BLPOP none 0.001 => *-1
		BLMOVE none l LEFT LEFT 0.001 => *-1
		BZMPOP 0.001 1 none MAX => *-1
		MULTI => +OK
		BLPOP none 0 => +QUEUED
		BLMOVE none l LEFT LEFT 0 => +QUEUED
		BZPOPMIN none 0 => +QUEUED
		BLPOP l 0 => +QUEUED
		EXEC => *4⏎*-1⏎$-1⏎*-1⏎*2⏎$1⏎l⏎$1⏎d
		CLIENT UNBLOCK 77 => :0
		CLIENT UNBLOCK 1 => :0
		CLIENT UNBLOCK x => -ERR value is not an integer or out of range
		CLIENT UNBLOCK 1 FOO => -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
	`)
}

// TestWhoWaitsIsServed lets each command wait, and gives it what it waits for, after what it does not.
func TestWhoWaitsIsServed(t *testing.T) {
	d := open(t, nil)
	p, q := d.dial(), d.dial()
	for _, row := range []struct{ wait, writes, reply string }{
		{"BLPOP a b 0", "SET a x|RPUSH b 1 2", "*2⏎$1⏎b⏎$1⏎1"},
		{"BRPOP b c 0", "ZADD b 1 x|DEL b|RPUSH c 1 2", "*2⏎$1⏎c⏎$1⏎2"},
		{"BLMPOP 0 2 a b RIGHT COUNT 9", "LPUSH a 1 2 3", "*2⏎$1⏎a⏎*3⏎$1⏎1⏎$1⏎2⏎$1⏎3"},
		{"BLMOVE a b LEFT LEFT 0", "LPUSH b x|RPUSH a 1", "$1⏎1"},
		{"BLMOVE a b LEFT LEFT 0", "SET b x|RPUSH a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
		{"BRPOPLPUSH a a 0", "RPUSH a 1 2", "$1⏎2"},
		{"BZPOPMIN a b 0", "RPUSH a 1|ZADD b 2 x 1 y", "*3⏎$1⏎b⏎$1⏎y⏎$1⏎1"},
		{"BZPOPMAX a b 0", "ZINCRBY a 2.5 x", "*3⏎$1⏎a⏎$1⏎x⏎$3⏎2.5"},
		{"BZMPOP 0 1 a MAX", "ZADD a 2 x 3 y", "*2⏎$1⏎a⏎*1⏎*2⏎$1⏎y⏎$1⏎3"},
		{"BLPOP a 0", "RPUSH t 7|RENAME t a", "*2⏎$1⏎a⏎$1⏎7"},
		{"BLPOP a 0", "MULTI|RPUSH a 1|LPUSH a 0|EXEC", "*2⏎$1⏎a⏎$1⏎0"},
	} {
		p.send(row.wait + "\r\n")
		d.blocked(1)
		for write := range strings.SplitSeq(row.writes, "|") {
			q.send(write + "\r\n")
		}
		p.expect(strings.ReplaceAll(row.reply, "⏎", "\r\n") + "\r\n")
		d.blocked(0)
		q.send("FLUSHALL\r\nPING\r\n")
		for q.line() != "+PONG" {
			continue
		}
	}
}

func TestWhoCameFirstIsServedFirst(t *testing.T) {
	d := open(t, nil)
	var waiters []*peer
	for i := range 5 {
		p := d.dial()
		p.send("BLPOP other l 0\r\n")
		d.blocked(i + 1)
		waiters = append(waiters, p)
	}
	q := d.dial()
	q.script("RPUSH l 0 1 2 => :3")
	q.send("RPUSH l 3\r\nRPUSH l 4\r\n")
	for i, p := range waiters {
		p.expect(fmt.Sprintf("*2\r\n$1\r\nl\r\n$1\r\n%d\r\n", i))
	}
}

// TestAChainOfMoves serves a client by what another was served.
func TestAChainOfMoves(t *testing.T) {
	d := open(t, nil)
	p, q := d.dial(), d.dial()
	p.send("BLMOVE b c LEFT LEFT 0\r\n")
	d.blocked(1)
	q.send("BLMOVE a b LEFT LEFT 0\r\n")
	d.blocked(2)
	d.dial().script("RPUSH a x => :1")
	p.expect("$1\r\nx\r\n")
	q.expect("$1\r\nx\r\n")
	p.script("LRANGE c 0 -1 => *1⏎$1⏎x")
}

func TestAClientThatHasGoneTakesNothing(t *testing.T) {
	d := open(t, nil)
	p, q, killed := d.dial(), d.dial(), d.dial()
	p.send("BLPOP l 0\r\nBLPOP l 0\r\n")
	d.blocked(1)
	killed.send("BLPOP l 0\r\n")
	d.blocked(2)
	_ = p.conn.Close()
	d.blocked(1)
	q.script("CLIENT KILL ID 3 => :1")
	d.blocked(0)
	eventually(t, "both are gone", func() bool { return len(d.clients()) == 1 })
	q.script(`
		RPUSH l x => :1
		LRANGE l 0 -1 => *1⏎$1⏎x
	`)
}

// TestWhatIsSentMeanwhileIsKept sends more than is read ahead while a command waits.
func TestWhatIsSentMeanwhileIsKept(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.send("BLPOP l 0\r\n")
	d.blocked(1)
	big := strings.Repeat("v", 3*aheadBytes)
	p.send("PING\r\n" + array("SET", "k", big) + "STRLEN k\r\n")
	d.dial().script("RPUSH l x => :1")
	p.expect(fmt.Sprintf("*2\r\n$1\r\nl\r\n$1\r\nx\r\n+PONG\r\n+OK\r\n:%d\r\n", len(big)))
}

func TestUnblock(t *testing.T) {
	d := open(t, nil)
	p, q := d.dial(), d.dial()
	p.send("BLPOP l 0\r\n")
	d.blocked(1)
	id := d.clients()[0].id
	q.send("CLIENT LIST ID 1\r\n")
	q.line()
	if line := q.line(); !strings.Contains(line, " flags=b ") {
		t.Errorf("CLIENT LIST: %q", line)
	}
	q.line()
	q.script(fmt.Sprintf("CLIENT UNBLOCK %d => :1", id))
	p.expect("*-1\r\n")
	p.send("BLPOP l 0\r\n")
	d.blocked(1)
	q.script(fmt.Sprintf("CLIENT UNBLOCK %d ERROR => :1", id))
	p.expect("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	q.script("RPUSH l x => :1")
	p.script("LLEN l => :1")
}

func TestWaitingEndsWithTheNode(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.send("BLPOP l 0\r\n")
	d.blocked(1)
	full := d.dial()
	full.send("BLPOP l 0\r\n" + strings.Repeat("PING\r\n", 2*aheadBytes/6))
	d.blocked(2)
	d.stop()
	if line := p.line(); !strings.HasPrefix(line, "-DRAINING ") {
		t.Errorf("%q", line)
	}
	p.ends()
}

func TestKeysThatAreWaitedForAreBounded(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.HeldBytes = 3 << 20 })
	args := []string{"BLPOP"}
	for i := range watchMax + 1 {
		args = append(args, fmt.Sprint("k", i))
	}
	p := d.dial()
	p.send(array(append(args, "0")...))
	p.expect("-ERR too many keys to wait for: limit 10000\r\n")
	for range 2 {
		p := d.dial()
		p.send(array(append(args[:watchMax], "0")...))
	}
	d.blocked(2)
	last := d.dial()
	last.send(array(append(args[:watchMax], "0.001")...))
	if line := last.line(); !strings.HasPrefix(line, "-OOM ") {
		t.Errorf("%q", line)
	}
}

// TestWhoIsKilledTakesNothing kills a client that has sent more than is read ahead, so that nobody reads of it
// that it has gone.
func TestWhoIsKilledTakesNothing(t *testing.T) {
	d := open(t, nil)
	p, q := d.dial(), d.dial()
	p.send("BLPOP l 0\r\n" + strings.Repeat("PING\r\n", 4*aheadBytes/6))
	d.blocked(1)
	eventually(t, "enough was read", func() bool { return d.stats.in.Load() >= aheadBytes })
	q.script("CLIENT KILL ID 1 => :1")
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
	q.script(`
		RPUSH l x => :1
		LRANGE l 0 -1 => *1⏎$1⏎x
	`)
}

// TestOneKeyIsWaitedForByType lets clients wait for one key that want it to be different things; who wants what it
// is not waits on, and its turn does not pass.
func TestOneKeyIsWaitedForByType(t *testing.T) {
	d := open(t, nil)
	scored, listed, late, w := d.dial(), d.dial(), d.dial(), d.dial()
	for i, p := range []*peer{scored, listed, late} {
		p.send([]string{"BZPOPMIN k 0\r\n", "BLPOP k 0\r\n", "BZPOPMIN k 0\r\n"}[i])
		d.blocked(i + 1)
	}
	w.script("RPUSH k x => :1")
	listed.expect("*2\r\n$1\r\nk\r\n$1\r\nx\r\n")
	d.blocked(2)
	w.script("ZADD k 1 a 2 b => :2")
	scored.expect("*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n")
	late.expect("*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n2\r\n")
}

// TestWhoWaitsIsToldOfChanges lets a client with a cache read and wait: what it is told does not wait.
func TestWhoWaitsIsToldOfChanges(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.script(hello3 + `
		CLIENT TRACKING ON => +OK
	`)
	p.send("GET k\r\nBLPOP l 0\r\n")
	p.expect("_\r\n")
	d.blocked(1)
	d.dial().script("SET k v => +OK")
	p.expect(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
}
