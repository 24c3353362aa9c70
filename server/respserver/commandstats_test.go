package respserver

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestBucketsOfDurations(t *testing.T) {
	for took, want := range map[time.Duration]int{
		0: 0, 1: 0, 1024: 0, 1025: 1, 2048: 1, 2049: 2, time.Millisecond: 10, 1 << 62: latencyBuckets - 1, -time.Second: 0,
	} {
		if got := bucketOf(took); got != want {
			t.Errorf("%v is in %d, want %d", took, got, want)
		}
	}
	for bucket, want := range []int64{1, 2, 4, 8, 16, 32, 65, 131} {
		if got := bucketMicros(bucket); got != want {
			t.Errorf("bucket %d ends at %d, want %d", bucket, got, want)
		}
	}
}

// info reads one section of INFO.
func (p *peer) info(section string) string {
	p.t.Helper()
	p.send("INFO " + section + "\r\n")
	head := p.line()
	text := make([]byte, atoi(p.t, head[1:])+2)
	if _, err := io.ReadFull(p.in, text); err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func TestInfoOfCommands(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		SET k v => +OK
		INCR k => -ERR value is not an integer or out of range
		INCR k => -ERR value is not an integer or out of range
		GET => -ERR wrong number of arguments for 'get' command
		OBJECT ENCODING k => $6⏎embstr
	`)
	text := p.info("commandstats")
	for _, want := range []string{
		"# Commandstats\r\n", "cmdstat_set:calls=1,usec=", "cmdstat_incr:calls=2,usec=", ",rejected_calls=0,failed_calls=2\r\n",
		"cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n", "cmdstat_object|encoding:calls=1,",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "cmdstat_hget") || strings.Contains(text, "cmdstat_object:") {
		t.Errorf("what was never called is there:\n%s", text)
	}
	p.script("CONFIG RESETSTAT => +OK")
	if text := p.info("commandstats"); strings.Contains(text, "cmdstat_set:") {
		t.Errorf("after a reset:\n%s", text)
	}
	p.script(`
		SET ending v EX 1000 => +OK
		SADD ending2 x => :1
		EXPIRE ending2 1000 => :1
	`)
	if text := p.info("keyspace"); text != "# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=0\r\n\r\n" {
		t.Errorf("%q", text)
	}
	p.script("FLUSHALL => +OK")
	if text := p.info("keyspace"); text != "# Keyspace\r\n\r\n" {
		t.Errorf("%q", text)
	}
	if text := p.info(""); strings.Contains(text, "# Commandstats") || strings.Contains(text, "# Keyspace") || !strings.Contains(text, "# Atoll") {
		t.Errorf("%s", text)
	}
}

func TestLatency(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		LATENCY LATEST => *0
		LATENCY HISTORY command => *0
		LATENCY RESET => :0
		LATENCY RESET a b => :0
		LATENCY GRAPH x => -ERR No samples available for event 'x'
		SET k v => +OK
		LATENCY HISTOGRAM get foo => *0
		CONFIG RESETSTAT => +OK
	`)
	p.send("SET k v\r\nLATENCY HISTOGRAM set get\r\n")
	p.expect("+OK\r\n*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:")
	p.line()
	p.expect(":1\r\n")
}
