package respserver

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/atollkv/atoll/internal/namespace"
)

func TestSelect(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		SET k 0 => +OK
		SELECT 3 => +OK
		GET k => $-1
		SET k 3 => +OK
		SELECT 15 => +OK
		DBSIZE => :0
		SELECT 16 => -ERR DB index is out of range
		SELECT -1 => -ERR DB index is out of range
		GET k => $-1
		CONFIG GET databases => *2⏎$9⏎databases⏎$2⏎16
		SELECT 0 => +OK
		GET k => $1⏎0
		ATOLL.NAMESPACE 3 => +OK
		GET k => $1⏎3
		ATOLL.NAMESPACE orders => +OK
		GET k => $-1
		INCR k => :1
		ATOLL.NAMESPACE => $6⏎orders
		ATOLL NAMESPACE default => +OK
		ATOLL NAMESPACE => $7⏎default
		GET k => $1⏎0
		ATOLL.NAMESPACE LIST => *6⏎$7⏎default⏎:1⏎$1⏎3⏎:1⏎$6⏎orders⏎:1
		ATOLL NAMESPACE USE list => +OK
		ATOLL.NAMESPACE => $4⏎list
		ATOLL.NAMESPACE a b => -ERR syntax error
		ATOLL.NAMESPACE USE => -ERR syntax error
		ATOLL NAMESPACE use => -ERR syntax error
		RESET => +RESET
		ATOLL.NAMESPACE => $7⏎default
	`)
	for _, bad := range []string{"16", "a b", "01", "", "_x", strings.Repeat("x", 65)} {
		p.send(fmt.Sprintf("*2\r\n$15\r\nATOLL.NAMESPACE\r\n$%d\r\n%s\r\n", len(bad), bad))
		if line := p.line(); !strings.HasPrefix(line, "-ERR namespace ") || !strings.Contains(line, namespace.Form) {
			t.Errorf("%q: %s", bad, line)
		}
	}
	p.script("ATOLL.NAMESPACE => $7⏎default")
}

func TestMoveAndCopyBetweenNamespaces(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		HSET h f v n 2 => :2
		EXPIRE h 1000 => :1
		MOVE h 0 => -ERR source and destination objects are the same
		MOVE h 2 => :1
		EXISTS h => :0
		MOVE h 2 => :0
		SELECT 2 => +OK
		HGET h n => $1⏎2
		TTL h => :1000
		COPY h h => -ERR source and destination objects are the same
		COPY h h DB 2 => -ERR source and destination objects are the same
		COPY h h DB 5 => :1
		COPY h h DB 5 => :0
		COPY h g DB 5 REPLACE => :1
		MOVE h 5 => :0
		MOVE h 16 => -ERR DB index is out of range
		MOVE h x => -ERR value is not an integer or out of range
		EXISTS h => :1
		ATOLL.NAMESPACE 5 => +OK
		DBSIZE => :2
		FLUSHDB => +OK
		DBSIZE => :0
		SELECT 2 => +OK
		DBSIZE => :1
		SELECT 9 => +OK
		FLUSHALL => +OK
		SELECT 2 => +OK
		DBSIZE => :0
		SWAPDB 0 1 => -ERR 'swapdb' is not supported by this server: to swap is to write every key of both, and concurrent writes of other regions would stay on either side; let clients choose another namespace, or COPY and MOVE keys; see docs/redis.md
	`)
}

func TestATransactionChoosesNamespaces(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(`
		SELECT 1 => +OK
		WATCH k => +OK
		SELECT 2 => +OK
		MULTI => +OK
		SET k 2 => +QUEUED
		SELECT 16 => +QUEUED
		SELECT 0 => +QUEUED
		SET k 0 => +QUEUED
		ATOLL.NAMESPACE orders => +QUEUED
		SET k o => +QUEUED
		ATOLL.NAMESPACE => +QUEUED
		EXEC => *7⏎+OK⏎-ERR DB index is out of range⏎+OK⏎+OK⏎+OK⏎+OK⏎$6⏎orders
		GET k => $1⏎o
		SELECT 2 => +OK
		GET k => $1⏎2
		SELECT 0 => +OK
		GET k => $1⏎0
		SELECT 1 => +OK
		WATCH k => +OK
		SELECT 0 => +OK
		MULTI => +OK
		SELECT 4 => +QUEUED
		SET k no => +QUEUED
	`)
	other.script(`
		SELECT 1 => +OK
		SET k changed => +OK
	`)
	p.script(`
		EXEC => *-1
		GET k => $1⏎0
		WATCH k => +OK
		MULTI => +OK
		PING => +QUEUED
	`)
	other.script("SET k again => +OK")
	p.script(`
		EXEC => *1⏎+PONG
		MULTI => +OK
		SELECT 4 => +QUEUED
		DISCARD => +OK
		GET k => $1⏎0
	`)
}

func TestWaitsScansAndEventsAreOfANamespace(t *testing.T) {
	d := open(t, nil)
	p, other, ears, ops := d.dial(), d.dial(), newListener(d, "__key*"), d.dial()
	p.script(`
		CONFIG SET notify-keyspace-events KA => +OK
		SELECT 3 => +OK
	`)
	p.send("BLPOP l 0\r\n")
	d.blocked(1)
	other.script(`
		RPUSH l no => :1
		SELECT 3 => +OK
		RPUSH l yes => :1
	`)
	p.expect("*2\r\n$1\r\nl\r\n$3\r\nyes\r\n")
	for _, want := range []string{"__keyspace@0__:l", "__keyspace@3__:l", "__keyspace@3__:l", "__keyspace@3__:l"} {
		if channel, _ := ears.next(); channel != want {
			t.Errorf("told on %s, want %s", channel, want)
		}
	}
	other.script(`
		ATOLL.NAMESPACE orders => +OK
		SET k v => +OK
	`)
	if channel, _ := ears.next(); channel != "__keyspace@orders__:k" {
		t.Errorf("told on %s", channel)
	}
	if text := ops.info("keyspace"); text != "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\nnamespace_orders:keys=1,expires=0,avg_ttl=0\r\n\r\n" {
		t.Errorf("%q", text)
	}

	// A cursor of one namespace is none of another.
	for i := range 30 {
		other.script(fmt.Sprintf("SET k%d v => +OK", i))
	}
	other.send("SCAN 0 COUNT 5\r\n")
	cursor, list := other.page()
	if cursor == "0" || len(list) != 5 {
		t.Fatalf("page %s %q", cursor, list)
	}
	other.script(`
		SELECT 3 => +OK
		SCAN ` + cursor + ` => -ERR invalid cursor
		DBSIZE => :0
		RANDOMKEY => $-1
		KEYS * => *0
	`)
}

func TestWhoIsWhere(t *testing.T) {
	d := open(t, nil)
	p, ops := d.dial(), d.dial()
	ops.script("MONITOR => +OK")
	line := func(want string) {
		t.Helper()
		if got := ops.line(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q, want %s", got, want)
		}
	}
	p.script("SELECT 7 => +OK")
	line(`^\+[0-9.]+ \[0 127\.0\.0\.1:\d+\] "SELECT" "7"$`)
	p.script("PING => +PONG")
	line(`^\+[0-9.]+ \[7 127\.0\.0\.1:\d+\] "PING"$`)
	p.script("ATOLL.NAMESPACE orders => +OK")
	line(`\[7 `)
	p.script("PING => +PONG")
	line(`^\+[0-9.]+ \[orders 127\.0\.0\.1:\d+\] "PING"$`)
	p.send("CLIENT LIST ID 1\r\n")
	text := p.line() + p.line() + p.line()
	if !strings.Contains(text, " db=-1 ") || !strings.Contains(text, " namespace=orders") {
		t.Errorf("%q", text)
	}
	p.script("SELECT 7 => +OK")
	p.send("CLIENT INFO\r\n")
	if text := p.line() + p.line() + p.line(); !strings.Contains(text, " db=7 ") || strings.Contains(text, "namespace=") {
		t.Errorf("%q", text)
	}
}

// As with Redis, keys that a client has read are known by their names.
func TestTrackingKnowsNamesOnly(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON => +OK
		SELECT 5 => +OK
		GET k => _
	`)
	other.script(`
		ATOLL.NAMESPACE orders => +OK
		SET k v => +OK
	`)
	p.expect(invalidate("k"))
}
