package respserver

import (
	"strconv"
	"strings"
	"testing"
)

// cursorReply reads a reply of ATOLL.XCURSOR: the cursor, and the values of entries with one field each.
func cursorReply(t *testing.T, p *peer) (cursor string, values []string) {
	t.Helper()
	if got := p.line(); got != "*2" {
		t.Fatalf("the reply begins with %q", got)
	}
	p.line()
	cursor = p.line()
	n, err := strconv.Atoi(strings.TrimPrefix(p.line(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		var value string
		for range 8 { // *2 $n id *2 $1 f $n value
			value = p.line()
		}
		values = append(values, value)
	}
	return cursor, values
}

func TestReadFromACursor(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	read := func(args string) (string, string) {
		p.send("ATOLL.XCURSOR s " + args + "\r\n")
		cursor, values := cursorReply(t, p)
		return cursor, strings.Join(values, " ")
	}
	expect := func(args, want string) (cursor string) {
		t.Helper()
		cursor, got := read(args)
		if got != want {
			t.Errorf("ATOLL.XCURSOR s %s gives %q, want %q", args, got, want)
		}
		return cursor
	}
	now := expect("$", "")
	p.script("XADD s 5-0 f a => $3⏎5-0\nXADD s 6-0 f b => $3⏎6-0")
	at := expect("0 COUNT 1", "a")
	at = expect(at+" COUNT 0", "b")
	at = expect(at+" BLOCK 1", "")
	expect(now, "a b")
	q := d.dial()
	q.send("ATOLL.XCURSOR s " + at + " BLOCK 0\r\n")
	d.blocked(1)
	p.script("XADD s 7-0 f c => $3⏎7-0")
	if _, got := cursorReply(t, q); len(got) != 1 || got[0] != "c" {
		t.Errorf("who waits gets %v", got)
	}
	p.script("MULTI => +OK\nXADD s 8-0 f d => +QUEUED\nATOLL.XCURSOR s " + at + " BLOCK 0 => +QUEUED")
	p.send("EXEC\r\n")
	if got := p.line() + p.line() + p.line(); got != "*2$38-0" {
		t.Errorf("EXEC gives %q", got)
	}
	at, got := cursorReply(t, p)
	if len(got) != 1 || got[0] != "c" {
		t.Errorf("within MULTI there is %v", got)
	}
	expect(at, "d")
	p.script(`
		SET k v => +OK
		ATOLL.XCURSOR k 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		ATOLL.XCURSOR s 0 COUNT => -ERR syntax error
		ATOLL.XCURSOR s 0 COUNT x => -ERR value is not an integer or out of range
		ATOLL.XCURSOR s 0 BLOCK -1 => -ERR timeout is negative
		ATOLL.XCURSOR s 0 FOO 1 => -ERR syntax error
		ATOLL.XCURSOR s 5-0 => -ERR invalid cursor
		ATOLL.XCURSOR t ` + at + ` => -ERR invalid cursor
		ATOLL.XCURSOR s ` + at[1:] + ` => -ERR invalid cursor
	`)
}
