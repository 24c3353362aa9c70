package respserver

import (
	"testing"
	"time"
)

// Debian's Redis has none of these commands. The replies are those of the pages of the commands, and of the source of Redis 8
// where a page does not give the words of an error.

func TestRepliesAboutDeadlinesOfFields(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		HTTL h FIELDS 2 f g => *2⏎:-2⏎:-2
		HEXPIRE h 10 FIELDS 1 f => *1⏎:-2
		HPERSIST h FIELDS 1 f => *1⏎:-2
		HSET h f 1 g 2 i 3 => :3
		HTTL h FIELDS 2 f none => *2⏎:-1⏎:-2
		HPTTL h FIELDS 1 f => *1⏎:-1
		HEXPIRETIME h FIELDS 1 f => *1⏎:-1
		HPERSIST h FIELDS 2 f none => *2⏎:-1⏎:-2
		HEXPIRE h 100 FIELDS 2 f none => *2⏎:1⏎:-2
		HTTL h FIELDS 1 f => *1⏎:100
		HEXPIREAT h 4102444800 FIELDS 1 f => *1⏎:1
		HEXPIRETIME h FIELDS 2 f g => *2⏎:4102444800⏎:-1
		HPEXPIREAT h 4102444800001 fields 1 f => *1⏎:1
		HPEXPIRETIME h FIELDS 1 f => *1⏎:4102444800001
		HEXPIRETIME h FIELDS 1 f => *1⏎:4102444801
		HEXPIREAT h 4102444800 NX FIELDS 2 f g => *2⏎:0⏎:1
		HEXPIREAT h 4102444900 XX FIELDS 2 f i => *2⏎:1⏎:0
		HEXPIREAT h 4102444850 GT FIELDS 3 f g i => *3⏎:0⏎:1⏎:0
		HEXPIREAT h 4102444800 lt FIELDS 3 f g i => *3⏎:1⏎:1⏎:1
		HEXPIREAT h 4102444800 LT FIELDS 1 f => *1⏎:0
		HPERSIST h FIELDS 3 f g none => *3⏎:1⏎:1⏎:-2
		HTTL h FIELDS 1 f => *1⏎:-1
		HPEXPIRE h 100000 FIELDS 1 f => *1⏎:1
		HSET h f 9 => :0
		HTTL h FIELDS 1 f => *1⏎:-1
		HPEXPIREAT h 4102444800000 FIELDS 1 f => *1⏎:1
		HINCRBY h f 1 => :10
		HINCRBYFLOAT h f 0.5 => $4⏎10.5
		HPEXPIRETIME h FIELDS 1 f => *1⏎:4102444800000
		HSETEX h PXAT 4102444800000 FIELDS 1 f 5.0e3 => :1
		HINCRBYFLOAT h f 1 => $4⏎5001
		HPEXPIRETIME h FIELDS 1 f => *1⏎:4102444800000
		HINCRBYFLOAT h f 0.5 => $6⏎5001.5
		HPEXPIRETIME h FIELDS 1 f => *1⏎:4102444800000
		SET s 5.0e3 PXAT 4102444800000 => +OK
		INCRBYFLOAT s 1 => $4⏎5001
		PEXPIRETIME s => :4102444800000
		COPY h c => :1
		RENAME c d => +OK
		MOVE d 3 => :1
		SELECT 3 => +OK
		HPEXPIRETIME d FIELDS 2 f g => *2⏎:4102444800000⏎:-1
		SELECT 0 => +OK
		HEXPIRE h 0 FIELDS 2 f none => *2⏎:2⏎:-2
		HEXPIREAT h 1 NX FIELDS 2 i g => *2⏎:0⏎:2
		HLEN h => :1
		HPEXPIREAT h 1 FIELDS 1 i => *1⏎:2
		EXISTS h => :0
	`)
}

func TestRepliesOfHGetExHSetExAndHGetDel(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		HGETEX h FIELDS 2 f g => *2⏎$-1⏎$-1
		HGETDEL h FIELDS 1 f => *1⏎$-1
		HSETEX h FXX FIELDS 1 f 1 => :0
		EXISTS h => :0
		HSETEX h FIELDS 2 f 1 g 2 => :1
		HTTL h FIELDS 2 f g => *2⏎:-1⏎:-1
		HSETEX h FNX FIELDS 2 f 5 x 5 => :0
		HSETEX h FXX FIELDS 2 f 5 x 5 => :0
		HEXISTS h x => :0
		HSETEX h FXX PXAT 4102444800000 FIELDS 2 f 3 g 4 => :1
		HPEXPIRETIME h FIELDS 2 f g => *2⏎:4102444800000⏎:4102444800000
		HSETEX h KEEPTTL FIELDS 2 f 5 x 6 => :1
		HPEXPIRETIME h FIELDS 2 f x => *2⏎:4102444800000⏎:-1
		HSETEX h exat 4102444900 fnx fields 1 y 7 => :1
		HEXPIRETIME h FIELDS 1 y => *1⏎:4102444900
		HSETEX h EX 100 FIELDS 1 f 8 => :1
		HTTL h FIELDS 1 f => *1⏎:100
		HSETEX h FIELDS 1 f 9 => :1
		HTTL h FIELDS 1 f => *1⏎:-1
		HGETEX h FIELDS 2 f none => *2⏎$1⏎9⏎$-1
		HTTL h FIELDS 1 f => *1⏎:-1
		HGETEX h EX 100 FIELDS 2 f none => *2⏎$1⏎9⏎$-1
		HTTL h FIELDS 1 f => *1⏎:100
		HGETEX h PERSIST FIELDS 1 f => *1⏎$1⏎9
		HTTL h FIELDS 1 f => *1⏎:-1
		HGETEX h PXAT 1 FIELDS 1 f => *1⏎$1⏎9
		HEXISTS h f => :0
		HSETEX h PX 0 FIELDS 1 f 9 => :1
		HEXISTS h f => :0
		HGETDEL h FIELDS 3 g g none => *3⏎$1⏎4⏎$-1⏎$-1
		HGETDEL h FIELDS 2 x y => *2⏎$1⏎6⏎$1⏎7
		EXISTS h => :0
	`)
}

func TestErrorsAboutDeadlinesOfFields(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		HSET h f 1 => :1
		SET s v => +OK
		HEXPIRE s notanum FIELDS 1 f => -WRONGTYPE Operation against a key holding the wrong kind of value
		HTTL s FIELDS 1 f => -WRONGTYPE Operation against a key holding the wrong kind of value
		HPERSIST s FIELDS 1 f => -WRONGTYPE Operation against a key holding the wrong kind of value
		HGETEX s FIELDS 1 f => -WRONGTYPE Operation against a key holding the wrong kind of value
		HSETEX s FIELDS 1 f v => -WRONGTYPE Operation against a key holding the wrong kind of value
		HGETDEL s FIELDS 1 f => -WRONGTYPE Operation against a key holding the wrong kind of value
		HEXPIRE h 10 FIELDS 1 => -ERR wrong number of arguments for 'hexpire' command
		HTTL h FIELDS 1 => -ERR wrong number of arguments for 'httl' command
		HEXPIRE h notanum FIELDS 1 f => -ERR value is not an integer or out of range
		HEXPIRE h -1 FIELDS 1 f => -ERR invalid expire time, must be >= 0
		HEXPIRE h 70368744178 FIELDS 1 f => -ERR invalid expire time in 'hexpire' command
		HPEXPIREAT h 70368744177664 FIELDS 1 f => -ERR invalid expire time in 'hpexpireat' command
		HPEXPIREAT h 70368744177663 FIELDS 1 f => *1⏎:1
		HPEXPIRE h 70368744177663 FIELDS 1 f => -ERR invalid expire time in 'hpexpire' command
		HPEXPIRE h 9223372036854775807 FIELDS 1 f => -ERR invalid expire time in 'hpexpire' command
		HEXPIRE h 100 BAD FIELDS 1 f => -ERR Mandatory argument FIELDS is missing or not at the right position
		HEXPIRE h 100 NX GT FIELDS 1 f => -ERR Mandatory argument FIELDS is missing or not at the right position
		HEXPIRE h x BAD FIELDS 1 f => -ERR value is not an integer or out of range
		HTTL h NOTFIELDS 1 f => -ERR Mandatory argument FIELDS is missing or not at the right position
		HEXPIRE h 100 FIELDS 0 f => -ERR Parameter ` + "`numFields`" + ` should be greater than 0
		HEXPIRE h 100 FIELDS x f => -ERR Parameter ` + "`numFields`" + ` should be greater than 0
		HTTL h FIELDS 0 f => -ERR Number of fields must be a positive integer
		HPERSIST h FIELDS x f => -ERR Number of fields must be a positive integer
		HEXPIRE h 100 FIELDS 2 f => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HTTL h FIELDS 1 f g => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HGETDEL h FIELDS 3 f g => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HGETEX h EX FIELDS 1 f => -ERR value is not an integer or out of range
		HGETEX h EX 1 PERSIST FIELDS 1 f => -ERR Mandatory argument FIELDS is missing or not at the right position
		HSETEX h EX 1 PX 1 FIELDS 1 f v => -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
		HSETEX h KEEPTTL EX 1 FIELDS 1 f v => -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
		HSETEX h FNX FXX FIELDS 1 f v => -ERR Only one of FXX or FNX arguments can be specified
		HSETEX h XX FIELDS 1 f v => -ERR unknown argument: XX
		HSETEX h EXAT -1 1 f v => -ERR invalid expire time, must be >= 0
		HSETEX h PX x PX 1 FIELDS 1 f v => -ERR value is not an integer or out of range
		HSETEX h PXAT 281474976710656 1 f v => -ERR invalid expire time in 'hsetex' command
		HSETEX h EX 281474976710656 1 f v => -ERR invalid expire time in 'hsetex' command
		HSETEX h EX 9223372036854775808 1 f v => -ERR value is not an integer or out of range
		HEXPIRE h 281474976710656 BAD 1 f => -ERR invalid expire time in 'hexpire' command
		HSETEX h FIELDS 0 f v => -ERR invalid number of fields
		HSETEX h FIELDS 2 f v => -ERR wrong number of arguments for 'hsetex' command
		HSETEX h FIELDS 1 f v g => -ERR wrong number of arguments for 'hsetex' command
		HSETEX h EX -1 FIELDS 1 f v => -ERR invalid expire time, must be >= 0
		HSETEX h EX x FIELDS 1 f v => -ERR value is not an integer or out of range
		HGET h f => $1⏎1
	`)
}

// A hash of which all fields have ended does not exist, and of one of which some have, the others are there, though nothing is
// deleted yet.
func TestEveryCommandPassesFieldsThatHaveEnded(t *testing.T) {
	for _, hello := range []string{"", "HELLO 3"} {
		p := open(t, nil).dial()
		null, empty, pair := "$-1", "*0", "*2⏎$5⏎stays⏎$1⏎1"
		if hello != "" {
			p.send(hello + "\r\n")
			p.await("PING", "+PONG")
			null, empty, pair = "_", "%0", "%1⏎$5⏎stays⏎$1⏎1"
		}
		p.script(`
			HSETEX h PX 50 FIELDS 2 f 1 g 2 => :1
			HINCRBY h n 5 => :5
			HPEXPIRE h 50 FIELDS 1 n => *1⏎:1
			HSETEX m PX 50 FIELDS 2 f 1 zz 2 => :1
			HSET m stays 1 => :1
		`)
		p.await("EXISTS h", ":0")
		p.await("HLEN m", ":1")
		for _, cmd := range []string{"TYPE h => +none", "EXISTS h m => :1", "TOUCH h => :0", "HLEN h => :0", "HGETALL h => " + empty, "HKEYS h => *0", "HVALS h => *0",
			"HMGET h f g => *2⏎" + null + "⏎" + null, "HGET h f => " + null, "HEXISTS h f => :0", "HSTRLEN h f => :0", "HRANDFIELD h => " + null, "HRANDFIELD h 5 => *0", "HSCAN h 0 => *2⏎$1⏎0⏎*0",
			"HDEL h f g n => :0", "DEL h => :0", "UNLINK h => :0", "TTL h => :-2", "EXPIRE h 100 => :0", "PERSIST h => :0", "HPERSIST h FIELDS 1 f => *1⏎:-2",
			"HGETDEL h FIELDS 1 f => *1⏎" + null, "HGETEX h PERSIST FIELDS 1 f => *1⏎" + null, "RENAME h x => -ERR no such key", "COPY h x => :0", "MOVE h 1 => :0",
			"OBJECT ENCODING h => " + null, "MEMORY USAGE h => " + null, "RANDOMKEY => $1⏎m", "KEYS * => *1⏎$1⏎m", "SCAN 0 => *2⏎$1⏎0⏎*1⏎$1⏎m", "SCAN 0 TYPE hash => *2⏎$1⏎0⏎*1⏎$1⏎m",
			"TYPE m => +hash", "HGETALL m => " + pair, "HKEYS m => *1⏎$5⏎stays", "HVALS m => *1⏎$1⏎1", "HRANDFIELD m => $5⏎stays", "HRANDFIELD m -2 => *2⏎$5⏎stays⏎$5⏎stays",
			"HSCAN m 0 => *2⏎$1⏎0⏎*2⏎$5⏎stays⏎$1⏎1", "HTTL m FIELDS 3 f stays zz => *3⏎:-2⏎:-1⏎:-2", "HDEL m f => :0", "COPY m c => :1", "HLEN c => :1", "SADD h x => :1", "TYPE h => +set"} {
			p.script(cmd)
		}
	}
}

func TestDeadlinesOfFieldsInAMulti(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		MULTI => +OK
		HSETEX h PXAT 4102444800000 FIELDS 2 f 1 g 2 => +QUEUED
		HEXPIRE h notanum FIELDS 1 f => +QUEUED
		HINCRBY h f 1 => +QUEUED
		HPEXPIRETIME h FIELDS 2 f g => +QUEUED
		HPERSIST h FIELDS 1 g => +QUEUED
		HGETDEL h FIELDS 1 f => +QUEUED
		HPEXPIREAT h 1 FIELDS 1 g => +QUEUED
		EXISTS h => +QUEUED
		HEXPIRE h 5 => -ERR wrong number of arguments for 'hexpire' command
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		HSETEX h PXAT 4102444800000 FIELDS 2 f 1 g 2 => +QUEUED
		HEXPIRE h notanum FIELDS 1 f => +QUEUED
		HINCRBY h f 1 => +QUEUED
		HPEXPIRETIME h FIELDS 2 f g => +QUEUED
		HPERSIST h FIELDS 1 g => +QUEUED
		HGETDEL h FIELDS 1 f => +QUEUED
		HPEXPIREAT h 1 FIELDS 1 g => +QUEUED
		EXISTS h => +QUEUED
		EXEC => *8⏎:1⏎-ERR value is not an integer or out of range⏎:2⏎*2⏎:4102444800000⏎:4102444800000⏎*1⏎:1⏎*1⏎$1⏎2⏎*1⏎:2⏎:0
	`)
}

// A watched hash has changed when the deadline of a field has, and when a field has ended that was there.
func TestAWatchedHashHasChangedWithItsDeadlines(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	for _, cmd := range []string{"HEXPIRE h 100 FIELDS 1 f => *1⏎:1", "HPERSIST h FIELDS 1 f => *1⏎:1", "HGETEX h EX 9 FIELDS 1 f => *1⏎$1⏎1"} {
		p.script("HSET h f 1 => :1\nHSETEX h EX 50 FIELDS 1 f 1 => :1\nWATCH h => +OK")
		other.script(cmd)
		p.script("MULTI => +OK\nPING => +QUEUED\nEXEC => *-1\nDEL h => :1")
	}
	p.script("HSET h g 1 => :1\nHSETEX h PX 50 FIELDS 1 f 1 => :1\nWATCH h => +OK")
	other.await("HEXISTS h f", ":0")
	p.script("MULTI => +OK\nPING => +QUEUED\nEXEC => *-1")
	p.script("WATCH h => +OK\nHTTL h FIELDS 1 g => *1⏎:-1\nMULTI => +OK\nPING => +QUEUED\nEXEC => *1⏎+PONG")
}

// await asks until a line of what comes is the reply that is wanted.
func (p *peer) await(cmd, want string) {
	p.t.Helper()
	p.send(cmd + "\r\n")
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		switch line := p.line(); {
		case line == want:
			return
		case line[0] == want[0]:
			time.Sleep(time.Millisecond)
			p.send(cmd + "\r\n")
		}
	}
	p.t.Fatalf("%s does not give %s", cmd, want)
}
