package differential

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// group, consumer and idle draw the arguments of commands on groups. What was delivered in these histories was
// delivered a moment ago, or is said to have been long ago.
func (d dice) group() string    { return d.of("g", "g", "g", "h", "") }
func (d dice) consumer() string { return d.of("c", "c", "d", "e\x00", "") }
func (d dice) idle() string     { return d.of("0", "0", "0", "100000", "-1", "x") }

// given draws the arguments of XREADGROUP behind the group.
func (d dice) given() (list []string) {
	if d.IntN(2) == 0 {
		list = append(list, d.of("COUNT", "count"), d.of("1", "2", "1", "3", d.small()))
	}
	if d.IntN(8) == 0 {
		list = append(list, "BLOCK", d.of("1", "2", "-1", "x"))
	}
	if d.IntN(5) == 0 {
		list = append(list, d.of("NOACK", "NOACK", "FOO"))
	}
	list = append(list, d.of("STREAMS", "streams"))
	keys := []string{d.of("st", "st", "su", d.stream())}
	if d.IntN(4) == 0 {
		keys = append(keys, d.stream())
	}
	list = append(list, keys...)
	for range keys {
		list = append(list, d.of(">", ">", ">", ">", "0", d.id()))
	}
	if d.IntN(25) == 0 {
		list = list[:len(list)-1]
	}
	return list
}

func (d dice) claimOptions() (list []string) {
	for range d.IntN(3) {
		switch d.IntN(7) {
		case 0:
			list = append(list, d.of("IDLE", "idle"), d.of("0", "500000", "-1", "x"))
		case 1:
			list = append(list, "TIME", d.of("1000", "0", "-1", "9223372036854775807", "x"))
		case 2:
			list = append(list, "RETRYCOUNT", d.of("0", "5", "-1", "x"))
		case 3, 4:
			list = append(list, "FORCE")
		case 5:
			list = append(list, "JUSTID")
		default:
			list = append(list, d.of("LASTID", "FOO"), d.id())
		}
	}
	return list
}

func init() { shapes = append(shapes, groupShapes...) }

var groupShapes = []func(d dice) []string{
	func(d dice) []string {
		return []string{"XGROUP", d.of("CREATE", "create"), d.of("st", "su"), d.group(), d.of("0", "$", d.id())}
	},
	func(d dice) []string {
		return []string{"XGROUP", "CREATE", d.stream(), d.group(), d.of("0", "$", d.id()), d.of("MKSTREAM", "FOO", "ENTRIESREAD")}
	},
	func(d dice) []string {
		return []string{"XGROUP", d.of("CREATE", "SETID"), d.stream(), d.group(), d.of("0", "$", d.id()), "ENTRIESREAD", d.of("0", "1", "5", "-1", "-2", "x")}
	},
	func(d dice) []string {
		return []string{"XGROUP", "SETID", d.stream(), d.group(), d.of("0", "$", d.id())}
	},
	func(d dice) []string {
		if d.IntN(3) > 0 {
			return []string{"XGROUP", "CREATECONSUMER", d.stream(), d.group(), d.consumer()}
		}
		return []string{"XGROUP", d.of("DESTROY", "DESTROY", "FOO"), d.stream(), d.group()}
	},
	func(d dice) []string {
		return []string{"XGROUP", d.of("CREATECONSUMER", "DELCONSUMER"), d.stream(), d.group(), d.consumer()}
	},
	func(d dice) []string {
		return append([]string{"XREADGROUP", d.of("GROUP", "group"), d.group(), d.consumer()}, d.given()...)
	},
	func(d dice) []string {
		return append([]string{"XREADGROUP", d.of("GROUP", "group"), d.of("g", "g", "h"), d.consumer()}, d.given()...)
	},
	func(d dice) []string {
		return append([]string{"XREADGROUP", d.of("GROUP", "group"), d.of("g", "g", "h"), d.consumer()}, d.given()...)
	},
	func(d dice) []string { return append([]string{"XACK", d.stream(), d.group()}, d.some(d.id)...) },
	func(d dice) []string { return []string{"XPENDING", d.stream(), d.group()} },
	func(d dice) []string {
		return []string{"XPENDING", d.stream(), d.group(), d.of("-", d.end()), d.of("+", d.end()), d.of("10", d.small())}
	},
	func(d dice) []string {
		return []string{"XPENDING", d.stream(), d.group(), "IDLE", d.idle(), d.of("-", d.end()), "+", "10"}
	},
	func(d dice) []string {
		return []string{"XPENDING", d.stream(), d.group(), "-", "+", d.of("10", "1"), d.consumer()}
	},
	func(d dice) []string {
		return slices.Concat([]string{"XCLAIM", d.stream(), d.group(), d.consumer(), d.idle()}, d.some(d.id), d.claimOptions())
	},
	func(d dice) []string {
		list := []string{"XAUTOCLAIM", d.stream(), d.group(), d.consumer(), d.idle(), d.of("0", "-", d.id(), d.end())}
		if d.IntN(2) == 0 {
			list = append(list, d.of("COUNT", "count", "FOO"), d.of("1", "2", "1", d.small()))
		}
		if d.IntN(3) == 0 {
			list = append(list, "JUSTID")
		}
		return list
	},
	func(d dice) []string { return []string{"XINFO", d.of("GROUPS", "groups"), d.stream()} },
	func(d dice) []string { return []string{"XINFO", d.of("CONSUMERS", "consumers"), d.stream(), d.group()} },
	func(d dice) []string { return []string{"XINFO", "STREAM", d.of("st", "su"), "FULL"} },
	func(d dice) []string {
		return []string{"XINFO", "STREAM", d.of("st", "su"), "FULL", "COUNT", d.of("0", "1", "2")}
	},
}

// timesAlike lets times in replies about groups be alike where one server was asked later than the other.
func timesAlike(args []string, want, got reply) reply {
	switch {
	case strings.EqualFold(args[0], "XPENDING"):
		return near(want, got, -1, 2)
	case !strings.EqualFold(args[0], "XINFO") || len(args) < 2:
		return got
	case strings.EqualFold(args[1], "CONSUMERS"):
		return near(want, got, -1, 5)
	}
	got = near(want, got, 17, -1, 11, -1, 2)
	got = near(want, got, 17, -1, 13, -1, 3)
	return near(want, got, 17, -1, 13, -1, 7, -1, 1)
}

// near gives numbers at a path the other reply's, where they are not further apart than a few seconds; -1 is every part.
func near(want, got reply, path ...int) reply {
	if len(path) == 0 {
		a, errA := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(want.head, ":")), 10, 64)
		b, errB := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(got.head, ":")), 10, 64)
		if errA == nil && errB == nil && max(a, b)-min(a, b) < 60_000 {
			return want
		}
		return got
	}
	got.parts = slices.Clone(got.parts)
	for i := range got.parts {
		if (path[0] == -1 || path[0] == i) && i < len(want.parts) {
			got.parts[i] = near(want.parts[i], got.parts[i], path[1:]...)
		}
	}
	return got
}

// TestGroupHistories compares histories that are all about streams and their groups.
func TestGroupHistories(t *testing.T) {
	redis, door := startRedis(t), startDoor(t)
	some := slices.Concat(streamShapes[:5], streamShapes[10:12], groupShapes, groupShapes)
	for seed := range *histories {
		t.Run("seed="+strconv.Itoa(seed), func(t *testing.T) {
			compareHistory(t, some, dial(t, redis), dial(t, door), uint64(seed))
		})
		if t.Failed() {
			return
		}
	}
}

// TestGroupTable compares the replies to mistakes in each command, and what is said where there is nothing.
func TestGroupTable(t *testing.T) {
	redis, door := dial(t, startRedis(t)), dial(t, startDoor(t))
	empty(door)
	d := dice{rand.New(rand.NewPCG(1, 9))}
	for _, p := range []*peer{redis, door} {
		p.do("SET", "str", "v")
		p.do("XADD", "st", "1-1", "a", "b")
		p.do("XGROUP", "CREATE", "st", "g", "0")
	}
	for range 300 {
		args := groupShapes[d.IntN(len(groupShapes))](d)
		cut := args[:1+d.IntN(len(args))]
		if strings.EqualFold(args[len(args)-1], ">") || slices.Contains(cut, "BLOCK") {
			continue
		}
		want, got := alike(cut, redis.do(cut...), door.do(cut...))
		if got.String() != want.String() {
			t.Errorf("%q:\nredis %q\natoll %q", cut, want, got)
		}
	}
}
