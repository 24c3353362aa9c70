package differential

import (
	"slices"
	"strings"
)

// stream draws a key that is likely to be a stream.
func (d dice) stream() string { return d.of("st", "st", "st", "su", "su", d.key()) }

// id draws the id of an entry. None is given by the server: those are others here, see docs/redis.md.
func (d dice) id() string {
	switch d.IntN(8) {
	case 0:
		return d.of("", "x", "-", "+", "1-", "-1", "1-x", "1-*x", "$", ">", "1-1-1", "01-1", "+1-1", " 1-1", "1- 1", "1.5", strings.Repeat("1", 130))
	case 1:
		return d.of("0-0", "0", "0-1", "18446744073709551615", "18446744073709551616", "3-18446744073709551615", "18446744073709551615-18446744073709551614")
	case 2:
		return d.of("1", "2", "5", "9")
	default:
		return d.of("1", "2", "3", "4", "5", "6", "7", "8", "9") + "-" + d.of("0", "1", "2", "3", "4")
	}
}

// end draws an end of a range of ids.
func (d dice) end() string { return d.of("-", "+", "(", "") + d.of("", "", d.id()) }

// fields draws what an entry holds, now and then a field too few.
func (d dice) fields() (list []string) {
	for range 1 + d.IntN(2) {
		list = append(list, d.member(), d.member())
	}
	if d.IntN(20) == 0 {
		list = list[1:]
	}
	return list
}

// trim draws how to trim, most often right.
func (d dice) trim() (list []string) {
	switch d.IntN(4) {
	case 0:
		list = []string{d.of("MAXLEN", "maxlen"), d.of("0", "1", "3", "5", "10", d.number())}
	case 1:
		list = []string{d.of("MAXLEN", "maxlen"), d.of("=", "~"), d.of("0", "1", "3", "5", "10", d.number())}
	case 2:
		list = []string{d.of("MINID", "minid"), d.id()}
	default: // with ~ it matters to Redis where in a node an entry was deleted
		list = []string{d.of("MINID", "minid"), "=", d.id()}
	}
	if d.IntN(4) == 0 {
		list = append(list, d.of("LIMIT", "limit"), d.of("0", "1", "5", "100", d.number()))
	}
	if d.IntN(12) == 0 {
		list = append(list, d.of("MAXLEN", "MINID", "FOO", "NOMKSTREAM"), d.small())
	}
	return list
}

// reads draws the arguments of XREAD. None waits for ever.
func (d dice) reads() (list []string) {
	if d.IntN(3) == 0 {
		list = append(list, d.of("COUNT", "count"), d.small())
	}
	if d.IntN(6) == 0 {
		list = append(list, "BLOCK", d.of("1", "2", "-1", "x", ""))
	}
	if d.IntN(15) == 0 {
		list = append(list, d.of("NOACK", "FOO", "GROUP"))
	}
	list = append(list, d.of("STREAMS", "streams"))
	keys := d.some(d.stream)
	list = append(list, keys...)
	for range keys {
		list = append(list, d.of(d.id(), d.id(), "$", "0"))
	}
	if d.IntN(15) == 0 {
		list = list[:len(list)-1]
	}
	return list
}

func init() {
	allKeys = append(allKeys, "st", "su")
	shapes = append(shapes, streamShapes...)
}

var streamShapes = []func(d dice) []string{
	func(d dice) []string { return append([]string{"XADD", d.stream(), d.id()}, d.fields()...) },
	func(d dice) []string { return append([]string{"XADD", d.stream(), d.id()}, d.fields()...) },
	func(d dice) []string { return append([]string{"XADD", d.stream(), d.id()}, d.fields()...) },
	func(d dice) []string {
		return slices.Concat([]string{"XADD", d.stream()}, d.trim(), []string{d.id()}, d.fields())
	},
	func(d dice) []string {
		return slices.Concat([]string{"XADD", d.stream(), d.of("NOMKSTREAM", "nomkstream")}, []string{d.id()}, d.fields())
	},
	func(d dice) []string { return []string{"XLEN", d.stream()} },
	func(d dice) []string { return []string{d.of("XRANGE", "XREVRANGE"), d.stream(), d.end(), d.end()} },
	func(d dice) []string { return []string{"XRANGE", d.stream(), "-", "+"} },
	func(d dice) []string { return []string{"XREVRANGE", d.stream(), "+", "-"} },
	func(d dice) []string {
		return []string{d.of("XRANGE", "XREVRANGE"), d.stream(), d.end(), d.end(), d.of("COUNT", "count", "FOO"), d.small()}
	},
	func(d dice) []string { return append([]string{"XDEL", d.stream()}, d.some(d.id)...) },
	func(d dice) []string { return append([]string{"XTRIM", d.stream()}, d.trim()...) },
	func(d dice) []string { return append([]string{"XREAD"}, d.reads()...) },
	func(d dice) []string { return []string{"XSETID", d.stream(), d.id()} },
	func(d dice) []string {
		return []string{"XSETID", d.stream(), d.id(), "ENTRIESADDED", d.of("0", "5", "100", "-1", "x", ""), d.of("MAXDELETEDID", "FOO"), d.id()}
	},
	func(d dice) []string { return []string{"XINFO", d.of("STREAM", "stream"), d.stream()} },
	func(d dice) []string { return []string{"XINFO", "STREAM", d.stream(), d.of("FULL", "full", "FOO")} },
	func(d dice) []string {
		return []string{"XINFO", "STREAM", d.stream(), d.of("FULL", "FOO"), d.of("COUNT", "FOO"), d.small()}
	},
	func(d dice) []string {
		return []string{d.of("TYPE", "DEL", "EXISTS", "TTL", "PERSIST", "GET"), d.of("st", "su")}
	},
	func(d dice) []string { return []string{"OBJECT", "ENCODING", d.of("st", "su")} },
	func(d dice) []string { return []string{d.of("RENAME", "COPY"), d.of("st", "su"), d.of("st", "su")} },
	func(d dice) []string { return []string{"PEXPIREAT", d.stream(), d.time()} },
}
