package differential

// list draws a key that is likely to be a list.
func (d dice) list() string { return d.of("l", "l", "l", "m", "m", d.key()) }

func (d dice) side() string { return d.of("LEFT", "RIGHT", "left", "right", "x") }

// listShapes are the forms of commands on lists.
var listShapes = []func(d dice) []string{
	func(d dice) []string { return append([]string{d.of("LPUSH", "RPUSH"), d.list()}, d.some(d.member)...) },
	func(d dice) []string { return append([]string{d.of("LPUSH", "RPUSH"), d.list()}, d.some(d.member)...) },
	func(d dice) []string {
		return append([]string{d.of("LPUSHX", "RPUSHX"), d.list()}, d.some(d.value)...)
	},
	func(d dice) []string { return []string{d.of("LPOP", "RPOP"), d.list()} },
	func(d dice) []string { return []string{d.of("LPOP", "RPOP"), d.list(), d.small()} },
	func(d dice) []string { return []string{d.of("LPOP", "RPOP"), d.list(), d.small(), "1"} },
	func(d dice) []string { return []string{"LLEN", d.list()} },
	func(d dice) []string { return []string{"LRANGE", d.list(), d.small(), d.small()} },
	func(d dice) []string { return []string{"LRANGE", d.list(), "0", "-1"} },
	func(d dice) []string { return []string{"LTRIM", d.list(), d.small(), d.of("-1", "-2", "5", d.small())} },
	func(d dice) []string { return []string{"LINDEX", d.list(), d.small()} },
	func(d dice) []string { return []string{"LSET", d.list(), d.small(), d.member()} },
	func(d dice) []string {
		return []string{"LINSERT", d.list(), d.of("BEFORE", "AFTER", "before", "after", "x"), d.member(), d.member()}
	},
	func(d dice) []string { return []string{"LREM", d.list(), d.small(), d.member()} },
	func(d dice) []string { return append([]string{"LPOS", d.list(), d.member()}, d.posOptions()...) },
	func(d dice) []string { return []string{"LMOVE", d.list(), d.list(), d.side(), d.side()} },
	func(d dice) []string { return []string{"RPOPLPUSH", d.list(), d.list()} },
	func(d dice) []string { return []string{"LMPOP", d.small(), d.list(), d.side()} },
	func(d dice) []string { return []string{"LMPOP", "2", d.list(), d.list(), d.side()} },
	func(d dice) []string {
		return []string{"LMPOP", "2", d.list(), d.list(), d.side(), d.of("COUNT", "count", "x"), d.small()}
	},
	func(d dice) []string { return []string{d.of("TYPE", "DEL", "EXISTS"), d.of("l", "m")} },
}

func (d dice) posOptions() (list []string) {
	for range d.IntN(3) {
		list = append(list, d.of("RANK", "COUNT", "MAXLEN", "rank", "count", "x"), d.of(d.small(), d.number()))
	}
	if d.IntN(10) == 0 {
		list = append(list, "COUNT")
	}
	return list
}

func init() { shapes = append(shapes, listShapes...) }
