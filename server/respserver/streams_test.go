package respserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atollkv/atoll/crdt"
)

// What redis-server 7.0.15 answers was compared with this by test/differential.
func TestStreams(t *testing.T) {
	open(t, nil).dial().script(`
		XADD s NOMKSTREAM 1-1 f v => $-1
		EXISTS s => :0
		XADD s 1-1 f v => $3⏎1-1
		XADD s 1-1 f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
		XADD s 0-0 f v => -ERR The ID specified in XADD must be greater than 0-0
		XADD s 2 f v g w => $3⏎2-0
		XADD s 3 f => -ERR wrong number of arguments for 'xadd' command
		XADD s 3 f v g => -ERR wrong number of arguments for 'xadd' command
		XADD s - f v => -ERR Invalid stream ID specified as stream command argument
		XADD s 1-* f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
		XADD s 18446744073709551616 f v => -ERR Invalid stream ID specified as stream command argument
		XADD s MAXLEN 2 MINID 2 3 f v => -ERR syntax error, MAXLEN and MINID options at the same time are not compatible
		XADD s LIMIT 2 3 f v => -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
		XADD s MAXLEN = 2 LIMIT 2 3 f v => -ERR syntax error, LIMIT cannot be used without the special ~ option
		XADD s MAXLEN -2 3 f v => -ERR The MAXLEN argument must be >= 0.
		XADD s MAXLEN ~ 2 LIMIT -1 3 f v => -ERR The LIMIT argument must be >= 0.
		XADD s MAXLEN 2 3 f x => $3⏎3-0
		XLEN s => :2
		XRANGE s - + => *2⏎*2⏎$3⏎2-0⏎*4⏎$1⏎f⏎$1⏎v⏎$1⏎g⏎$1⏎w⏎*2⏎$3⏎3-0⏎*2⏎$1⏎f⏎$1⏎x
		XRANGE s (2 + => *1⏎*2⏎$3⏎3-0⏎*2⏎$1⏎f⏎$1⏎x
		XRANGE s - (3 COUNT 1 => *1⏎*2⏎$3⏎2-0⏎*4⏎$1⏎f⏎$1⏎v⏎$1⏎g⏎$1⏎w
		XRANGE s - + COUNT 0 => *-1
		XRANGE none - + COUNT 0 => *0
		XRANGE s (18446744073709551615-18446744073709551615 + => -ERR invalid start ID for the interval
		XRANGE s - (0-0 => -ERR invalid end ID for the interval
		XREVRANGE s + - COUNT 1 => *1⏎*2⏎$3⏎3-0⏎*2⏎$1⏎f⏎$1⏎x
		XREVRANGE s 2 2-5 => *0
		XREVRANGE s 3-0 (2-0 => *1⏎*2⏎$3⏎3-0⏎*2⏎$1⏎f⏎$1⏎x
		XREVRANGE s (3-0 - => *1⏎*2⏎$3⏎2-0⏎*4⏎$1⏎f⏎$1⏎v⏎$1⏎g⏎$1⏎w
		XREAD STREAMS s none 2-0 0 => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎3-0⏎*2⏎$1⏎f⏎$1⏎x
		XREAD COUNT 1 STREAMS s 0 => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎2-0⏎*4⏎$1⏎f⏎$1⏎v⏎$1⏎g⏎$1⏎w
		XREAD STREAMS s $ => *-1
		XREAD STREAMS s none $ => -ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.
		XREAD COUNT 1 s 0 => -ERR syntax error
		XREAD BLOCK 1 COUNT 1 => -ERR syntax error
		XREAD STREAMS s > => -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
		XREAD GROUP g c STREAMS s 0 => -ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
		XREAD NOACK STREAMS s 0 => -ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
		XDEL s 2-0 7-7 => :1
		XDEL s x => -ERR Invalid stream ID specified as stream command argument
		XDEL none x => :0
		XTRIM s MAXLEN ~ 0 => :1
		XLEN s => :0
		TYPE s => +stream
		OBJECT ENCODING s => $6⏎stream
		XTRIM s FOO 1 => -ERR syntax error
		XTRIM s LIMIT 0 => -ERR syntax error, XTRIM must be called with a trimming strategy
		XTRIM s LIMIT 1 => -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
		XADD s 3-0 f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
		XSETID s 1-0 => +OK
		XADD s 1-1 f v => $3⏎1-1
		XSETID s 1-0 => -ERR The ID specified in XSETID is smaller than the target stream top item
		XSETID s 5-0 ENTRIESADDED 0 => -ERR The entries_added specified in XSETID is smaller than the target stream length
		XSETID s 5-0 ENTRIESADDED -1 => -ERR entries_added must be positive
		XSETID s 5-0 MAXDELETEDID 6-0 => -ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
		XSETID none 5-0 => -ERR no such key
		XSETID s 5-0 ENTRIESADDED 10 MAXDELETEDID 4-0 => +OK
		XINFO STREAM s => *20⏎$6⏎length⏎:1⏎$15⏎radix-tree-keys⏎:1⏎$16⏎radix-tree-nodes⏎:2⏎$17⏎last-generated-id⏎$3⏎5-0⏎$20⏎max-deleted-entry-id⏎$3⏎4-0⏎$13⏎entries-added⏎:10⏎$23⏎recorded-first-entry-id⏎$3⏎1-1⏎$6⏎groups⏎:0⏎$11⏎first-entry⏎*2⏎$3⏎1-1⏎*2⏎$1⏎f⏎$1⏎v⏎$10⏎last-entry⏎*2⏎$3⏎1-1⏎*2⏎$1⏎f⏎$1⏎v
		XINFO STREAM none => -ERR no such key
		XINFO STREAM s FOO => -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
		XADD s 18446744073709551615-18446744073709551615 f v => $41⏎18446744073709551615-18446744073709551615
		XADD s * f v => -ERR The stream has exhausted the last possible ID, unable to add more items
		SET k v => +OK
		XADD k * f v => -WRONGTYPE Operation against a key holding the wrong kind of value
		XLEN k => -WRONGTYPE Operation against a key holding the wrong kind of value
		XREAD STREAMS k s 0 x => -WRONGTYPE Operation against a key holding the wrong kind of value
		GET s => -WRONGTYPE Operation against a key holding the wrong kind of value
		COMMAND GETKEYS XREAD COUNT 2 STREAMS a b 0 0 => *2⏎$1⏎a⏎$1⏎b
		RENAME s t => +OK
		XLEN t => :2
		DEL t => :1
		EXISTS t => :0
		MULTI => +OK
		XADD t 5-0 f v => +QUEUED
		XADD t 4-0 f v => +QUEUED
		XREAD BLOCK 0 STREAMS t $ => +QUEUED
		XREAD STREAMS t 0 => +QUEUED
		EXEC => *4⏎$3⏎5-0⏎-ERR The ID specified in XADD is equal or smaller than the target stream top item⏎*-1⏎*1⏎*2⏎$1⏎t⏎*1⏎*2⏎$3⏎5-0⏎*2⏎$1⏎f⏎$1⏎v
	`)
}

// TestIDsThatAreGiven ascend, be they asked for whole or with a time.
func TestIDsThatAreGiven(t *testing.T) {
	p := open(t, nil).dial()
	var last crdt.StreamID
	for i, id := range []string{"*", "*", "99999999999999-*", "99999999999999-*", "*"} {
		p.send("XADD s " + id + " f v\r\n")
		p.line()
		got, err := streamID([]byte(p.line()), 0)
		if ms, _, timed := strings.Cut(id, "-"); err != nil || got.Compare(last) <= 0 || timed && fmt.Sprint(got.Ms) != ms {
			t.Errorf("%d: XADD s %s gives %v after %v: %v", i, id, got, last, err)
		}
		last = got
	}
	p.script("XLEN s => :5")
}

// entry is what a reader of a stream gets.
func entry(key, id, value string) string {
	return fmt.Sprintf("*1\r\n*2\r\n$%d\r\n%s\r\n*1\r\n*2\r\n$%d\r\n%s\r\n*2\r\n$1\r\nf\r\n$%d\r\n%s\r\n", len(key), key, len(id), id, len(value), value)
}

// TestAllWhoReadAStreamAreServed lets readers wait that begin at different ids: who waits for a later one does not keep
// others from an earlier one, and nothing is taken.
func TestAllWhoReadAStreamAreServed(t *testing.T) {
	d := open(t, nil)
	list, w := d.dial(), d.dial()
	list.send("BLPOP s 0\r\n")
	d.blocked(1)
	w.script("XADD s 5-0 f a => $3⏎5-0")
	var readers []*peer
	for i, from := range []string{"9-0", "$", "6-0", "5-0"} {
		p := d.dial()
		p.send("XREAD BLOCK 0 STREAMS other s $ " + from + "\r\n")
		d.blocked(i + 2)
		readers = append(readers, p)
	}
	w.script(`
		XDEL s 5-0 => :1
		XADD s 6-0 f b => $3⏎6-0
	`)
	for _, p := range []*peer{readers[1], readers[3]} {
		p.expect(entry("s", "6-0", "b"))
	}
	d.blocked(3)
	w.script("XADD s 7-0 f c => $3⏎7-0")
	readers[2].expect(entry("s", "7-0", "c"))
	w.script("XADD other 1-0 f d => $3⏎1-0")
	readers[0].expect(entry("other", "1-0", "d"))
	w.script(`
		XLEN s => :2
		DEL s => :1
		RPUSH s x => :1
	`)
	list.expect("*2\r\n$1\r\ns\r\n$1\r\nx\r\n")
}

// TestReadersThatWaitForNothing end by time and by command, and read what is there without waiting.
func TestReadersThatWaitForNothing(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.script(`
		XREAD BLOCK 1 STREAMS s $ => *-1
		XREAD BLOCK -1 STREAMS s $ => -ERR timeout is negative
		XREAD BLOCK x STREAMS s $ => -ERR timeout is not an integer or out of range
		XADD s 1-0 f a => $3⏎1-0
		XREAD BLOCK 0 STREAMS s 0 => ` + strings.ReplaceAll(strings.TrimSuffix(entry("s", "1-0", "a"), "\r\n"), "\r\n", "⏎") + `
		SET k v => +OK
		XREAD BLOCK 0 STREAMS k $ => -WRONGTYPE Operation against a key holding the wrong kind of value
	`)
	p.send("XREAD BLOCK 0 STREAMS s $\r\n")
	d.blocked(1)
	d.dial().script("CLIENT UNBLOCK 1 => :1")
	p.expect("*-1\r\n")
	p.send("XREAD BLOCK 0 STREAMS s $\r\n")
	d.blocked(1)
	d.dial().script("CLIENT UNBLOCK 1 ERROR => :1")
	p.expect("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
}

// TestStreamsInVersion3 reads maps.
func TestStreamsInVersion3(t *testing.T) {
	p := open(t, nil).dial()
	p.script(hello3 + `
		XADD s 1-0 f a => $3⏎1-0
		XREAD STREAMS s 0 => %1⏎$1⏎s⏎*1⏎*2⏎$3⏎1-0⏎*2⏎$1⏎f⏎$1⏎a
		XREAD STREAMS s 1 => _
		XINFO STREAM s FULL COUNT 0 => %9⏎$6⏎length⏎:1⏎$15⏎radix-tree-keys⏎:1⏎$16⏎radix-tree-nodes⏎:2⏎$17⏎last-generated-id⏎$3⏎1-0⏎$20⏎max-deleted-entry-id⏎$3⏎0-0⏎$13⏎entries-added⏎:1⏎$23⏎recorded-first-entry-id⏎$3⏎1-0⏎$7⏎entries⏎*1⏎*2⏎$3⏎1-0⏎*2⏎$1⏎f⏎$1⏎a⏎$6⏎groups⏎*0
		XDEL s 1-0 => :1
		XINFO STREAM s => %10⏎$6⏎length⏎:0⏎$15⏎radix-tree-keys⏎:0⏎$16⏎radix-tree-nodes⏎:1⏎$17⏎last-generated-id⏎$3⏎1-0⏎$20⏎max-deleted-entry-id⏎$3⏎1-0⏎$13⏎entries-added⏎:1⏎$23⏎recorded-first-entry-id⏎$3⏎0-0⏎$6⏎groups⏎:0⏎$11⏎first-entry⏎_⏎$10⏎last-entry⏎_
	`)
}
