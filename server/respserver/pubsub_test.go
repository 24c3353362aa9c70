package respserver

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/server"
)

const hello3 = "HELLO 3 => %7⏎$6⏎server⏎$5⏎atoll⏎$7⏎version⏎$6⏎7.0.15⏎$5⏎proto⏎:3⏎$2⏎id⏎:1⏎$4⏎mode⏎$10⏎standalone⏎$4⏎role⏎$6⏎master⏎$7⏎modules⏎*0"

func TestPublishAndSubscribe(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script("SUBSCRIBE news sport => *3⏎$9⏎subscribe⏎$4⏎news⏎:1⏎*3⏎$9⏎subscribe⏎$5⏎sport⏎:2")
	p.script("PSUBSCRIBE n* => *3⏎$10⏎psubscribe⏎$2⏎n*⏎:3")
	other.script(`
		PUBLISH news hi => :2
		PUBLISH sport "" => :1
		PUBLISH nobody hi => :1
		PUBLISH none hi => :1
		PUBLISH x hi => :0
		PUBSUB CHANNELS => *2⏎$4⏎news⏎$5⏎sport
		PUBSUB CHANNELS s* => *1⏎$5⏎sport
		PUBSUB NUMSUB news x => *4⏎$4⏎news⏎:1⏎$1⏎x⏎:0
		PUBSUB NUMSUB => *0
		PUBSUB NUMPAT => :1
	`)
	p.expect("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n")
	p.expect("*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n")
	p.expect("*3\r\n$7\r\nmessage\r\n$5\r\nsport\r\n$0\r\n\r\n")
	p.expect("*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$6\r\nnobody\r\n$2\r\nhi\r\n")
	p.expect("*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnone\r\n$2\r\nhi\r\n")
	p.script(`
		GET k => -ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
		CLIENT ID => -ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
		PING => *2⏎$4⏎pong⏎$0⏎
		PING hi => *2⏎$4⏎pong⏎$2⏎hi
		UNSUBSCRIBE sport x => *3⏎$11⏎unsubscribe⏎$5⏎sport⏎:2⏎*3⏎$11⏎unsubscribe⏎$1⏎x⏎:2
		PUNSUBSCRIBE => *3⏎$12⏎punsubscribe⏎$2⏎n*⏎:1
		UNSUBSCRIBE => *3⏎$11⏎unsubscribe⏎$4⏎news⏎:0
		UNSUBSCRIBE => *3⏎$11⏎unsubscribe⏎$-1⏎:0
		GET k => $-1
		SUBSCRIBE a => *3⏎$9⏎subscribe⏎$1⏎a⏎:1
		RESET => +RESET
		GET k => $-1
		MULTI => +OK
		SUBSCRIBE a => -ERR Command not allowed inside a transaction
	`)
	other.script(`
		PUBLISH news hi => :0
		PUBLISH a hi => :0
		PUBSUB CHANNELS => *0
		PUBSUB NUMPAT => :0
		MULTI => +OK
		PUBLISH a hi => +QUEUED
		EXEC => *1⏎:0
	`)
}

// TestWhatIsNotWantedAnyMoreIsNotSent is the moment between finding a listener and sending to it.
func TestWhatIsNotWantedAnyMoreIsNotSent(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.script("SUBSCRIBE a => *3⏎$9⏎subscribe⏎$1⏎a⏎:1")
	c, found := d.clients()[0], d.channels.receivers("a")
	p.script("UNSUBSCRIBE a => *3⏎$11⏎unsubscribe⏎$1⏎a⏎:0")
	if len(found) != 1 || found[0].send([]byte("a"), []byte("late")) {
		t.Error("it was sent")
	}
	if !c.push([]byte("+wanted\r\n"), func(*listening) bool { return true }) {
		t.Error("what is wanted is not sent")
	}
	p.expect("+wanted\r\n")
	_ = p.conn.Close()
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 0 })
	if c.push([]byte("x"), func(*listening) bool { return true }) {
		t.Error("something was sent to who is gone")
	}
}

func TestMessagesInVersionThree(t *testing.T) {
	p := open(t, nil).dial()
	p.script(hello3)
	p.script(`
		SUBSCRIBE a => >3⏎$9⏎subscribe⏎$1⏎a⏎:1
		GET k => _
		PING => +PONG
	`)
	p.send("PUBLISH a hi\r\n")
	p.expect(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n:1\r\n")
	p.script("PUNSUBSCRIBE => >3⏎$12⏎punsubscribe⏎_⏎:1")
}

// TestAMessageFollowsTheConfirmation publishes while others subscribe: nobody sees a message first, and
// nobody misses one that was sent after the confirmation.
func TestAMessageFollowsTheConfirmation(t *testing.T) {
	d := open(t, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	publisher := d.dial()
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				publisher.send("PUBLISH a x\r\n")
				publisher.line()
			}
		}
	})
	for range 50 {
		p := d.dial()
		p.script("SUBSCRIBE a => *3⏎$9⏎subscribe⏎$1⏎a⏎:1")
		p.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n")
		_ = p.conn.Close()
	}
	close(stop)
	wg.Wait()
	eventually(t, "nobody listens", func() bool { return len(d.channels.active(nil)) == 0 })
}

func TestListeningIsBounded(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.OutputBytes, c.HeldBytes = 1<<20, 4<<20 })
	p := d.dial()
	args := []string{"SUBSCRIBE"}
	for i := range listenMax {
		args = append(args, fmt.Sprint(i))
	}
	p.send(array(args...))
	for i := range listenMax {
		p.expect(fmt.Sprintf("*3\r\n$9\r\nsubscribe\r\n$%d\r\n%d\r\n:%d\r\n", len(fmt.Sprint(i)), i, i+1))
	}
	p.script(`
		SUBSCRIBE more => -ERR too many channels and patterns: limit 10000
		PSUBSCRIBE ` + strings.Repeat("x", 1025) + ` => -ERR channel or pattern too long: 1025 bytes, limit 1024
		RESET => +RESET
		SUBSCRIBE a => *3⏎$9⏎subscribe⏎$1⏎a⏎:1
	`)
	// It reads no more: what waits for it has an end, and who publishes does not wait.
	other := d.dial()
	message := strings.Repeat("m", 64<<10)
	start := time.Now()
	for range 1000 {
		other.send(array("PUBLISH", "a", message))
		if other.line() == ":0" {
			break
		}
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	eventually(t, "it is disconnected", func() bool { return len(d.clients()) == 1 && len(d.endings()) == 1 })
	if why := d.endings()[0]; !strings.HasPrefix(why, string(EndOutput)) {
		t.Errorf("ended for %s", why)
	}
}

func TestListenersAreNotIdle(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.IdleTimeout = time.Second })
	p := d.dial()
	p.script("SUBSCRIBE a => *3⏎$9⏎subscribe⏎$1⏎a⏎:1")
	time.Sleep(2 * time.Second)
	other := d.dial()
	other.script("PUBLISH a x => :1")
	other.send("CLIENT LIST TYPE pubsub\r\n")
	other.line()
	if line := other.line(); !strings.Contains(line, " flags=P ") || !strings.Contains(line, " sub=1 psub=0 ") {
		t.Errorf("%s", line)
	}
	other.line()
	other.script(`
		CLIENT KILL TYPE replica => :0
		CLIENT KILL TYPE pubsub => :1
	`)
}

func TestMonitor(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.Password = "secret" })
	p := d.dial()
	p.script(`
		AUTH secret => +OK
		MULTI => +OK
		MONITOR => -ERR Command not allowed inside a transaction
		DISCARD => +OK
		MONITOR => +OK
	`)
	other := d.dial()
	other.send("AUTH default secret\r\nHELLO 2 AUTH default secret\r\nCONFIG GET save\r\n" + array("SET", "k", "a\"\\\n\r\t\a\b\x00\xff") + "FOO\r\nGET\r\nMULTI\r\nINCR n\r\nEXEC\r\n")
	from := other.conn.LocalAddr().String()
	for _, want := range []string{
		`"HELLO" "2" "AUTH" "(redacted)" "(redacted)"`, `"SET" "k" "a\"\\\n\r\t\a\b\x00\xff"`, `"MULTI"`, `"INCR" "n"`, `"EXEC"`,
	} {
		line := p.line()
		stamp, rest, _ := strings.Cut(line, " ")
		if rest != "[0 "+from+"] "+want || len(stamp) != len("+1700000000.000000") {
			t.Errorf("got %s, want %s", line, want)
		}
	}
	p.send("RESET\r\n")
	p.line() // itself
	p.expect("+RESET\r\n")
	if d.monitors.some.Load() {
		t.Error("somebody watches")
	}
}

func TestMonitorsAreFew(t *testing.T) {
	d := open(t, nil)
	for range monitorsMax {
		p := d.dial()
		p.script("MONITOR => +OK")
	}
	p := d.dial()
	p.script("MONITOR => -ERR too many monitors: limit 16")
}
