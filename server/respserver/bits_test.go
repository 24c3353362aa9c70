package respserver

import (
	"fmt"
	"strings"
	"testing"
)

func TestBits(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		SETBIT k 7 1 => :0
		SETBIT k 7 1 => :1
		SETBIT k 9 1 => :0
		GETBIT k 9 => :1
		GETBIT k 10 => :0
		GETBIT k 67108863 => :0
		GETBIT k 67108864 => -ERR bit offset is not an integer or out of range
		GETBIT k -1 => -ERR bit offset is not an integer or out of range
		GETBIT k #1 => -ERR bit offset is not an integer or out of range
		SETBIT k x 1 => -ERR bit offset is not an integer or out of range
		SETBIT k 1 2 => -ERR bit is not an integer or out of range
		SETBIT k 1 x => -ERR bit is not an integer or out of range
		BITCOUNT k => :2
		BITCOUNT k 0 0 => :1
		BITCOUNT k 8 -1 bit => :1
		BITCOUNT k 0 0 foo => -ERR syntax error
		BITCOUNT k -1 -2 foo => :0
		BITCOUNT k -1 -100 => :0
		BITCOUNT k 0 => -ERR syntax error
		BITCOUNT none 0 => :0
		BITCOUNT k x 0 => -ERR value is not an integer or out of range
		BITPOS k 1 => :7
		BITPOS k 1 1 => :9
		BITPOS k 1 8 -1 BIT => :9
		BITPOS k 0 => :0
		BITPOS k 2 => -ERR The bit argument must be 1 or 0.
		BITPOS k 1 0 -1 foo => -ERR syntax error
		BITPOS none 1 x => :-1
		BITPOS k 1 x => -ERR value is not an integer or out of range
		BITOP OR to k none => :2
		BITOP NOT to k k => -ERR BITOP NOT must be called with a single source key.
		BITOP FOO to k => -ERR syntax error
		BITOP AND to none => :0
		EXISTS to => :0
		BITFIELD f SET u8 0 200 GET u4 0 INCRBY u8 0 100 => *3⏎:0⏎:12⏎:44
		BITFIELD f OVERFLOW sat INCRBY i8 #1 200 OVERFLOW FAIL INCRBY i8 #1 1 => *2⏎:127⏎$-1
		BITFIELD f => *0
		BITFIELD f GET u64 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
		BITFIELD f GET i08 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
		BITFIELD f GET i8 #67108863 => -ERR bit offset is not an integer or out of range
		BITFIELD f GET i8 #9223372036854775807 => -ERR bit offset is not an integer or out of range
		BITFIELD f OVERFLOW foo => -ERR Invalid OVERFLOW type specified
		BITFIELD f SET i8 0 => -ERR syntax error
		BITFIELD f SET i8 0 x => -ERR value is not an integer or out of range
		BITFIELD_RO f GET u8 0 GET i8 8 => *2⏎:44⏎:127
		BITFIELD_RO f SET u8 0 1 => -ERR BITFIELD_RO only supports the GET subcommand
		SADD s m => :1
		BITFIELD s GET u8 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		BITFIELD s => -WRONGTYPE Operation against a key holding the wrong kind of value
		MULTI => +OK
		BITCOUNT k 0 => +QUEUED
		SETBIT k 0 1 => +QUEUED
		BITFIELD_RO k GET u2 0 => +QUEUED
		BITFIELD_RO k SET u2 0 1 => +QUEUED
		EXEC => *4⏎-ERR syntax error⏎:0⏎*1⏎:2⏎-ERR BITFIELD_RO only supports the GET subcommand
	`)
	steps := strings.Repeat(" GET u1 0", bitStepsMax/8)
	p.send("*1\r\n$0\r\n\r\n")
	p.expect("-ERR unknown command '', with args beginning with: \r\n")
	long := []string{"BITFIELD", "f"}
	for range 8 {
		long = append(long, strings.Fields(steps)...)
	}
	p.send(array(append(long, "GET", "u1", "0")...))
	p.expect(fmt.Sprintf("-ERR too many steps: limit %d\r\n", bitStepsMax))
}

func TestLCS(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		MSET a ohmytext b mynewtext => +OK
		LCS a b => $6⏎mytext
		LCS a b LEN => :6
		LCS a b IDX => *4⏎$7⏎matches⏎*2⏎*2⏎*2⏎:4⏎:7⏎*2⏎:5⏎:8⏎*2⏎*2⏎:2⏎:3⏎*2⏎:0⏎:1⏎$3⏎len⏎:6
		LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN => *4⏎$7⏎matches⏎*1⏎*3⏎*2⏎:4⏎:7⏎*2⏎:5⏎:8⏎:4⏎$3⏎len⏎:6
		LCS a b LEN IDX => -ERR If you want both the length and indexes, please just use IDX.
		LCS a b MINMATCHLEN => -ERR syntax error
		LCS a b MINMATCHLEN x => -ERR value is not an integer or out of range
		LCS a none => $0⏎
		SADD s m => :1
		LCS a s FOO => -ERR The specified keys must contain string values
		MULTI => +OK
		LCS a s => +QUEUED
		LCS a b LEN => +QUEUED
		EXEC => *2⏎-ERR The specified keys must contain string values⏎:6
	`)
}

func TestSPopAndSInterCard(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		SPOP none => $-1
		SPOP none 3 => *0
		SADD s x => :1
		SPOP s 0 => *0
		SPOP s -1 => -ERR value is out of range, must be positive
		SPOP s x => -ERR value is out of range, must be positive
		SPOP s 1 1 => -ERR syntax error
		SPOP s => $1⏎x
		EXISTS s => :0
		SADD s a b c => :3
		SADD t b c d => :3
		SINTERCARD 2 s t => :2
		SINTERCARD 2 s t LIMIT 1 => :1
		SINTERCARD 2 s t limit 0 => :2
		SINTERCARD 0 s => -ERR numkeys should be greater than 0
		SINTERCARD x s => -ERR numkeys should be greater than 0
		SINTERCARD 3 s t => -ERR Number of keys can't be greater than number of args
		SINTERCARD 1 s t => -ERR syntax error
		SINTERCARD 1 s LIMIT => -ERR syntax error
		SINTERCARD 1 s LIMIT -1 => -ERR LIMIT can't be negative
		SINTERCARD 1 s LIMIT x => -ERR LIMIT can't be negative
		COMMAND GETKEYS SINTERCARD 2 s t LIMIT 1 => *2⏎$1⏎s⏎$1⏎t
		COMMAND GETKEYS SINTERCARD 3 s t => -ERR Invalid arguments specified for command
		SET text v => +OK
		SPOP text => -WRONGTYPE Operation against a key holding the wrong kind of value
		MULTI => +OK
		SPOP s 9 => +QUEUED
		SPOP text 1 => +QUEUED
		SPOP s => +QUEUED
		EXEC => *3⏎*3⏎$1⏎a⏎$1⏎b⏎$1⏎c⏎-WRONGTYPE Operation against a key holding the wrong kind of value⏎$-1
		HELLO 3 => %7⏎$6⏎server⏎$5⏎atoll⏎$7⏎version⏎$6⏎7.0.15⏎$5⏎proto⏎:3⏎$2⏎id⏎:1⏎$4⏎mode⏎$10⏎standalone⏎$4⏎role⏎$6⏎master⏎$7⏎modules⏎*0
		SPOP none 2 => ~0
	`)
}

// TestSPopSharesALargeSet takes all members in parallel: each goes to one client.
func TestSPopSharesALargeSet(t *testing.T) {
	d := open(t, nil)
	const n = 5100
	args := []string{"SADD", "s"}
	for i := range n {
		args = append(args, fmt.Sprintf("m%04d", i))
	}
	p := d.dial()
	p.send(array(args...))
	p.expect(fmt.Sprintf(":%d\r\n", n))
	seen, late := map[string]bool{}, 0
	p.send("SPOP s 100\r\n")
	p.expect("*100\r\n")
	for range 100 {
		p.line()
		m := p.line()
		if seen[m] = true; m > "m4200" {
			late++
		}
	}
	if late == 0 {
		t.Error("none of 100 is beyond what a transaction would walk")
	}
	taken := make(chan []string)
	const clients = 4
	for range clients {
		c := d.dial()
		go func() {
			var mine []string
			defer func() { taken <- mine }() // also when the client breaks off
			for range (n - 100) / clients / 10 {
				c.send("SPOP s 10\r\n")
				c.line()
				for range 10 {
					c.line()
					mine = append(mine, c.line())
				}
			}
		}()
	}
	for range clients {
		for _, m := range <-taken {
			if seen[m] {
				t.Errorf("%s twice", m)
			}
			seen[m] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d", len(seen), n)
	}
	p.script("EXISTS s => :0")
}
