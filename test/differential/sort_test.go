package differential

import "strings"

// sortKey draws a key of elements: lists are filled by RPUSH, so that most hold numbers.
func (d dice) sortKey() string { return d.of("so", "so", "so", "sz", d.key(), d.list()) }

// weights draws the pattern of an option. One without a * is only drawn where a set is read in byte order: see
// sortShapes.
func (d dice) weights() string {
	return d.of("w*", "w*", "*", "wh*->f", "w*->f", "wh*->", "*->*", "#*")
}

func (d dice) sortOptions() (list []string) {
	for range d.IntN(4) {
		switch d.IntN(8) {
		case 0, 1:
			list = append(list, d.of("ASC", "DESC", "desc"))
		case 2, 3:
			list = append(list, "LIMIT", d.small(), d.small())
		case 4, 5:
			list = append(list, d.of("GET", "get"), d.of(d.weights(), "#", "nothing"))
		case 6:
			list = append(list, d.of("ALPHA", "alpha"))
		default:
			list = append(list, d.of("FOO", "LIMIT", "STORE", "STORE so", "WITHSCORES"))
		}
	}
	return list
}

// sortShapes are the forms of SORT. Those whose order Redis leaves open are not among them: BY a pattern with ALPHA,
// where elements may have one weight, and sets that are not sorted.
var sortShapes = []func(d dice) []string{
	func(d dice) []string {
		return append([]string{d.of("SORT", "SORT_RO"), d.sortKey()}, d.sortOptions()...)
	},
	func(d dice) []string {
		return append([]string{d.of("SORT", "SORT_RO"), d.of("so", "sz"), "ALPHA"}, d.sortOptions()...)
	},
	func(d dice) []string {
		return append([]string{"SORT", d.sortKey(), "STORE", d.of("so", "st", d.key())}, d.sortOptions()...)
	},
	func(d dice) []string {
		return append([]string{"SORT", d.of("so", "sz"), "BY", d.weights()}, d.of("LIMIT", "GET", "DESC", "ASC"), d.small(), d.small())
	},
	func(d dice) []string {
		return []string{"SORT", d.of("so", "sz"), "BY", d.weights(), "GET", d.weights(), "GET", "#", d.of("ASC", "DESC")}
	},
	func(d dice) []string {
		return append([]string{"SORT", d.of("so", "sz"), "BY", d.of("nothing", "#"), d.of("ASC", "DESC"), "LIMIT"}, d.small(), d.small())
	},
	func(d dice) []string {
		return []string{"SORT", d.sortKey(), "BY", "nothing", d.of("ASC", "DESC"), "STORE", d.of("so", "st")}
	},
	func(d dice) []string { return []string{"RPUSH", "so", d.weight(), d.weight()} },
	func(d dice) []string { return []string{"ZADD", "sz", d.weight(), d.weight()} },
	func(d dice) []string { return []string{"LTRIM", "so", "0", "8"} },
	func(d dice) []string { return []string{"SET", "w" + d.weight(), d.weight()} },
	func(d dice) []string { return []string{"HSET", "wh" + d.weight(), "f", d.weight()} },
	func(d dice) []string { return []string{d.of("TYPE", "DEL"), d.of("so", "sz", "st")} },
	func(d dice) []string { return []string{"LRANGE", d.of("so", "st"), "0", "-1"} },
	func(d dice) []string { return []string{"COMMAND", "GETKEYS", "SORT", d.key(), "STORE", d.key()} },
}

// weight draws a number, and seldom something else.
func (d dice) weight() string {
	return d.of("1", "2", "3", "10", "-5", "1.5", "0", "1e3", "2", "3", "", "inf", "0x10", "1e400", "nan", "x")
}

// numberInRange is a command that reads a number and changes nothing. Redis 7.0 refuses to sort numbers if the last one
// that any command read, whenever that was, was out of range (it looks at errno, which is then still set).
var numberInRange = []string{"GEORADIUS_RO", "none", "0", "0", "1", "m"}

// sorts tells a command that numberInRange has to be before.
func sorts(args []string) bool { return strings.HasPrefix(strings.ToUpper(args[0]), "SORT") }

func init() { shapes = append(shapes, sortShapes...) }
