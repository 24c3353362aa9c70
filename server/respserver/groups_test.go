package respserver

import "testing"

// What redis-server 7.0.15 answers was compared with this by test/differential.
func TestGroups(t *testing.T) {
	open(t, nil).dial().script(`
		XGROUP CREATE s g $ => -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
		XGROUP CREATE s g $ MKSTREAM => +OK
		XGROUP CREATE s g 0 => -BUSYGROUP Consumer Group name already exists
		XADD s 1-1 f v => $3⏎1-1
		XADD s 2-1 f w => $3⏎2-1
		XREADGROUP GROUP g c COUNT 1 STREAMS s > => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎1-1⏎*2⏎$1⏎f⏎$1⏎v
		XREADGROUP GROUP g d STREAMS s > => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎2-1⏎*2⏎$1⏎f⏎$1⏎w
		XREADGROUP GROUP g d STREAMS s > => *-1
		XREADGROUP GROUP g d BLOCK 1 STREAMS s > => *-1
		XREADGROUP GROUP h d STREAMS s > => -NOGROUP No such key 's' or consumer group 'h' in XREADGROUP with GROUP option
		XPENDING s g => *4⏎:2⏎$3⏎1-1⏎$3⏎2-1⏎*2⏎*2⏎$1⏎c⏎$1⏎1⏎*2⏎$1⏎d⏎$1⏎1
		XPENDING s g IDLE 100000 - + 10 => *0
		XDEL s 2-1 => :1
		XREADGROUP GROUP g d STREAMS s 0 => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎2-1⏎*-1
		XCLAIM s g d 0 1-1 JUSTID => *1⏎$3⏎1-1
		XAUTOCLAIM s g c 0 - => *3⏎$3⏎0-0⏎*1⏎*2⏎$3⏎1-1⏎*2⏎$1⏎f⏎$1⏎v⏎*1⏎$3⏎2-1
		XACK s g 1-1 1-1 2-1 => :1
		XPENDING s g => *4⏎:0⏎$-1⏎$-1⏎*-1
		XINFO GROUPS s => *1⏎*12⏎$4⏎name⏎$1⏎g⏎$9⏎consumers⏎:2⏎$7⏎pending⏎:0⏎$17⏎last-delivered-id⏎$3⏎2-1⏎$12⏎entries-read⏎:2⏎$3⏎lag⏎:0
		XGROUP SETID s g 0 ENTRIESREAD 0 => +OK
		XREADGROUP GROUP g c NOACK STREAMS s > => *1⏎*2⏎$1⏎s⏎*1⏎*2⏎$3⏎1-1⏎*2⏎$1⏎f⏎$1⏎v
		XPENDING s g - + 10 => *0
		XGROUP DELCONSUMER s g c => :0
		XGROUP DESTROY s g => :1
		XINFO CONSUMERS s g => -NOGROUP No such consumer group 'g' for key name 's'
	`)
}

// A wait ends where the stream goes, or the group.
func TestAWaitForAGroupEnds(t *testing.T) {
	for what, want := range map[string]string{
		"DEL s": "-UNBLOCKED the stream key no longer exists", "SET s v": "-UNBLOCKED the stream key no longer exists",
		"XGROUP DESTROY s g": "-NOGROUP the consumer group this client was blocked on no longer exists",
	} {
		d := open(t, nil)
		waits, other := d.dial(), d.dial()
		other.script("XGROUP CREATE s g $ MKSTREAM => +OK")
		waits.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n")
		d.blocked(1)
		other.send(what + "\r\n")
		other.line()
		if got := waits.line(); got != want {
			t.Errorf("%s: the wait ends with %q, want %q", what, got, want)
		}
	}
}
