package respserver

import "testing"

func TestOnce(t *testing.T) {
	open(t, nil).dial().script(`
		ATOLL.ONCE a INCR n => :1
		ATOLL.ONCE b INCRBY n 10 => :11
		ATOLL.ONCE a INCR n => :1
		ATOLL.AGAIN a INCR n => :1
		ATOLL.AGAIN c DECR n => :10
		ATOLL.AGAIN c DECR n => :10
		ATOLL.ONCE d decrby n 4 => :6
		ATOLL.AGAIN d decrby n 4 => :6
		GET n => $1⏎6
		ATOLL.ONCE a INCRBYFLOAT f 2.5 => $3⏎2.5
		ATOLL.AGAIN a INCRBYFLOAT f 2.5 => $3⏎2.5
		ATOLL.ONCE a HINCRBY h f 3 => :3
		ATOLL.AGAIN a HINCRBY h f 3 => :3
		ATOLL.ONCE a HINCRBY h g 3 => :3
		ATOLL.ONCE a HINCRBYFLOAT h x 0.5 => $3⏎0.5
		ATOLL.AGAIN a HINCRBYFLOAT h x 0.5 => $3⏎0.5
		ATOLL.ONCE a ZINCRBY z 1.5 m => $3⏎1.5
		ATOLL.AGAIN a ZINCRBY z 1.5 m => $3⏎1.5
		ZSCORE z m => $3⏎1.5
		ATOLL.ONCE a SET k v => -ERR 'set' is no increment: of INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY alone nodes can tell that they were done before
		ATOLL.ONCE a NOSUCH k => -ERR 'nosuch' is no increment: of INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY alone nodes can tell that they were done before
		ATOLL.ONCE a PING k => -ERR 'ping' is no increment: of INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY alone nodes can tell that they were done before
		ATOLL.ONCE a ATOLL.ONCE b INCR n => -ERR 'atoll.once' is no increment: of INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT, HINCRBY, HINCRBYFLOAT and ZINCRBY alone nodes can tell that they were done before
		ATOLL.ONCE a INCR n 2 => -ERR wrong number of arguments for 'incr' command
		ATOLL.ONCE a INCR => -ERR wrong number of arguments for 'atoll.once' command
		ATOLL.ONCE a INCRBY n x => -ERR value is not an integer or out of range
		ATOLL.ONCE 12345678901234567890123456789012345678901234567890123456789012345 INCR n => -ERR the id has 65 bytes, it must have 1 to 64
		SET w text => +OK
		ATOLL.ONCE a INCR w => -ERR value is not an integer or out of range
		MULTI => +OK
		ATOLL.ONCE e INCR n => -ERR Command not allowed inside a transaction
		EXEC => -EXECABORT Transaction discarded because of previous errors.
	`)
}
