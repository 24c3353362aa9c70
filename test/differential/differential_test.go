package differential

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var histories = flag.Int("histories", 40, "random histories of commands to compare")

// historyLen is the number of commands of a history.
const historyLen = 400

// dice draws commands that are likely to meet: few keys, few members, values at the edges.
type dice struct{ *rand.Rand }

func (d dice) of(choices ...string) string { return choices[d.IntN(len(choices))] }

// allKeys are the keys of histories.
var allKeys = append(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), "", "n\x00\r\n\xff")

func (d dice) key() string { return d.of("a", "b", "c", "d", "e", "", "n\x00\r\n\xff") }

func (d dice) member() string { return d.of("x", "y", "z", "", "1", "\r\n") }

func (d dice) value() string {
	return d.of("", "v", "word", "0", "1", "-1", "10", " 1", "1 ", "01", "+1", "-0", "1.5", "abc", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "a\x00b", strings.Repeat("long", 20))
}

func (d dice) number() string {
	return d.of("0", "1", "-1", "2", "-3", "5", "100", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "x", "", "1.0", "+1", " 1")
}

// database draws one of the four that histories use, mostly.
func (d dice) database() string { return d.of("0", "1", "2", "3", "0", "1", "16", "-1", "x", "") }

func (d dice) small() string { return d.of("0", "1", "-1", "2", "-2", "7", "-100", "100", "x", "") }

// some draws one to three.
func (d dice) some(draw func() string) (list []string) {
	for range 1 + d.IntN(3) {
		list = append(list, draw())
	}
	return list
}

// shapes are the forms of commands. Names come in any case.
var shapes = []func(d dice) []string{
	func(d dice) []string { return []string{"GET", d.key()} },
	func(d dice) []string { return []string{"SET", d.key(), d.value()} },
	func(d dice) []string { return append([]string{"SET", d.key(), d.value()}, d.some(d.setOption)...) },
	func(d dice) []string { return append([]string{"SET", d.key(), d.value()}, d.lifetime("KEEPTTL")...) },
	func(d dice) []string { return append([]string{"GETEX", d.key()}, d.lifetime("PERSIST")...) },
	func(d dice) []string { return append([]string{"GETEX", d.key()}, d.some(d.setOption)...) },
	func(d dice) []string { return []string{d.of("SETEX", "PSETEX"), d.key(), d.time(), d.value()} },
	func(d dice) []string {
		return []string{d.of("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"), d.key(), d.time()}
	},
	func(d dice) []string {
		return append([]string{d.of("EXPIREAT", "PEXPIREAT"), d.key(), d.time()}, d.some(d.expireOption)...)
	},
	func(d dice) []string { // GT and LT of equal times from now would depend on the millisecond
		return []string{d.of("EXPIRE", "PEXPIRE"), d.key(), d.time(), d.of("NX", "XX", "nx", "FOO")}
	},
	func(d dice) []string {
		return []string{d.of("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST"), d.key()}
	},
	func(d dice) []string { return []string{"SETNX", d.key(), d.value()} },
	func(d dice) []string { return []string{"GETSET", d.key(), d.value()} },
	func(d dice) []string { return []string{"GETDEL", d.key()} },
	func(d dice) []string { return []string{"APPEND", d.key(), d.value()} },
	func(d dice) []string { return []string{"STRLEN", d.key()} },
	func(d dice) []string { return []string{"GETRANGE", d.key(), d.small(), d.small()} },
	func(d dice) []string { return []string{"SETRANGE", d.key(), d.small(), d.value()} },
	func(d dice) []string { return append([]string{"MGET"}, d.some(d.key)...) },
	func(d dice) []string {
		return append([]string{d.of("MSET", "MSETNX"), d.key(), d.value(), d.key()}, d.some(d.value)...)
	},
	func(d dice) []string { return []string{d.of("INCR", "DECR"), d.key()} },
	func(d dice) []string { return []string{d.of("INCRBY", "DECRBY"), d.key(), d.number()} },
	func(d dice) []string {
		return append([]string{d.of("SADD", "SREM", "SMISMEMBER"), d.key()}, d.some(d.member)...)
	},
	func(d dice) []string { return append([]string{"SADD", d.key()}, d.some(d.member)...) },
	func(d dice) []string { return []string{"SISMEMBER", d.key(), d.member()} },
	func(d dice) []string { return []string{d.of("SMEMBERS", "SCARD", "TYPE"), d.key()} },
	func(d dice) []string {
		return append([]string{d.of("HSET", "HSET", "HMSET"), d.key(), d.member(), d.value(), d.member()}, d.some(d.value)...)
	},
	func(d dice) []string { return []string{d.of("HSET", "HSETNX"), d.key(), d.member(), d.value()} },
	func(d dice) []string { return []string{"HINCRBY", d.key(), d.member(), d.number()} },
	func(d dice) []string { return []string{d.of("HGET", "HEXISTS", "HSTRLEN"), d.key(), d.member()} },
	func(d dice) []string { return append([]string{d.of("HMGET", "HDEL"), d.key()}, d.some(d.member)...) },
	func(d dice) []string { return []string{d.of("HGETALL", "HKEYS", "HVALS", "HLEN"), d.key()} },
	func(d dice) []string {
		return []string{"HRANDFIELD", d.key(), d.of("0", "100", "x", "-9223372036854775808", "9223372036854775808")}
	},
	func(d dice) []string {
		return []string{"HRANDFIELD", d.key(), d.of("0", "100", "x", "9223372036854775807"), d.of("WITHVALUES", "FOO")}
	},
	func(d dice) []string { return append([]string{d.of("SINTER", "SUNION", "SDIFF")}, d.some(d.key)...) },
	func(d dice) []string {
		return append([]string{d.of("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), d.key()}, d.some(d.key)...)
	},
	func(d dice) []string { return []string{"SMOVE", d.key(), d.key(), d.member()} },
	func(d dice) []string {
		return []string{"SRANDMEMBER", d.key(), d.of("0", "100", "x", "-9223372036854775808")}
	},
	func(d dice) []string {
		return append([]string{"ZADD", d.key(), d.score(), d.member(), d.score()}, d.some(d.member)...)
	},
	func(d dice) []string { return []string{"ZADD", d.key(), d.score(), d.member()} },
	func(d dice) []string { return []string{"ZADD", d.key(), d.score(), d.member(), d.score(), d.member()} },
	func(d dice) []string {
		return append(append([]string{"ZADD", d.key()}, d.some(d.addOption)...), d.score(), d.member())
	},
	func(d dice) []string { return []string{"ZINCRBY", d.key(), d.score(), d.member()} },
	func(d dice) []string { return append([]string{d.of("ZREM", "ZMSCORE"), d.key()}, d.some(d.member)...) },
	func(d dice) []string { return []string{d.of("ZSCORE", "ZRANK", "ZREVRANK"), d.key(), d.member()} },
	func(d dice) []string { return []string{"ZCARD", d.key()} },
	func(d dice) []string {
		return []string{d.of("ZCOUNT", "ZREMRANGEBYSCORE"), d.key(), d.bound(), d.bound()}
	},
	func(d dice) []string { return []string{"ZREMRANGEBYRANK", d.key(), d.small(), d.small()} },
	func(d dice) []string {
		return append([]string{d.of("ZRANGE", "ZREVRANGE"), d.key(), d.small(), d.small()}, d.rangeOptions()...)
	},
	func(d dice) []string {
		return append([]string{d.of("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), d.key(), d.bound(), d.bound()}, d.rangeOptions()...)
	},
	func(d dice) []string {
		return append([]string{"ZRANGE", d.key(), d.bound(), d.bound(), "BYSCORE"}, d.rangeOptions()...)
	},
	func(d dice) []string {
		return append([]string{"ZRANGESTORE", d.key(), d.key(), d.bound(), d.bound()}, d.rangeOptions()...)
	},
	func(d dice) []string { return []string{d.of("ZPOPMIN", "ZPOPMAX"), d.key()} },
	func(d dice) []string { return []string{d.of("ZPOPMIN", "ZPOPMAX"), d.key(), d.small()} },
	func(d dice) []string { return []string{"ZMPOP", d.small(), d.key(), d.of("MIN", "MAX", "x")} },
	func(d dice) []string {
		return []string{"ZMPOP", "2", d.key(), d.key(), d.of("MIN", "MAX"), "COUNT", d.small()}
	},
	func(d dice) []string {
		return append([]string{d.of("ZUNION", "ZINTER", "ZDIFF"), "2", d.key(), d.key()}, d.combineOptions()...)
	},
	func(d dice) []string {
		return append([]string{d.of("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), d.key(), d.of("1", "2", "2", "3", "0", "x"), d.key(), d.key()}, d.combineOptions()...)
	},
	func(d dice) []string { return []string{"ZINTERCARD", "2", d.key(), d.key(), "LIMIT", d.small()} },
	func(d dice) []string { return []string{"ZINTERCARD", d.of("1", "2", "3"), d.key(), d.key()} },
	func(d dice) []string { return []string{"ZRANDMEMBER", d.key(), d.of("0", "100", "x")} },
	func(d dice) []string {
		return []string{"ZRANDMEMBER", d.key(), d.of("0", "100"), d.of("WITHSCORES", "FOO")}
	},
	// All members of one score.
	func(d dice) []string {
		return []string{"ZADD", "lex", "0", d.member(), "0", d.of("aa", "ab", "b", "c")}
	},
	func(d dice) []string {
		return []string{d.of("ZLEXCOUNT", "ZREMRANGEBYLEX"), "lex", d.lexBound(), d.lexBound()}
	},
	func(d dice) []string {
		return append([]string{d.of("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "lex", d.lexBound(), d.lexBound()}, d.rangeOptions()...)
	},
	func(d dice) []string {
		return append([]string{"ZRANGE", "lex", d.lexBound(), d.lexBound(), "BYLEX"}, d.rangeOptions()...)
	},
	// Numbers with decimals, not so many that rounding after each command would show.
	func(d dice) []string { return []string{"INCRBYFLOAT", d.of("f", "g"), d.float()} },
	func(d dice) []string { return []string{"SET", d.of("f", "g"), d.float()} },
	func(d dice) []string { return []string{"INCRBYFLOAT", d.of("f", "g"), d.float()} },
	func(d dice) []string { return []string{d.of("GET", "INCR", "DEL"), d.of("f", "g")} },
	func(d dice) []string { return []string{"HINCRBYFLOAT", "h", d.member(), d.float()} },
	func(d dice) []string { return []string{"HSET", "h", d.member(), d.float()} },
	func(d dice) []string { return []string{d.of("HGET", "HDEL"), "h", d.member()} },
	func(d dice) []string { return []string{"SUBSTR", d.key(), d.small(), d.small()} },
	func(d dice) []string {
		return append([]string{d.of("DEL", "UNLINK", "EXISTS", "TOUCH")}, d.some(d.key)...)
	},
	func(d dice) []string { return []string{"SPOP", d.key(), d.of("0", "100", "x", "-1")} },
	func(d dice) []string {
		return append([]string{"SINTERCARD", d.of("1", "2", "0", "x")}, append(d.some(d.key), d.some(func() string { return d.of("LIMIT", "1", "0", "-1") })...)...)
	},
	func(d dice) []string { return []string{"GETBIT", d.key(), d.bit()} },
	func(d dice) []string { return []string{"SETBIT", d.key(), d.bit(), d.of("0", "1", "1", "2", "x")} },
	func(d dice) []string {
		return append([]string{"BITCOUNT", d.key()}, d.upTo(d.small, 2, func() string { return d.of("BIT", "byte", "x") })...)
	},
	func(d dice) []string {
		return append([]string{"BITPOS", d.key(), d.of("0", "1", "1", "2")}, d.upTo(d.small, 2, func() string { return d.of("BIT", "byte", "x") })...)
	},
	func(d dice) []string {
		return append([]string{"BITOP", d.of("AND", "or", "XOR", "NOT", "x"), d.key()}, d.some(d.key)...)
	},
	func(d dice) []string {
		args := []string{d.of("BITFIELD", "BITFIELD", "BITFIELD_RO"), d.key()}
		for range d.IntN(4) {
			args = append(args, d.bitStep()...)
		}
		return args
	},
	func(d dice) []string { return []string{"SET", d.key(), d.of("abcabba", "cbabac", "aab", "xaabx")} },
	func(d dice) []string {
		return append([]string{"LCS", d.key(), d.key()}, d.upTo(func() string { return d.of("IDX", "LEN", "WITHMATCHLEN", "MINMATCHLEN", "2") }, 3, func() string { return "IDX" })...)
	},
	func(d dice) []string { return []string{d.of("RENAME", "RENAMENX"), d.key(), d.key()} },
	func(d dice) []string {
		return append([]string{"COPY", d.key(), d.key()}, d.some(func() string { return d.of("REPLACE", "replace", "DB", "0", "1", "3", "x", "99", "") })...)
	},
	func(d dice) []string { return []string{d.of("DBSIZE", "UNWATCH")} },
	func(d dice) []string { return []string{"KEYS", d.of("*", "[a-c]", "?", "", "n*", "b")} },
	func(d dice) []string { return []string{d.of("FLUSHALL", "FLUSHDB"), d.of("sync", "ASYNC", "x", "")} },
	func(d dice) []string { return []string{"OBJECT", d.of("FREQ", "foo"), d.key()} },
	func(d dice) []string { return append([]string{d.of("PING", "ECHO")}, d.some(d.value)...) },
	func(d dice) []string {
		return []string{"SELECT", d.of("0", "1", "2", "3", "-1", "16", "x", "99", "", "99999999999")}
	},
	func(d dice) []string { return []string{"MOVE", d.key(), d.database()} },
	func(d dice) []string {
		return append([]string{"COPY", d.key(), d.key(), "DB", d.database()}, d.upTo(func() string { return "REPLACE" }, 1, d.database)...)
	},
	func(d dice) []string { return []string{d.of("MULTI", "EXEC", "DISCARD", "PING", "EXEC")} },
	func(d dice) []string {
		return append([]string{d.of("foo", "GE", "", "client|id", "x\x00y")}, d.some(d.value)...)
	},
	func(d dice) []string { return []string{d.of("CLIENT", "COMMAND", "CONFIG"), d.of("foo", "", "x\r\ny")} },
	func(d dice) []string { return append([]string{"COMMAND", "GETKEYS"}, d.some(d.word)...) },
	func(d dice) []string { return []string{"CLIENT", d.of("GETNAME", "SETNAME"), d.of("name", "a b", "")} },
	func(d dice) []string { return []string{"HELLO", d.of("2", "3", "3", "4", "x")} },
	func(d dice) []string { return []string{"RESET"} },
	// Wrong numbers of arguments.
	func(d dice) []string { return append([]string{d.word()}, d.some(d.value)...) },
	func(d dice) []string { return []string{d.word()} },
}

// score draws numbers whose sums are exact.
func (d dice) score() string {
	return d.of("0", "1", "1", "2", "-1.25", "2.5", "1e2", "+3", ".5", "0x10", "inf", "-inf", "+inf", "nan", "x", "", " 1", "1e400")
}

func (d dice) bound() string {
	return d.of("0", "1", "(1", "2", "(2.5", "-inf", "+inf", "inf", "(inf", "-1", "x", "((1", "(", "", "nan")
}

func (d dice) lexBound() string {
	return d.of("-", "+", "[", "(", "[ab", "(ab", "[b", "(c", "b", "--", "")
}

func (d dice) float() string {
	return d.of("0.5", "1.25", "-3", "7", "0.1", "-0.75", "5.0e3", "10.50", "+2", "007", "3.0", "x", "", "nan", "inf", "-inf", " 1")
}

func (d dice) addOption() string {
	return d.of("NX", "XX", "GT", "LT", "CH", "INCR", "ch", "incr", "gt", "FOO")
}

func (d dice) rangeOptions() (list []string) {
	for range d.IntN(3) {
		switch d.IntN(4) {
		case 0:
			list = append(list, "WITHSCORES")
		case 1:
			list = append(list, "LIMIT", d.small(), d.small())
		case 2:
			list = append(list, d.of("rev", "REV", "FOO"))
		default:
			list = append(list, d.of("BYSCORE", "withscores", "limit"))
		}
	}
	return list
}

func (d dice) combineOptions() (list []string) {
	for range d.IntN(3) {
		switch d.IntN(4) {
		case 0:
			list = append(list, "WITHSCORES")
		case 1:
			list = append(list, "WEIGHTS", d.score(), d.score())
		case 2:
			list = append(list, "AGGREGATE", d.of("SUM", "min", "MAX", "x"))
		default:
			list = append(list, d.of("FOO", "WEIGHTS", "AGGREGATE"))
		}
	}
	return list
}

func (d dice) bit() string {
	return d.of("0", "1", "7", "8", "13", "100", "-1", "x", "99999999999", "#1")
}

// upTo draws none to n, and perhaps a last one.
func (d dice) upTo(draw func() string, n int, last func() string) (list []string) {
	for range d.IntN(n + 1) {
		list = append(list, draw())
	}
	if len(list) == n && d.IntN(2) == 0 {
		list = append(list, last())
	}
	return list
}

// bitStep draws a step of BITFIELD.
func (d dice) bitStep() []string {
	kind, at := d.of("u1", "u8", "i8", "i5", "u63", "i64", "u64", "i0", "u08", "I8"), d.of("0", "#0", "#1", "3", "60", "-1", "x", "99999999999")
	if d.IntN(4) > 0 {
		kind, at = d.of("u2", "u8", "i8", "i64", "u63"), d.of("0", "#0", "#1", "3")
	}
	switch d.IntN(6) {
	case 0, 1:
		return []string{d.of("GET", "get"), kind, at}
	case 2:
		return []string{"OVERFLOW", d.of("WRAP", "SAT", "fail", "FAIL", "x")}
	case 3:
		return []string{"SET", kind, at, d.number()}
	case 4:
		return []string{"INCRBY", kind, at, d.of("1", "-1", "100", "-200", "9223372036854775807", "-9223372036854775808")}
	default:
		return []string{"INCRBY", kind, at, d.number()}
	}
}

func (d dice) setOption() string {
	return d.of("NX", "XX", "GET", "nx", "get", "FOO", "", "EX", "PX", "exat", "PXAT", "KEEPTTL", "PERSIST", "0", "-5", "x", "500000", "4102444800")
}

// time draws a time that lies far from the present whatever it counts in, or is none.
func (d dice) time() string {
	return d.of("100000", "200000", "300000", "100000", "200000", "4102444800", "4102444800000", "0", "-1", "x", "", "1.5",
		"9223372036854775807", "9223372036854775", "-9223372036854775808", "-9223372036854775", "9223370000000000000")
}

// lifetime draws an option that says when a key ends, or one that stands alone.
func (d dice) lifetime(alone string) []string {
	switch d.IntN(8) {
	case 0:
		return []string{alone}
	case 1, 2:
		return []string{d.of("EXAT", "PXAT"), d.of("4102444800", "4102444800000", "1", "0", "-1")}
	default: // nothing that would end while the histories are compared
		return []string{d.of("EX", "PX", "ex"), d.of("100000", "200000", "100000", "300000", "0", "-1", "x", "9223372036854775807", "9223372036854775")}
	}
}

func (d dice) expireOption() string { return d.of("NX", "XX", "GT", "LT", "nx", "gt", "FOO", "") }

// word draws the name of a command whose reply is the same for the same arguments.
func (d dice) word() string {
	return d.of("GET", "SET", "SETNX", "GETSET", "APPEND", "GETEX", "PEXPIREAT", "TTL", "PERSIST", "STRLEN", "GETRANGE", "SETRANGE", "MGET", "MSET", "MSETNX", "INCR", "DECR", "INCRBY", "DECRBY",
		"SADD", "SREM", "SISMEMBER", "SMISMEMBER", "SCARD", "SMOVE", "SINTERSTORE", "SUBSTR", "TOUCH", "HSET", "HSETNX", "HMSET", "HGET", "HMGET", "HDEL", "HEXISTS", "HINCRBY", "HLEN", "HSTRLEN", "DEL", "UNLINK", "EXISTS", "TYPE", "ZADD", "ZINCRBY", "ZREM", "ZSCORE", "ZMSCORE", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGESTORE", "ZPOPMIN", "ZMPOP", "ZUNION", "ZUNIONSTORE", "ZDIFFSTORE", "ZINTERCARD", "ZLEXCOUNT", "ZRANK", "INCRBYFLOAT", "RENAME", "RENAMENX", "COPY", "MOVE", "GETBIT", "SETBIT", "BITCOUNT", "BITPOS", "BITOP", "BITFIELD", "BITFIELD_RO", "LCS", "SINTERCARD", "SPOP", "XADD", "XLEN", "XRANGE", "XREVRANGE", "XDEL", "XTRIM", "XREAD", "XSETID", "XREADGROUP", "XACK", "XPENDING", "XCLAIM", "XAUTOCLAIM", "PING", "ECHO", "SELECT", "EXEC", "DISCARD", "CLIENT", "CONFIG")
}

// command draws one command in some spelling.
func (d dice) command(shapes []func(d dice) []string) []string {
	args := shapes[d.IntN(len(shapes))](d)
	if d.IntN(4) == 0 {
		args[0] = strings.ToLower(args[0])
	}
	return args
}

// apart tells a command that is refused on purpose, or tells about the server.
func apart(args []string, want reply) bool {
	name := strings.ToUpper(args[0])
	switch {
	case name == "HELLO":
		return want.head[0] != '-'
	case name == "ZADD" || name == "ZINCRBY": // there is one zero
		return slices.Contains(args[1:], "-0")
	case name == "INCRBYFLOAT" || name == "HINCRBYFLOAT": // sums stay within 64 bits
		return slices.Contains(args[1:], "9223372036854775808") || beyond64(want)
	case name == "CONFIG", name == "CLIENT":
		return strings.EqualFold(args[len(args)-1], "help")
	}
	return false
}

// beyond64 tells a number that has more than 64 bits before the point.
func beyond64(r reply) bool {
	n, err := strconv.ParseFloat(r.text(), 64)
	return err == nil && r.head[0] == '$' && (n >= 1<<63 || n < -1<<63)
}

// inMulti tells what a history cannot say in a transaction: what is refused there, or is apart.
func inMulti(args []string) bool {
	return !slices.Contains([]string{"HELLO", "AUTH", "DBSIZE", "KEYS", "FLUSHALL", "FLUSHDB"}, strings.ToUpper(args[0]))
}

// ordered gives a reply that has no order of its own one.
func ordered(args []string, r reply) reply {
	switch strings.ToUpper(args[0]) {
	case "SMEMBERS", "HKEYS", "HVALS", "SINTER", "SUNION", "SDIFF", "SRANDMEMBER", "SPOP", "KEYS":
		return r.sorted()
	case "HGETALL":
		return r.sortedPairs()
	case "HRANDFIELD", "ZRANDMEMBER":
		if len(args) == 4 && len(r.parts) > 0 && len(r.parts[0].parts) == 0 {
			return r.sortedPairs()
		}
		return r.sorted()
	}
	return r
}

// alike gives two replies the same form where that is no difference: what has no order, and a time that one
// server was asked for later than the other.
func alike(args []string, want, got reply) (w, g reply) {
	want, got = ordered(args, want), ordered(args, got)
	if strings.HasPrefix(args[0], "geosearch") { // the name in an error
		want.head, got.head = strings.ToUpper(want.head), strings.ToUpper(got.head)
	}
	if strings.EqualFold(args[0], "XINFO") && len(want.parts) > 5 && len(got.parts) > 5 { // what a radix tree looks like
		got.parts = slices.Clone(got.parts)
		if len(args) > 1 && strings.EqualFold(args[1], "STREAM") {
			got.parts[3], got.parts[5] = want.parts[3], want.parts[5]
		}
	}
	got = timesAlike(args, want, got)
	unit, timed := map[string]int64{"TTL": 1, "EXPIRETIME": 1, "PTTL": 1000, "PEXPIRETIME": 1000}[strings.ToUpper(args[0])]
	if !timed {
		return want, got
	}
	a, errA := strconv.ParseInt(strings.TrimPrefix(want.text(), ":"), 10, 64)
	b, errB := strconv.ParseInt(strings.TrimPrefix(got.text(), ":"), 10, 64)
	if errA == nil && errB == nil && a > 0 && b > 0 && max(a, b)-min(a, b) <= 5*unit {
		got = want
	}
	return want, got
}

// TestHistories compares the replies to random commands, in both versions of the protocol.
func TestHistories(t *testing.T) {
	compareHistories(t, func(t *testing.T, redis, door *peer, seed uint64) { compareHistory(t, shapes, redis, door, seed) })
}

// perDoor is how many histories one node takes. All write the same few keys, and a scan passes every version
// of a key that its memtable holds: with one node for all, the time would grow with the square of their number.
const perDoor = 50

// compareHistories runs a comparison for each seed, until one fails.
func compareHistories(t *testing.T, compare func(t *testing.T, redis, door *peer, seed uint64)) {
	redis := startRedis(t)
	for first := 0; first < *histories && !t.Failed(); first += perDoor {
		end := min(first+perDoor, *histories)
		t.Run(fmt.Sprintf("seeds=%d-%d", first, end-1), func(t *testing.T) {
			door := startDoor(t)
			for seed := first; seed < end && !t.Failed(); seed++ {
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { compare(t, dial(t, redis), dial(t, door), uint64(seed)) })
			}
		})
	}
}

// empty deletes all keys.
func empty(p *peer) {
	for _, k := range p.do("SCAN", "0", "COUNT", "10000").parts[1].parts {
		p.do("DEL", k.text())
	}
}

// emptyAll empties the databases that histories use.
func emptyAll(redis, door *peer) {
	for _, n := range []string{"3", "2", "1", "0"} {
		redis.do("SELECT", n)
		door.do("SELECT", n)
		empty(door)
	}
	redis.do("FLUSHALL")
}

func compareHistory(t *testing.T, shapes []func(d dice) []string, redis, door *peer, seed uint64) {
	d := dice{rand.New(rand.NewPCG(seed, 7))}
	emptyAll(redis, door)
	if seed%2 == 1 {
		redis.do("HELLO", "3")
		door.do("HELLO", "3")
	}
	var said []string
	queued := [][]string(nil) // nil outside MULTI
	for i := range historyLen {
		args := d.command(shapes)
		if queued != nil && !inMulti(args) {
			continue
		}
		if strings.EqualFold(args[0], "DBSIZE") {
			redis.do(append([]string{"EXISTS"}, allKeys...)...) // redis counts what has ended until it meets it
		}
		if sorts(args) {
			redis.do(numberInRange...)
			if queued != nil {
				door.do(numberInRange...)
				queued = append(queued, numberInRange)
			}
		}
		want := redis.do(args...)
		if apart(args, want) {
			if strings.EqualFold(args[0], "HELLO") {
				door.do(args...)
				continue
			}
			redis.do("DEL", args[1]) // it may have been set
			door.do("DEL", args[1])
			continue
		}
		got := door.do(args...)
		name := strings.ToUpper(args[0])
		want, got = alike(args, want, got)
		if name == "EXEC" && len(want.parts) == len(queued) && len(got.parts) == len(queued) {
			for j, q := range queued {
				if apart(q, want.parts[j]) {
					return // from here on they hold different things
				}
				want.parts[j], got.parts[j] = alike(q, want.parts[j], got.parts[j])
			}
		}
		said = append(said, fmt.Sprintf("%q gives %q", args, want))
		if got.String() != want.String() {
			t.Fatalf("command %d, %q:\nredis %q\natoll %q\nbefore it:\n%s", i, args, want, got, strings.Join(said[max(0, len(said)-12):], "\n"))
		}
		switch {
		case name == "MULTI" && want.head == "+OK\r\n":
			queued = [][]string{}
		case name == "EXEC" || name == "DISCARD" && len(args) == 1 || name == "RESET":
			if len(args) == 1 {
				queued = nil
			}
		case want.head == "+QUEUED\r\n":
			queued = append(queued, args)
		}
	}
}

// TestPipelines sends many commands at once and compares the replies, in their order.
func TestPipelines(t *testing.T) {
	compareHistories(t, func(t *testing.T, redis, door *peer, seed uint64) {
		d := dice{rand.New(rand.NewPCG(seed, 8))}
		emptyAll(redis, door)
		var batch [][]string
		for len(batch) < historyLen/2 {
			args := d.command(shapes)
			if !inMulti(args) || apart(args, reply{head: "+\r\n"}) || slices.Contains([]string{"MULTI", "CONFIG", "CLIENT", "RESET"}, strings.ToUpper(args[0])) {
				continue
			}
			if sorts(args) {
				batch = append(batch, numberInRange)
			}
			batch = append(batch, args)
		}
		want, got := redis.pipeline(batch), door.pipeline(batch)
		for i, args := range batch {
			if apart(args, want[i]) {
				return // from here on they hold different things
			}
			if want, got := alike(args, want[i], got[i]); got.String() != want.String() {
				t.Fatalf("command %d, %q:\nredis %q\natoll %q", i, args, want, got)
			}
		}
	})
}

// TestWatch compares what EXEC says after each change of a watched key, by this connection or another.
func TestWatch(t *testing.T) {
	redis, door := startRedis(t), startDoor(t)
	for _, c := range []struct{ before, change, what string }{
		{"", "SET k v", "k"}, {"SET k v", "SET k v", "k"}, {"SET k v", "DEL k", "k"}, {"", "DEL k", "k"}, {"", "SET j v", "k"}, {"SET k v", "GET k", "k"},
		{"SADD k x y", "SREM k x", "k"}, {"SADD k x y", "SREM k z", "k"}, {"HSET k f v g v", "HDEL k f", "k"}, {"HSET k f v", "HSET k f v", "k"},
		{"SET k v", "RENAME k j", "j k"}, {"SET k v", "RENAME k j", "j"}, {"SET k v", "COPY k j", "k"}, {"SET k v", "FLUSHALL", "k"}, {"", "FLUSHALL", "k"},
		{"SADD k x y", "SPOP k", "k"}, {"SET k 5", "SETBIT k 1 1", "k"}, {"SET k 5", "INCR k", "k"}, {"SET k 5", "UNWATCH", "k"},
	} {
		for _, own := range []bool{true, false} {
			var got [2]string
			for i, address := range []string{redis, door} {
				p, other := dial(t, address), dial(t, address)
				empty(p)
				if c.before != "" {
					p.do(strings.Fields(c.before)...)
				}
				p.do(append([]string{"WATCH"}, strings.Fields(c.what)...)...)
				if own {
					other = p
				}
				other.do(strings.Fields(c.change)...)
				p.do("MULTI")
				p.do("PING")
				got[i] = p.do("EXEC").String() + p.do("MULTI").String() + p.do("EXEC").String()
			}
			if got[0] != got[1] {
				t.Errorf("%+v, own %v:\nredis %q\natoll %q", c, own, got[0], got[1])
			}
		}
	}
}

// TestBrokenInput compares what is not a command at all: the bytes that come back, and whether the
// connection ends.
func TestBrokenInput(t *testing.T) {
	redis, door := startRedis(t), startDoor(t)
	long := strings.Repeat("x", 64<<10+1)
	for _, in := range []string{long, "*" + long, "*1\r\n$" + long} { // a line that does not end
		want, got := converse(t, redis, in, ""), converse(t, door, in, "")
		if got != want || !strings.Contains(want, "too big") {
			t.Errorf("%.60q:\nredis %q\natoll %q", in, want, got)
		}
	}
	for _, in := range []string{
		"*abc\r\n", "*-5\r\n", "*0\r\n", "\r\n", "*1\r\n$0\r\n\r\n", "*+1\r\n", "*01\r\n", "*\r\n", "*99999999999999999999\r\n",
		"*1\r\n$-1\r\n", "*1\r\n$-2\r\n", "*1\r\n$9223372036854775807\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n$536870913\r\n", "*1\r\n$x\r\n", "*1\r\n$\r\n",
		"*1\r\n:5\r\n", "*1\r\nPING\r\n", "*1\r\n*1\r\n*1\r\n", "SET a \"b\r\n", "SET a 'b\r\n", "SET \"a\"b c\r\n",
		"SET a \"\\x41\\n\\q\"\r\nGET a\r\n", "  GET   a  \r\n", "GET a\n", "GET 'a'\r\n", "'' x\r\n", "%1\r\n", "~1\r\n", "_\r\n", "POST / HTTP/1.1\r\n", "Host: x\r\n", "post\r\n",
		"QUIT a b\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n",
	} {
		want, got := converse(t, redis, in, mark), converse(t, door, in, mark)
		if got != want {
			t.Errorf("%.60q:\nredis %q\natoll %q", in, want, got)
		}
	}
}

// TestChannels compares what a connection that listens is told, by the bytes.
func TestChannels(t *testing.T) {
	redis, door := startRedis(t), startDoor(t)
	for _, in := range []string{
		"SUBSCRIBE a b a\r\nPING\r\nPING x\r\nGET k\r\nCLIENT ID\r\nPUBLISH a x\r\nUNSUBSCRIBE a\r\nUNSUBSCRIBE none\r\nUNSUBSCRIBE\r\nUNSUBSCRIBE\r\nGET k\r\n",
		"PSUBSCRIBE a* \"\"\r\nSUBSCRIBE a\r\nSUBSCRIBE\r\nPUNSUBSCRIBE a*\r\nPUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nPING a b\r\nQUIT\r\n",
		"PUBLISH a x\r\nPUBLISH a\r\nPUBSUB CHANNELS\r\nPUBSUB NUMPAT\r\nPUBSUB NUMSUB a b\r\nPUBSUB CHANNELS a b\r\nPUBSUB foo\r\nMULTI\r\nPUBLISH a x\r\nEXEC\r\n",
		"CLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY OFF\r\nPING\r\nFOO\r\nCLIENT REPLY ON\r\nPING\r\nCLIENT REPLY x\r\nCLIENT REPLY\r\n",
		"SLOWLOG GET -2\r\nSLOWLOG GET x\r\nSLOWLOG GET 0\r\nSLOWLOG GET 0 1\r\nSLOWLOG RESET\r\nSLOWLOG foo\r\nLATENCY LATEST\r\nLATENCY HISTORY x\r\nLATENCY RESET a\r\nLATENCY GRAPH x\r\n",
		"WAIT 0 1\r\nWAIT x 1\r\nWAIT 0 x\r\nWAIT 0 -1\r\nWAIT 1 1\r\nMULTI\r\nWAIT 1 0\r\nEXEC\r\n",
	} {
		want, got := converse(t, redis, in+"RESET", mark), converse(t, door, in+"RESET", mark)
		if got != want {
			t.Errorf("%.60q:\nredis %q\natoll %q", in, want, got)
		}
	}
}

// mark asks for an answer that shows that the connection goes on.
const mark = "\r\n*2\r\n$4\r\nECHO\r\n$4\r\nMARK\r\n"

// converse sends bytes, then the mark, and returns all that comes back up to its answer or the end.
func converse(t *testing.T, address, in, mark string) string {
	p := dial(t, address)
	_, _ = io.WriteString(p.conn, in+mark) // it may end before all is sent
	var all strings.Builder
	for {
		b, err := p.in.ReadByte()
		if err != nil {
			return all.String() + "<end>"
		}
		all.WriteByte(b)
		if strings.HasSuffix(all.String(), "$4\r\nMARK\r\n") {
			return all.String()
		}
	}
}

// TestScans compares whole scans: which keys and members come, whatever their order.
func TestScans(t *testing.T) {
	redis, door := dial(t, startRedis(t)), dial(t, startDoor(t))
	for i := range 300 {
		key := fmt.Sprintf("%c:%d", 'a'+i%3, i)
		for _, p := range []*peer{redis, door} {
			if i%5 == 0 {
				p.do("SADD", key, "m")
			} else {
				p.do("SET", key, "v")
			}
			p.do("SADD", "members", key)
			p.do("HSET", "fields", key, strconv.Itoa(i))
			p.do("ZADD", "scored", strconv.Itoa(i/2), key)
		}
	}
	for _, options := range []string{"", "COUNT 1000", "COUNT 7", "MATCH a:*", "MATCH *1*", "MATCH [ab]:?5", "MATCH [^a]:1??", "MATCH a:1", `MATCH \a:*`, "MATCH ", "TYPE set", "TYPE string MATCH c*", "TYPE hash", "TYPE foo"} {
		words := strings.Split(options, " ")
		if options == "" {
			words = nil
		}
		if want, got := whole(redis, []string{"SCAN"}, words), whole(door, []string{"SCAN"}, words); got != want {
			t.Errorf("SCAN %s:\nredis %s\natoll %s", options, want, got)
		}
		if strings.Contains(options, "TYPE") {
			continue
		}
		if want, got := whole(redis, []string{"SSCAN", "members"}, words), whole(door, []string{"SSCAN", "members"}, words); got != want {
			t.Errorf("SSCAN %s:\nredis %s\natoll %s", options, want, got)
		}
		if want, got := whole(redis, []string{"HSCAN", "fields"}, words), whole(door, []string{"HSCAN", "fields"}, words); got != want {
			t.Errorf("HSCAN %s:\nredis %s\natoll %s", options, want, got)
		}
		if want, got := whole(redis, []string{"ZSCAN", "scored"}, words), whole(door, []string{"ZSCAN", "scored"}, words); got != want {
			t.Errorf("ZSCAN %s:\nredis %s\natoll %s", options, want, got)
		}
	}
	for _, bad := range [][]string{
		{"SCAN", "x"}, {"SCAN", "0", "COUNT", "0"}, {"SCAN", "0", "COUNT", "x"}, {"SCAN", "0", "COUNT"}, {"SCAN", "0", "FOO", "x"}, {"SCAN"},
		{"SSCAN", "members", "0", "TYPE", "set"}, {"SSCAN", "members"}, {"SSCAN", "a:1", "0"}, {"SSCAN", "none", "0"}, {"SSCAN", "a:1", "x"},
		{"HSCAN", "fields", "0", "TYPE", "set"}, {"HSCAN", "fields"}, {"HSCAN", "a:1", "0"}, {"HSCAN", "none", "0"}, {"HSCAN", "members", "0"}, {"ZSCAN", "scored"}, {"ZSCAN", "members", "0"}, {"ZSCAN", "none", "0"},
	} {
		if want, got := redis.do(bad...), door.do(bad...); got.String() != want.String() {
			t.Errorf("%q:\nredis %q\natoll %q", bad, want, got)
		}
	}
}

// whole scans to the end and returns what came, without repetitions, in order.
func whole(p *peer, command, options []string) string {
	seen := map[string]bool{}
	for cursor := "0"; ; {
		r := p.do(slices.Concat(command, []string{cursor}, options)...)
		if len(r.parts) != 2 {
			return r.String()
		}
		for _, k := range r.parts[1].parts {
			seen[k.text()] = true
		}
		if cursor = r.parts[0].text(); cursor == "0" {
			break
		}
	}
	var all []string
	for k := range seen {
		all = append(all, k)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// laterCommands are of Redis 7.4 and 8.0: a server that lacks them has nothing to compare with. Their replies stand in tables
// made by hand, from their pages and the source of Redis 8: server/respserver/fieldends_test.go.
var laterCommands = strings.Fields("hexpire hpexpire hexpireat hpexpireat httl hpttl hexpiretime hpexpiretime hpersist hgetex hsetex hgetdel")

// TestTable compares what COMMAND INFO says of each command: arity, flags, keys, categories.
func TestTable(t *testing.T) {
	redis, door := dial(t, startRedis(t)), dial(t, startDoor(t))
	compared := 0
	for _, r := range door.do("COMMAND").parts {
		name := r.parts[0].text()
		theirs := redis.do("COMMAND", "INFO", name).parts[0]
		if len(theirs.parts) == 0 {
			if !strings.HasPrefix(name, "atoll") && !slices.Contains(laterCommands, name) {
				t.Errorf("redis has no %s", name)
			}
			continue
		}
		compared++
		compareRows(t, r, theirs)
		for _, sub := range r.parts[9].parts {
			i := slices.IndexFunc(theirs.parts[9].parts, func(o reply) bool { return o.parts[0].text() == sub.parts[0].text() })
			if i >= 0 {
				compareRows(t, sub, theirs.parts[9].parts[i])
			} else if n := sub.parts[0].text(); n != "client|setinfo" && n != "client|no-touch" { // of Redis 7.2
				t.Errorf("redis has no %s", n)
			}
		}
	}
	if compared < 40 {
		t.Errorf("only %d commands compared", compared)
	}
}

func compareRows(t *testing.T, ours, theirs reply) {
	t.Helper()
	for i, what := range []string{"name", "arity", "flags", "first key", "last key", "step", "categories"} {
		if got, want := ours.parts[i].sorted().String(), theirs.parts[i].sorted().String(); got != want {
			t.Errorf("%s: %s is %q, in redis %q", ours.parts[0].text(), what, got, want)
		}
	}
}
