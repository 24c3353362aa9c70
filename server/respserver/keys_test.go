package respserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/atollkv/atoll/server"
)

func TestRenameAndCopy(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		RENAME none a => -ERR no such key
		RENAMENX none a => -ERR no such key
		SET a 1 => +OK
		RENAME a a => +OK
		RENAMENX a a => :0
		SADD s x => :1
		RENAMENX a s => :0
		RENAME a s => +OK
		TYPE s => +string
		INCR s => :2
		EXISTS a => :0
		COPY s t => :1
		COPY s t => :0
		COPY s t REPLACE replace => :1
		COPY s t DB 0 => :0
		COPY none t REPLACE => :0
		COPY s s => -ERR source and destination objects are the same
		COPY s t DB 16 => -ERR DB index is out of range
		COPY s t DB x => -ERR value is not an integer or out of range
		COPY s t DB 99999999999 => -ERR value is out of range, value must between -2147483648 and 2147483647
		COPY s t DB => -ERR syntax error
		COPY s t FOO => -ERR syntax error
		MGET s t => *2⏎$1⏎2⏎$1⏎2
		MULTI => +OK
		RENAME none a => +QUEUED
		RENAME t a => +QUEUED
		COPY s s => +QUEUED
		GET a => +QUEUED
		EXEC => *4⏎-ERR no such key⏎+OK⏎-ERR source and destination objects are the same⏎$1⏎2
	`)
}

func TestObjectAndMemory(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		SET n 12 => +OK
		SET e word => +OK
		SET r ` + strings.Repeat("v", 45) + ` => +OK
		SADD s 1 2 => :2
		SADD w x => :1
		HSET h f v => :1
		HSET l f ` + strings.Repeat("v", 65) + ` => :1
		ZADD z 1 m => :1
		OBJECT ENCODING z => $8⏎listpack
		ZADD z 1 ` + strings.Repeat("v", 65) + ` => :1
		OBJECT ENCODING z => $8⏎skiplist
		DEL z => :1
		OBJECT ENCODING n => $3⏎int
		OBJECT ENCODING e => $6⏎embstr
		OBJECT ENCODING r => $3⏎raw
		OBJECT ENCODING s => $6⏎intset
		OBJECT ENCODING w => $9⏎hashtable
		OBJECT ENCODING h => $8⏎listpack
		OBJECT ENCODING l => $9⏎hashtable
		OBJECT ENCODING none => $-1
		OBJECT REFCOUNT e => :1
		OBJECT REFCOUNT none => $-1
		OBJECT IDLETIME h => :0
		OBJECT FREQ none => $-1
		OBJECT FREQ e => -ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
		OBJECT ENCODING => -ERR wrong number of arguments for 'object|encoding' command
		OBJECT FOO x => -ERR unknown subcommand 'FOO'. Try OBJECT HELP.
		MEMORY USAGE none => $-1
		MEMORY USAGE e => :37
		MEMORY USAGE e SAMPLES => -ERR syntax error
		MEMORY USAGE e SAMPLES -1 => -ERR syntax error
		MEMORY USAGE e SAMPLES x => -ERR value is not an integer or out of range
		MEMORY USAGE s => :101
		MEMORY USAGE s SAMPLES 0 => :101
		MEMORY USAGE h samples 1 => :68
		MULTI => +OK
		OBJECT ENCODING n => +QUEUED
		MEMORY USAGE none => +QUEUED
		EXEC => *2⏎$3⏎int⏎$-1
	`)
}

func TestAllKeysAtOnce(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		RANDOMKEY => $-1
		DBSIZE => :0
		KEYS * => *0
		SET only 1 => +OK
		RANDOMKEY => $4⏎only
		FLUSHALL now => -ERR syntax error
		FLUSHDB sync x => -ERR syntax error
		MULTI => +OK
		KEYS * => -ERR Command not allowed inside a transaction
		DBSIZE => -ERR Command not allowed inside a transaction
		RANDOMKEY => -ERR Command not allowed inside a transaction
		FLUSHALL => -ERR Command not allowed inside a transaction
		EXEC => -EXECABORT Transaction discarded because of previous errors.
	`)
}

func TestKeysFindsWhatMatches(t *testing.T) {
	p := open(t, nil).dial()
	for i := range 30 {
		p.script(fmt.Sprintf("SET k:%02d v => +OK", i))
	}
	p.send("KEYS k:1*\r\n")
	if n := p.line(); n != "*10" {
		t.Fatalf("got %s", n)
	}
	var got []string
	for range 10 {
		p.line()
		got = append(got, p.line())
	}
	slices.Sort(got)
	if strings.Join(got, " ") != "k:10 k:11 k:12 k:13 k:14 k:15 k:16 k:17 k:18 k:19" {
		t.Errorf("got %q", got)
	}
	p.script("KEYS " + strings.Repeat("x", 1025) + " => -ERR pattern too long: 1025 bytes, limit 1024")
}

// TestKeysIsBoundedByMemory asks for more than all clients may hold.
func TestKeysIsBoundedByMemory(t *testing.T) {
	d := open(t, func(c *Config, _ *server.Config) { c.HeldBytes = 2 << 10 })
	p := d.dial()
	for i := range 100 {
		p.script(fmt.Sprintf("SET key:%03d v => +OK", i))
	}
	p.script(`
		KEYS key:0* => -OOM the node has no memory for so much at a time; send less, or try again later
		DBSIZE => :100
	`)
	eventually(t, "nothing is held", func() bool { return d.held.Load() == 0 })
}

func TestFlushInSeveralUpdates(t *testing.T) {
	p := open(t, nil).dial()
	const n = 2500 // more than two updates
	for i := range n {
		switch i % 3 {
		case 0:
			p.script(fmt.Sprintf("SET k:%d v => +OK", i))
		case 1:
			p.script(fmt.Sprintf("SADD k:%d m => :1", i))
		default:
			p.script(fmt.Sprintf("HINCRBY k:%d f 2 => :2", i))
		}
	}
	p.script(fmt.Sprintf(`
		DBSIZE => :%d
		FLUSHALL ASYNC => +OK
		DBSIZE => :0
		HINCRBY k:2 f 1 => :1
		flushdb => +OK
		KEYS * => *0
		FLUSHDB => +OK
	`, n))
}

func TestUpToBytes(t *testing.T) {
	keys := [][]byte{[]byte("aaa"), []byte("bbb"), []byte("c")}
	for limit, want := range []int{1, 1, 1, 1, 1, 1, 2, 3, 3} {
		if got := upToBytes(keys, limit); got != want {
			t.Errorf("up to %d bytes: %d, want %d", limit, got, want)
		}
	}
}
