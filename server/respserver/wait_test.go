package respserver

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/server"
)

func TestWait(t *testing.T) {
	var written, acked atomic.Uint64
	d := open(t, func(c *Config, _ *server.Config) {
		c.Written = func() clock.Dot { return clock.Dot{Origin: 7, Seq: clock.Seq(written.Load())} }
		c.Regions = func(d clock.Dot) int {
			if uint64(d.Seq) <= acked.Load() {
				return 2
			}
			return 1
		}
	})
	p := d.dial()
	p.script(`
		WAIT 2 0 => :2
		WAIT 9 1 => :2
		WAIT x 0 => -ERR value is not an integer or out of range
		WAIT 1 x => -ERR timeout is not an integer or out of range
		WAIT 1 -1 => -ERR timeout is negative
		WAIT -1 0 => :2
		ATOLL.ACK 2 0 => +OK
		ATOLL.ACK 3 1 => -NOACK 2 of 3 other regions hold the writes; they are done here and go on travelling: ask again, or see ATOLL.LAG
		ATOLL.ACK x 1 => -ERR value is not an integer or out of range
	`)
	written.Store(1)
	p.script(`
		WAIT 1 0 => :1
		WAIT 2 20 => :1
		MULTI => +OK
		WAIT 2 0 => +QUEUED
		EXEC => *1⏎:1
	`)
	p.send("WAIT 2 0\r\n")
	time.Sleep(30 * time.Millisecond)
	written.Store(5) // later writes of others do not count
	acked.Store(1)
	p.expect(":2\r\n")
}

// TestWaitEndsWithTheNode drains while a client waits.
func TestWaitEndsWithTheNode(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) {
		c.Written = func() clock.Dot { return clock.Dot{} }
		c.Regions = func(clock.Dot) int { return 0 }
	})
	p := d.dial()
	p.send("WAIT 1 0\r\n")
	eventually(t, "it waits", func() bool { return len(d.clients()) == 1 && d.clients()[0].look().command == "wait" })
	d.stop()
	p.expect(":0\r\n")
}

// alone is a door whose writes no other region ever holds.
func alone(t *testing.T) *door {
	return open(t, func(c *Config, _ *server.Config) {
		c.Written = func() clock.Dot { return clock.Dot{} }
		c.Regions = func(clock.Dot) int { return 0 }
	})
}

// waits waits until n commands wait.
func (d *door) waits(n int) {
	d.t.Helper()
	eventually(d.t.(*testing.T), "commands wait", func() bool {
		have := 0
		for _, c := range d.clients() {
			have += int(bit(c.look().gone != nil))
		}
		return have == n
	})
}

// TestWaitEndsWithItsClient: one that hangs up, or is killed, holds nothing any more.
func TestWaitEndsWithItsClient(t *testing.T) {
	d := alone(t)
	for _, command := range []string{"WAIT 1 0", "ATOLL.ACK 1 0"} {
		p := d.dial()
		p.send("PING\r\n" + command + "\r\n")
		p.expect("+PONG\r\n") // the commands before are answered
		d.waits(1)
		_ = p.conn.Close()
		eventually(t, "it is gone", func() bool { return len(d.clients()) == 0 })
	}
	p, other := d.dial(), d.dial()
	p.send("WAIT 1 0\r\n")
	d.waits(1)
	other.script("CLIENT KILL ID 3 => :1")
	eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
}

// TestWaitGoesOnWhileItsClientSendsMore: what came meanwhile is answered behind it.
func TestWaitGoesOnWhileItsClientSendsMore(t *testing.T) {
	d := alone(t)
	p, other := d.dial(), d.dial()
	p.send("WAIT 1 0\r\n")
	d.waits(1)
	p.send("SET k v\r\nGET k\r\n")
	other.script("CLIENT UNBLOCK 1 => :1")
	p.expect(":0\r\n+OK\r\n$1\r\nv\r\n")
	p.send("ATOLL.ACK 1 0\r\n")
	d.waits(1)
	other.script("CLIENT UNBLOCK 1 ERROR => :1")
	p.expect("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	other.script("CLIENT UNBLOCK 1 => :0")
}

// TestWhatIsBehindAWaitGoesWithItsClient: who hangs up while it waits does not get the next command done.
func TestWhatIsBehindAWaitGoesWithItsClient(t *testing.T) {
	d := alone(t)
	other := d.dial()
	for _, command := range []string{"WAIT 1 0", "ATOLL.ACK 1 0"} {
		p := d.dial()
		p.send(command + "\r\nSET k v\r\n")
		d.waits(1)
		_ = p.conn.Close()
		eventually(t, "it is gone", func() bool { return len(d.clients()) == 1 })
		other.script("EXISTS k => :0")
	}
}

func TestNobodyElse(t *testing.T) {
	open(t, nil).dial().script(`
		WAIT 1 100 => :0
		ATOLL.LAG => *0
	`)
}

func TestLag(t *testing.T) {
	p := open(t, func(c *Config, _ *server.Config) {
		c.Lag = func() []PeerLag {
			return []PeerLag{{Region: "eu", Node: "n1", State: "connected", BehindUpdates: 3, Behind: 2 * time.Second, AheadUpdates: 4, RTT: time.Millisecond}}
		}
	}).dial()
	p.script("ATOLL.LAG => *1⏎*14⏎$6⏎region⏎$2⏎eu⏎$4⏎node⏎$2⏎n1⏎$5⏎state⏎$9⏎connected⏎$14⏎behind-updates⏎:3⏎$9⏎behind-ms⏎:2000⏎$13⏎ahead-updates⏎:4⏎$6⏎rtt-us⏎:1000")
}
