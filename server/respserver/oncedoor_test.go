package respserver

import (
	"strings"
	"testing"
)

// TestAnIDThatIsUsedForAnotherIncrement: another amount under a known id is refused, the same amount by another command is
// answered as that command does.
func TestAnIDThatIsUsedForAnotherIncrement(t *testing.T) {
	const used = "-ERR the id is that of another increment of this counter, by another amount"
	open(t, nil).dial().script(strings.ReplaceAll(`
		ATOLL.ONCE a INCR n => :1
		ATOLL.AGAIN a INCRBY n 1 => :1
		ATOLL.AGAIN a INCRBYFLOAT n 1.0 => $1⏎1
		ATOLL.AGAIN a INCRBY n 2 => USED
		ATOLL.ONCE a DECR n => USED
		ATOLL.AGAIN a INCRBYFLOAT n 0.5 => USED
		GET n => $1⏎1
		ATOLL.ONCE b INCRBYFLOAT n 2 => $1⏎3
		ATOLL.AGAIN b INCRBY n 2 => :3
		ATOLL.ONCE a HINCRBYFLOAT h f 5 => $1⏎5
		ATOLL.AGAIN a HINCRBY h f 5 => :5
		ATOLL.AGAIN a HINCRBY h f 6 => USED
		ATOLL.ONCE b HINCRBY h f 5 => :10
		ATOLL.AGAIN b HINCRBYFLOAT h f 5 => $2⏎10
		ATOLL.ONCE a ZINCRBY z 2.5 m => $3⏎2.5
		ATOLL.AGAIN a ZINCRBY z 25e-1 m => $3⏎2.5
		ATOLL.AGAIN a ZINCRBY z 3 m => USED
		ZSCORE z m => $3⏎2.5
	`, "USED", used))
}

// TestIncrementsThatAreSentAgainThroughTheDoor: ids of any bytes, other databases, pipelines, what becomes of the key in between.
func TestIncrementsThatAreSentAgainThroughTheDoor(t *testing.T) {
	s := open(t, nil)
	s.dial().script(`
		ATOLL.ONCE "" INCR n => -ERR the id has 0 bytes, it must have 1 to 64
		ATOLL.ONCE 1234567890123456789012345678901234567890123456789012345678901234 INCR n => :1
		ATOLL.AGAIN 1234567890123456789012345678901234567890123456789012345678901234 INCR n => :1
		SELECT 1 => +OK
		ATOLL.ONCE a INCR n => :1
		SELECT 2 => +OK
		ATOLL.ONCE a INCR n => :1
		ATOLL.AGAIN a INCR n => :1
		ATOLL.ONCE b ZINCRBY z 1 m => $1⏎1
		DEL z => :1
		ATOLL.AGAIN b ZINCRBY z 1 m => $1⏎1
		EXISTS z => :0
		RENAME n o => +OK
		ATOLL.AGAIN a INCR n => :1
		EXISTS n => :0
		SADD n x => :1
		ATOLL.AGAIN a INCR n => :1
		TYPE n => +set
		ATOLL.ONCE w INCR n => -WRONGTYPE Operation against a key holding the wrong kind of value
		DEL n => :1
		ATOLL.AGAIN w INCR n => :1
		WATCH n => +OK
		ATOLL.AGAIN w INCR n => :1
		MULTI => +OK
		INCR n => +QUEUED
		EXEC => *1⏎:2
		WATCH n => +OK
		ATOLL.AGAIN v INCR n => :3
		MULTI => +OK
		INCR n => +QUEUED
		EXEC => *-1
		GET n => $1⏎3
	`)
	p := s.dial()
	p.send("ATOLL.ONCE q INCR m\r\nATOLL.AGAIN q INCR m\r\nATOLL.ONCE q INCR m\r\nINCR m\r\n")
	p.script("CLIENT REPLY ON => :1⏎:1⏎:1⏎:2⏎+OK")
	p.send("CLIENT REPLY OFF\r\nATOLL.ONCE r INCR m\r\nATOLL.AGAIN r INCR m\r\n")
	p.script(`
		CLIENT REPLY ON => +OK
		GET m => $1⏎3
	`)
}
