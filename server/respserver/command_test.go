package respserver

import (
	"strings"
	"testing"

	"github.com/atollkv/atoll/server"
)

func TestReplies(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		PING => +PONG
		PING "a b" => $3⏎a b
		PING a b => -ERR wrong number of arguments for 'ping' command
		ECHO hi => $2⏎hi
		SELECT 0 => +OK
		SELECT 99 => -ERR DB index is out of range
		SELECT abc => -ERR value is not an integer or out of range
		GET k => $-1
		SET k v => +OK
		get k => $1⏎v
		SET k w NX => $-1
		SET k w NX GET => $1⏎v
		SET k w XX => +OK
		SET k x GET => $1⏎w
		SET none x XX GET => $-1
		SET k v EX => -ERR syntax error
		SET k v EX 1 PX 1 => -ERR syntax error
		SET k v KEEPTTL EX 1 => -ERR syntax error
		SET k v NX XX => -ERR syntax error
		SET k v EX abc => -ERR value is not an integer or out of range
		SET k v EX 0 => -ERR invalid expire time in 'set' command
		SET k v PX -1 => -ERR invalid expire time in 'set' command
		SET k v EX 99999999999999999 => -ERR invalid expire time in 'set' command
		SET k v EX 9223372036854775 => -ERR invalid expire time in 'set' command
		SET k v PX 9223372036854775807 => -ERR invalid expire time in 'set' command
		SET k v EX 10 PERSIST => -ERR syntax error
		GET k => $1⏎x
		SETNX k y => :0
		SETNX k2 y => :1
		GETSET k2 z => $1⏎y
		GETDEL k2 => $1⏎z
		GETDEL k2 => $-1
		APPEND k yz => :3
		STRLEN k => :3
		GETRANGE k 0 0 => $1⏎x
		GETRANGE k -2 -1 => $2⏎yz
		GETRANGE k 1 99 => $2⏎yz
		GETRANGE k 2 1 => $0⏎
		GETRANGE k -1 -2 => $0⏎
		GETRANGE none 0 -1 => $0⏎
		SETRANGE k 1 ABC => :4
		SETRANGE k -1 x => -ERR offset is out of range
		SETRANGE k 9223372036854775807 x => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
		MSET a 1 b 2 a 3 => +OK
		MGET a b c => *3⏎$1⏎3⏎$1⏎2⏎$-1
		MSET a => -ERR wrong number of arguments for 'mset' command
		MSET a 1 b => -ERR wrong number of arguments for 'mset' command
		MSETNX c 1 a 1 => :0
		MSETNX c 1 d 1 => :1
		SET n 10 => +OK
		INCR n => :11
		DECR n => :10
		INCRBY n 5 => :15
		DECRBY n 20 => :-5
		GET n => $2⏎-5
		DECRBY n -9223372036854775808 => -ERR decrement would overflow
		INCRBY n -9223372036854775808 => -ERR increment or decrement would overflow
		INCR k => -ERR value is not an integer or out of range
		INCRBY n 1.5 => -ERR value is not an integer or out of range
		SADD s x y x => :2
		SADD s "" => :1
		SCARD s => :3
		SMEMBERS s => *3⏎$0⏎⏎$1⏎x⏎$1⏎y
		SISMEMBER s x => :1
		SMISMEMBER s x z "" => *3⏎:1⏎:0⏎:1
		SREM s x z => :1
		GET s => -WRONGTYPE Operation against a key holding the wrong kind of value
		INCR s => -WRONGTYPE Operation against a key holding the wrong kind of value
		SADD k x => -WRONGTYPE Operation against a key holding the wrong kind of value
		SET s x GET => -WRONGTYPE Operation against a key holding the wrong kind of value
		SADD u x y z => :3
		SADD w y q => :2
		SINTER u w => *1⏎$1⏎y
		SUNION u w none => *4⏎$1⏎q⏎$1⏎x⏎$1⏎y⏎$1⏎z
		SDIFF u w s => *2⏎$1⏎x⏎$1⏎z
		SINTER u none => *0
		SINTER none k => -WRONGTYPE Operation against a key holding the wrong kind of value
		SINTERSTORE to u w => :1
		SMEMBERS to => *1⏎$1⏎y
		SUNIONSTORE u u w => :4
		SDIFFSTORE to u w => :2
		SINTERSTORE to u none => :0
		EXISTS to => :0
		SET to string => +OK
		SUNIONSTORE to w k => -WRONGTYPE Operation against a key holding the wrong kind of value
		GET to => $6⏎string
		SUNIONSTORE to w => :2
		TYPE to => +set
		SMOVE u w x => :1
		SMOVE u w x => :0
		SMOVE u u z => :1
		SMOVE none k x => :0
		SMOVE u k y => -WRONGTYPE Operation against a key holding the wrong kind of value
		SMEMBERS w => *3⏎$1⏎q⏎$1⏎x⏎$1⏎y
		ZADD z 1 a 2.5 b inf c => :3
		ZADD z NX 9 a 4 d => :1
		ZADD z XX CH GT 5 d 1 b => :1
		ZADD z NX XX 1 a => -ERR XX and NX options at the same time are not compatible
		ZADD z GT LT 1 a => -ERR GT, LT, and/or NX options at the same time are not compatible
		ZADD z INCR 1 a 2 b => -ERR INCR option supports a single increment-element pair
		ZADD z INCR 0.5 a => $3⏎1.5
		ZADD z NX INCR 1 a => $-1
		ZADD z 1 => -ERR wrong number of arguments for 'zadd' command
		ZADD z 1 a 2 => -ERR syntax error
		ZADD z x a => -ERR value is not a valid float
		ZADD s 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
		ZINCRBY z -inf c => -ERR resulting score is not a number (NaN)
		ZINCRBY z 0.1 a => $18⏎1.6000000000000001
		ZSCORE z a => $18⏎1.6000000000000001
		ZSCORE z c => $3⏎inf
		ZSCORE z x => $-1
		ZMSCORE z b x => *2⏎$3⏎2.5⏎$-1
		ZCARD z => :4
		ZRANGE z 0 -1 => *4⏎$1⏎a⏎$1⏎b⏎$1⏎d⏎$1⏎c
		ZRANGE z 0 0 REV WITHSCORES => *2⏎$1⏎c⏎$3⏎inf
		ZRANGE z (2.5 +inf BYSCORE LIMIT 0 1 => *1⏎$1⏎d
		ZRANGE z 0 1 LIMIT 0 1 => -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
		ZRANGE z - + BYLEX WITHSCORES => -ERR syntax error, WITHSCORES not supported in combination with BYLEX
		ZRANGE z x 1 BYSCORE => -ERR min or max is not a float
		ZRANGE z x + BYLEX => -ERR min or max not valid string range item
		ZRANGE z 0 1 FOO => -ERR syntax error
		ZREVRANGE z 1 1 => *1⏎$1⏎d
		ZRANGEBYSCORE z 2.5 5 WITHSCORES => *4⏎$1⏎b⏎$3⏎2.5⏎$1⏎d⏎$1⏎5
		ZREVRANGEBYSCORE z (inf 0 LIMIT 1 5 => *2⏎$1⏎b⏎$1⏎a
		ZCOUNT z -inf (5 => :2
		ZRANK z d => :2
		ZREVRANK z d => :1
		ZRANK z x => $-1
		ZADD lex 0 a 0 b 0 c => :3
		ZLEXCOUNT lex [b + => :2
		ZRANGEBYLEX lex - (c => *2⏎$1⏎a⏎$1⏎b
		ZREVRANGEBYLEX lex + [b => *2⏎$1⏎c⏎$1⏎b
		ZREMRANGEBYLEX lex [a [a => :1
		ZREMRANGEBYRANK lex 0 0 => :1
		ZREMRANGEBYSCORE lex 0 (0 => :0
		ZRANGESTORE lex z 0 1 => :2
		ZUNION 2 z lex WITHSCORES => *8⏎$1⏎a⏎$18⏎3.2000000000000002⏎$1⏎b⏎$1⏎5⏎$1⏎d⏎$1⏎5⏎$1⏎c⏎$3⏎inf
		ZINTER 2 z lex WEIGHTS 2 0 AGGREGATE MAX => *2⏎$1⏎a⏎$1⏎b
		ZINTER 2 z lex WEIGHTS x 0 => -ERR weight value is not a float
		ZDIFF 2 z lex => *2⏎$1⏎d⏎$1⏎c
		ZUNION 0 z => -ERR at least 1 input key is needed for 'zunion' command
		ZUNIONSTORE lex 1 z WEIGHTS -1 => :4
		ZINTERSTORE lex 2 lex s => :0
		ZDIFFSTORE lex 1 z => :4
		ZINTERCARD 2 z lex LIMIT 3 => :3
		ZINTERCARD 1 z LIMIT -1 => -ERR LIMIT can't be negative
		ZPOPMIN lex => *2⏎$1⏎a⏎$18⏎1.6000000000000001
		ZPOPMAX lex 1 => *2⏎$1⏎c⏎$3⏎inf
		ZPOPMIN lex -1 => -ERR value is out of range, must be positive
		ZMPOP 2 none lex MIN COUNT 9 => *2⏎$3⏎lex⏎*2⏎*2⏎$1⏎b⏎$3⏎2.5⏎*2⏎$1⏎d⏎$1⏎5
		ZMPOP 1 lex MAX => *-1
		ZMPOP 0 lex MAX => -ERR numkeys should be greater than 0
		ZMPOP 1 z MAX COUNT 0 => -ERR count should be greater than 0
		ZRANDMEMBER z 9 WITHSCORES => *8⏎$1⏎a⏎$18⏎1.6000000000000001⏎$1⏎b⏎$3⏎2.5⏎$1⏎c⏎$3⏎inf⏎$1⏎d⏎$1⏎5
		ZRANDMEMBER none => $-1
		ZSCAN z 0 MATCH b => *2⏎$1⏎0⏎*2⏎$1⏎b⏎$3⏎2.5
		TYPE z => +zset
		COMMAND GETKEYS ZUNIONSTORE d 2 a b WEIGHTS 1 2 => *3⏎$1⏎d⏎$1⏎a⏎$1⏎b
		COMMAND GETKEYS ZUNION 1 a => *1⏎$1⏎a
		ZREM z a b c d x => :4
		INCRBYFLOAT fl 10.5 => $4⏎10.5
		INCRBYFLOAT fl 0.1 => $4⏎10.6
		INCRBYFLOAT fl x => -ERR value is not a valid float
		INCRBYFLOAT fl inf => -ERR increment would produce NaN or Infinity
		INCR fl => -ERR value is not an integer or out of range
		HINCRBYFLOAT hf f -2.5e1 => $3⏎-25
		HINCRBYFLOAT hf f inf => -ERR value is NaN or Infinity
		HSET hf w word => :1
		HINCRBYFLOAT hf w 1 => -ERR hash value is not a float
		DEL fl hf => :2
		SRANDMEMBER w 9 => *3⏎$1⏎q⏎$1⏎x⏎$1⏎y
		SRANDMEMBER none => $-1
		SRANDMEMBER w 1 2 => -ERR syntax error
		SREM w q x => :2
		SRANDMEMBER w => $1⏎y
		SRANDMEMBER w -3 => *3⏎$1⏎y⏎$1⏎y⏎$1⏎y
		TOUCH u w none => :2
		SUBSTR k 0 0 => $1⏎x
		DEL u w to => :3
		TYPE s => +set
		TYPE k => +string
		TYPE none => +none
		EXISTS s k none s => :3
		DEL s s none => :1
		UNLINK k => :1
		SMEMBERS s => *0
		HSET h f 1 g "" f 2 => :2
		HSET h f 3 i x => :1
		HSET h f => -ERR wrong number of arguments for 'hset' command
		HSET h f v g => -ERR wrong number of arguments for 'hset' command
		HMSET h f v g => -ERR wrong number of arguments for 'hmset' command
		HMSET h f 4 => +OK
		HSETNX h f 5 => :0
		HSETNX h j 5 => :1
		HGET h f => $1⏎4
		HGET h g => $0⏎
		HGET h none => $-1
		HGET none f => $-1
		HMGET h f none g => *3⏎$1⏎4⏎$-1⏎$0⏎
		HMGET none f => *1⏎$-1
		HGETALL h => *8⏎$1⏎f⏎$1⏎4⏎$1⏎g⏎$0⏎⏎$1⏎i⏎$1⏎x⏎$1⏎j⏎$1⏎5
		HKEYS h => *4⏎$1⏎f⏎$1⏎g⏎$1⏎i⏎$1⏎j
		HVALS h => *4⏎$1⏎4⏎$0⏎⏎$1⏎x⏎$1⏎5
		HGETALL none => *0
		HLEN h => :4
		HSTRLEN h i => :1
		HSTRLEN h none => :0
		HEXISTS h f => :1
		HEXISTS h none => :0
		HINCRBY h f 3 => :7
		HINCRBY h n -3 => :-3
		HINCRBY h i 1 => -ERR hash value is not an integer
		HINCRBY h f 1.5 => -ERR value is not an integer or out of range
		HINCRBY h f 9223372036854775807 => -ERR increment or decrement would overflow
		HSCAN h 0 MATCH [fi] => *2⏎$1⏎0⏎*4⏎$1⏎f⏎$1⏎7⏎$1⏎i⏎$1⏎x
		HSCAN none 0 => *2⏎$1⏎0⏎*0
		HRANDFIELD h 0 => *0
		HRANDFIELD h 9 => *5⏎$1⏎f⏎$1⏎g⏎$1⏎i⏎$1⏎j⏎$1⏎n
		HRANDFIELD none => $-1
		HRANDFIELD none -2 WITHVALUES => *0
		HRANDFIELD h x => -ERR value is not an integer or out of range
		HRANDFIELD h 1 FOO => -ERR syntax error
		HRANDFIELD h -9223372036854775808 => -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
		HRANDFIELD h 9223372036854775807 WITHVALUES => -ERR value is out of range
		HRANDFIELD h -2000000 => -ERR count too large: 2000000, limit 1048576
		HDEL h f g i j f none => :4
		HRANDFIELD h => $1⏎n
		HRANDFIELD h -2 WITHVALUES => *4⏎$1⏎n⏎$2⏎-3⏎$1⏎n⏎$2⏎-3
		TYPE h => +hash
		GET h => -WRONGTYPE Operation against a key holding the wrong kind of value
		HGETALL a => -WRONGTYPE Operation against a key holding the wrong kind of value
		HSET a f v => -WRONGTYPE Operation against a key holding the wrong kind of value
		HSCAN a 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		HRANDFIELD a => -WRONGTYPE Operation against a key holding the wrong kind of value
		HDEL h n => :1
		EXISTS h => :0
		SET "" empty => +OK
		GET "" => $5⏎empty
		SET "\x00\r\n\xff" v => +OK
		EXISTS "\x00\r\n\xff" => :1
		FOO 1 2 => -ERR unknown command 'FOO', with args beginning with: '1' '2' 
		"GET\x00" k => -ERR unknown command 'GET', with args beginning with: 'k' 
		GETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA k => -ERR unknown command 'GETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', with args beginning with: 'k' 
		"" => -ERR unknown command '', with args beginning with: 
		GET => -ERR wrong number of arguments for 'get' command
		EVAL x 0 => -ERR 'eval' is not supported by this server: a script writes what it computes from one region's state, so in concurrent regions its effects would not merge by any rule; send single commands, which do, or MULTI; see docs/redis.md
		COMMAND GETKEYS MSET a b c d => *2⏎$1⏎a⏎$1⏎c
		COMMAND GETKEYS PING x => -ERR The command has no key arguments
		COMMAND GETKEYS FOO x => -ERR Invalid command specified
		COMMAND GETKEYS GET a b => -ERR Invalid number of arguments specified for command
		COMMAND INFO foo get => *2⏎$-1⏎*10⏎$3⏎get⏎:2⏎*2⏎+readonly⏎+fast⏎:1⏎:1⏎:1⏎*3⏎+@read⏎+@string⏎+@fast⏎*0⏎*0⏎*0
		COMMAND LIST FILTERBY PATTERN mg* => *1⏎$4⏎mget
		COMMAND LIST FILTERBY ACLCAT foo => *0
		COMMAND LIST FILTERBY => -ERR syntax error
		COMMAND FOO => -ERR unknown subcommand 'FOO'. Try COMMAND HELP.
		CONFIG GET foo => *0
		CONFIG GET max*s => *2⏎$10⏎maxclients⏎$5⏎10000
		CONFIG SET maxclients 50 timeout 0 => +OK
		CONFIG SET maxclients 10001 => -ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and 10000 inclusive
		CONFIG GET MAXCLIENTS => *2⏎$10⏎maxclients⏎$2⏎50
		CONFIG SET foo bar => -ERR Unknown option or number of arguments for CONFIG SET - 'foo'
		CONFIG SET databases 2 => -ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config
		CONFIG SET timeout abc => -ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer
		CONFIG SET timeout -1 => -ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive
		CONFIG SET timeout => -ERR wrong number of arguments for 'config|set' command
		CONFIG => -ERR wrong number of arguments for 'config' command
		INFO nothing => $0⏎
		HELLO 9 => -NOPROTO unsupported protocol version
		HELLO x => -ERR Protocol version is not an integer or out of range
		HELLO 3 AUTH u => -ERR Syntax error in HELLO option 'AUTH'
		HELLO 3 FOO => -ERR Syntax error in HELLO option 'FOO'
		HELLO 3 AUTH u p => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH x => -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
		AUTH default x => +OK
		AUTH x y => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH x y z => -ERR syntax error
	`)
}

func TestRepliesOfVersion3(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		HELLO 3 SETNAME me => %7⏎$6⏎server⏎$5⏎atoll⏎$7⏎version⏎$6⏎7.0.15⏎$5⏎proto⏎:3⏎$2⏎id⏎:1⏎$4⏎mode⏎$10⏎standalone⏎$4⏎role⏎$6⏎master⏎$7⏎modules⏎*0
		GET k => _
		MGET k => *1⏎_
		SADD s b a => :2
		SMEMBERS s => ~2⏎$1⏎a⏎$1⏎b
		HSET h f 1 g 2 => :2
		HGETALL h => %2⏎$1⏎f⏎$1⏎1⏎$1⏎g⏎$1⏎2
		HGETALL none => %0
		HRANDFIELD h 5 WITHVALUES => *2⏎*2⏎$1⏎f⏎$1⏎1⏎*2⏎$1⏎g⏎$1⏎2
		HSCAN h 0 => *2⏎$1⏎0⏎*4⏎$1⏎f⏎$1⏎1⏎$1⏎g⏎$1⏎2
		CONFIG GET save => %1⏎$4⏎save⏎$0⏎
		CLIENT GETNAME => $2⏎me
		RESET => +RESET
		GET k => $-1
		CLIENT GETNAME => $-1
	`)
}

func TestTransactions(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		EXEC => -ERR EXEC without MULTI
		EXEC x => -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
		DISCARD => -ERR DISCARD without MULTI
		MULTI => +OK
		MULTI => -ERR MULTI calls can not be nested
		SET k v => +QUEUED
		GET k => +QUEUED
		PING => +QUEUED
		INCR n => +QUEUED
		INCR k => +QUEUED
		SET k w FOO => +QUEUED
		SRANDMEMBER s x => +QUEUED
		SADD s x => +QUEUED
		INCR n => +QUEUED
		EXEC => *9⏎+OK⏎$1⏎v⏎+PONG⏎:1⏎-ERR value is not an integer or out of range⏎-ERR syntax error⏎-ERR value is not an integer or out of range⏎:1⏎:2
		MULTI => +OK
		HSET h f x => +QUEUED
		HINCRBY h f 1 => +QUEUED
		HINCRBY h n 1 => +QUEUED
		HGETALL h => +QUEUED
		EXEC => *4⏎:1⏎-ERR hash value is not an integer⏎:1⏎*4⏎$1⏎f⏎$1⏎x⏎$1⏎n⏎$1⏎1
		MULTI => +OK
		HSCAN h 0 => -ERR Command not allowed inside a transaction
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		EXEC => *0
		MULTI => +OK
		SET k never => +QUEUED
		DISCARD => +OK
		MULTI => +OK
		SET k never => +QUEUED
		FOO => -ERR unknown command 'FOO', with args beginning with: 
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		SET k never => +QUEUED
		GET => -ERR wrong number of arguments for 'get' command
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		SCAN 0 => -ERR Command not allowed inside a transaction
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		MULTI => +OK
		SET k never => +QUEUED
		RESET => +RESET
		GET k => $1⏎v
		EXEC => -ERR EXEC without MULTI
		MULTI => +OK
		SET k never => +QUEUED
		QUIT => +OK
	`)
	p.ends()
}

func TestATransactionThatTheNodeRefusesChangesNothing(t *testing.T) {
	p := open(t, func(_ *Config, gate *server.Config) {
		gate.Limits = server.Limits{Operations: 2, Elements: 2, ValueBytes: 8}
	}).dial()
	p.script(`
		MULTI => +OK
		SET k v => +QUEUED
		DEL a b c => +QUEUED
		EXEC => -ERR 3 keys, limit 2; send less in one request, or raise the limit in the node's configuration
		GET k => $-1
		MULTI => +OK
		SET k v => +QUEUED
		SET k v => +QUEUED
		SET k v => -ERR too many commands in a transaction: limit 2
		EXEC => -EXECABORT Transaction discarded because of previous errors.
		GET k => $-1
	`)
}

func TestScanReturnsEveryKeyOnce(t *testing.T) {
	p := open(t, nil).dial()
	for _, k := range []string{"a:1", "a:2", "a:3", "a:4", "b:1", "b:2", "b:3"} {
		p.send("SET " + k + " v\r\n")
		p.expect("+OK\r\n")
	}
	p.script("SADD a:set m n o => :3")
	for _, c := range []struct {
		options string
		want    int
	}{
		{"", 8}, {"COUNT 3", 8}, {"COUNT 1", 8}, {"MATCH a:* COUNT 2", 5}, {"MATCH *:1", 2}, {"TYPE set COUNT 3", 1}, {"TYPE hash", 0}, {"MATCH [ab]:? TYPE string", 7},
	} {
		seen := map[string]bool{}
		for cursor := "0"; ; {
			p.send("SCAN " + cursor + " " + c.options + "\r\n")
			var list []string
			cursor, list = p.page()
			for _, k := range list {
				if seen[k] {
					t.Errorf("SCAN %s: %s twice", c.options, k)
				}
				seen[k] = true
			}
			if cursor == "0" {
				break
			}
		}
		if len(seen) != c.want {
			t.Errorf("SCAN %s gives %v, want %d", c.options, seen, c.want)
		}
	}
	p.send("SSCAN a:set 0 COUNT 2\r\n")
	cursor, list := p.page()
	if cursor == "0" || len(list) != 2 {
		t.Errorf("SSCAN: %s %v", cursor, list)
	}
	p.script("SCAN " + cursor + " => -ERR invalid cursor") // of another scan
	p.send("SSCAN a:set " + cursor + " COUNT 2\r\n")
	if cursor, list = p.page(); cursor != "0" || len(list) != 1 {
		t.Errorf("SSCAN: %s %v", cursor, list)
	}
	p.script(`
		SCAN abc => -ERR invalid cursor
		SCAN 77 => -ERR invalid cursor
		SCAN 0 COUNT 0 => -ERR syntax error
		SCAN 0 COUNT x => -ERR value is not an integer or out of range
		SCAN 0 FOO => -ERR syntax error
		SCAN 0 FOO x => -ERR syntax error
		SSCAN a:set 0 TYPE set => -ERR syntax error
		SSCAN a:1 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
		SSCAN none 0 => *2⏎$1⏎0⏎*0
	`)
	p.send("SCAN 0 MATCH " + strings.Repeat("x", 1025) + "\r\n")
	p.expect("-ERR pattern too long: 1025 bytes, limit 1024\r\n")
}

// page reads the reply to a scan.
func (p *peer) page() (cursor string, list []string) {
	p.t.Helper()
	p.expect("*2\r\n")
	p.line()
	cursor = p.line()
	n := strings.TrimPrefix(p.line(), "*")
	for range atoi(p.t, n) {
		p.line()
		list = append(list, p.line())
	}
	return cursor, list
}

func TestSiblings(t *testing.T) {
	p := open(t, nil).dial()
	p.script("ATOLL.SIBLINGS none => *0")
	p.script("SET k v => +OK")
	p.send("ATOLL.SIBLINGS k\r\n")
	p.expect("*1\r\n*12\r\n$4\r\ntype\r\n$6\r\nstring\r\n$5\r\nvalue\r\n$1\r\nv\r\n$6\r\nregion\r\n$2\r\nus\r\n$4\r\nnode\r\n$2\r\nn1\r\n$5\r\nstamp\r\n:")
	p.line()
	p.expect("$5\r\nshown\r\n:1\r\n")
}

func TestSessionTokens(t *testing.T) {
	p := open(t, nil).dial()
	p.send("ATOLL.TOKEN\r\n")
	p.line()
	token := p.line()
	p.script(`
		ATOLL.AFTER ` + token + ` => +OK
		ATOLL.AFTER nonsense! => -ERR token: illegal base64 data at input byte 8; give a token as it was received, whole
		ATOLL.AFTER AAAA => -ERR token: 3 bytes; give a token as it was received, whole
		ATOLL.AFTER => -ERR wrong number of arguments for 'atoll.after' command
		MULTI => +OK
		ATOLL.TOKEN => -ERR Command not allowed inside a transaction
	`)
}
