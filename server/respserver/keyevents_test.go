package respserver

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// listener hears the events of keys.
type listener struct{ *peer }

func newListener(d *door, pattern string) listener {
	p := d.dial()
	p.send(array("PSUBSCRIBE", pattern))
	for range 6 {
		p.line()
	}
	return listener{p}
}

// next returns the channel and the message that come next.
func (l listener) next() (channel, message string) {
	l.t.Helper()
	var parts []string
	for range 9 {
		parts = append(parts, l.line())
	}
	if parts[0] != "*4" || parts[2] != "pmessage" {
		l.t.Fatalf("got %q", parts)
	}
	return parts[6], parts[8]
}

// until returns the events before a mark, as "event key".
func (l listener) until(mark string) (list []string) {
	l.t.Helper()
	for {
		channel, key := l.next()
		event := strings.TrimPrefix(channel, "__keyevent@0__:")
		if event == "mark" && key == mark {
			return list
		}
		list = append(list, event+" "+key)
	}
}

// TestEventsAreThoseOfRedis holds the events of commands against those that Redis 7.0.15 was heard to give for the same
// commands in a row, with all classes on. In testdata/events.txt a line of events that begins with - is one that only Redis gives, with +
// one that only Atoll gives.
func TestEventsAreThoseOfRedis(t *testing.T) {
	text, err := os.ReadFile("testdata/events.txt")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, nil)
	l, p := newListener(d, "__keyevent@0__:*"), d.dial()
	p.script("CONFIG SET notify-keyspace-events KEAmn => +OK")
	blocks := strings.Split(strings.TrimPrefix(string(text), "> "), "\n> ")
	for _, block := range blocks {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		command, want := lines[0], lines[1:]
		want = slices.DeleteFunc(want, func(s string) bool { return s[0] == '-' })
		for i := range want {
			want[i] = strings.TrimPrefix(want[i], "+")
		}
		p.send(command + "\r\nPUBLISH __keyevent@0__:mark \"" + strings.ReplaceAll(command, `"`, `\"`) + "\"\r\n")
		if got := l.until(command); !slices.Equal(got, want) {
			t.Errorf("%s\n gives %q\n want  %q", command, got, want)
		}
	}
	if len(blocks) < 100 {
		t.Errorf("only %d commands", len(blocks))
	}
}

func TestEventsAreChosenAsInRedis(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.script("CONFIG GET notify-keyspace-events => *2⏎$22⏎notify-keyspace-events⏎$0⏎")
	for given, shown := range map[string]string{
		"KEA": "AKE", "KEAn": "AKE", "AKEmn": "AKEm", "": "", "K": "K", "E": "E", "g": "g", "KEg$lshzxetd": "AKE", "KEmgn": "gnKEm", "nAK": "AK", "KKxx": "xK",
	} {
		p.send(array("CONFIG", "SET", "notify-keyspace-events", given))
		p.expect("+OK\r\n")
		if got := d.keyEvents.String(); got != shown {
			t.Errorf("%q is shown as %q, want %q", given, got, shown)
		}
	}
	p.script(`
		CONFIG SET notify-keyspace-events K => +OK
		CONFIG SET notify-keyspace-events KEq => -ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
		CONFIG GET notify-keyspace-events => *2⏎$22⏎notify-keyspace-events⏎$1⏎K
	`)
}

// TestOnlyChosenEventsArePublished: on the channels of keys those of lists and of what any type has.
func TestOnlyChosenEventsArePublished(t *testing.T) {
	d := open(t, nil)
	l, p := newListener(d, "__key*"), d.dial()
	p.script(`
		SET before 1 => +OK
		CONFIG SET notify-keyspace-events Klg => +OK
		SET k 1 => +OK
		GET none => $-1
		RPUSH l 1 => :1
		DEL k => :1
		CONFIG SET notify-keyspace-events lg => +OK
		DEL l => :1
		CONFIG SET notify-keyspace-events E$ => +OK
		SET last 1 => +OK
	`)
	for _, want := range [][2]string{{"__keyspace@0__:l", "rpush"}, {"__keyspace@0__:k", "del"}, {"__keyevent@0__:set", "last"}} {
		if channel, message := l.next(); channel != want[0] || message != want[1] {
			t.Errorf("told %q %q, want %q", channel, message, want)
		}
	}
}

// TestEventsOfATransaction: they come when it is done, in the order of its commands, and not at all where it is not.
func TestEventsOfATransaction(t *testing.T) {
	d := open(t, nil)
	l, p := newListener(d, "__keyevent@0__:*"), d.dial()
	p.script(`
		CONFIG SET notify-keyspace-events KEA => +OK
		MULTI => +OK
		SADD s a => +QUEUED
		INCR s => +QUEUED
		SREM s a => +QUEUED
		SADD s b => +QUEUED
		EXEC => *4⏎:1⏎-WRONGTYPE Operation against a key holding the wrong kind of value⏎:1⏎:1
		PUBLISH __keyevent@0__:mark end => :1
	`)
	if got, want := l.until("end"), []string{"sadd s", "srem s", "del s", "sadd s"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestAnEventComesBeforeItsAnswer: who wrote and then looks has been told already.
func TestAnEventComesBeforeItsAnswer(t *testing.T) {
	d := open(t, nil)
	l, p := newListener(d, "__keyspace@0__:*"), d.dial()
	p.script("CONFIG SET notify-keyspace-events KA => +OK")
	p.script("BLPOP q 0.01 => *-1")
	other := d.dial()
	other.send(array("BLPOP", "q", "0"))
	eventually(t, "it waits", func() bool {
		return slices.ContainsFunc(d.clients(), func(c *conn) bool { return c.look().unblock != nil })
	})
	p.script("RPUSH q a => :1")
	for _, want := range []string{"rpush", "lpop", "del"} {
		if _, got := l.next(); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
}
