package respserver

import "testing"

// What Redis 7.0 answers, but for the order of a set that is not sorted.
func TestSort(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		RPUSH l 3 1 2 10 -5 => :5
		SORT l => *5⏎$2⏎-5⏎$1⏎1⏎$1⏎2⏎$1⏎3⏎$2⏎10
		SORT_RO l DESC LIMIT 1 2 => *2⏎$1⏎3⏎$1⏎2
		SORT l ALPHA LIMIT -1 2 => *2⏎$2⏎-5⏎$1⏎1
		SORT l LIMIT 3 -1 => *2⏎$1⏎3⏎$2⏎10
		SORT l LIMIT 9 1 => *0
		SORT l LIMIT 0 0 => *0
		SORT l BY nothing LIMIT 0 2 => *2⏎$1⏎3⏎$1⏎1
		SORT l BY nothing DESC LIMIT 0 2 => *2⏎$2⏎-5⏎$2⏎10
		MSET w1 9 w2 5 w3 7 v1 one v3 "" => +OK
		HSET h1 f x => :1
		SORT l BY w* LIMIT 0 3 => *3⏎$2⏎-5⏎$2⏎10⏎$1⏎2
		SORT l BY w* DESC LIMIT 0 3 GET # GET v* => *6⏎$1⏎1⏎$3⏎one⏎$1⏎3⏎$0⏎⏎$1⏎2⏎$-1
		SORT l LIMIT 1 1 GET h*->f GET h*->g GET h* GET h*-> GET v => *5⏎$1⏎x⏎$-1⏎$-1⏎$-1⏎$-1
		SORT l BY w* ALPHA STORE l DESC GET # => :5
		LRANGE l 0 -1 => *5⏎$1⏎1⏎$1⏎3⏎$1⏎2⏎$2⏎10⏎$2⏎-5
		SORT l GET v* LIMIT 1 2 STORE d => :2
		LRANGE d 0 -1 => *2⏎$3⏎one⏎$0⏎
		SORT none STORE d => :0
		EXISTS d => :0
		SORT none => *0
		ZADD z 3 a 1 b 2 c 2 d => :4
		SORT z BY nothing DESC => *4⏎$1⏎a⏎$1⏎d⏎$1⏎c⏎$1⏎b
		SORT z => -ERR One or more scores can't be converted into double
		SORT z ALPHA DESC LIMIT 0 1 => *1⏎$1⏎d
		SADD s b a => :2
		SORT s BY nothing STORE d => :2
		LRANGE d 0 -1 => *2⏎$1⏎a⏎$1⏎b
		SORT s BY nothing DESC STORE d => :2
		LRANGE d 0 -1 => *2⏎$1⏎b⏎$1⏎a
		SORT w1 => -WRONGTYPE Operation against a key holding the wrong kind of value
		SORT h1 STORE d => -WRONGTYPE Operation against a key holding the wrong kind of value
		LLEN d => :2
		SORT l FOO => -ERR syntax error
		SORT l BY => -ERR syntax error
		SORT l LIMIT 1 => -ERR syntax error
		SORT l LIMIT 1 x => -ERR value is not an integer or out of range
		SORT_RO l STORE d => -ERR syntax error
		COMMAND GETKEYS SORT l ALPHA STORE d => *2⏎$1⏎l⏎$1⏎d
		COMMAND GETKEYS GEORADIUS g 1 1 1 m STORE d => *2⏎$1⏎g⏎$1⏎d
		COMMAND GETKEYS SORT STORE d => *1⏎$5⏎STORE
	`)
}
