package keyspace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func endsIn(ms int64) command.Lifetime { return command.Lifetime{As: command.EndsIn, Millis: ms} }

func set(key, value string) keyspace.Command { return command.Set{Key: b(key), Value: b(value)} }

func setEx(key, value string, ms int64) keyspace.Command {
	return command.Set{Key: b(key), Value: b(value), Life: endsIn(ms)}
}

func expire(key string, ms int64) keyspace.Command {
	return command.Expire{Key: b(key), Life: endsIn(ms)}
}

func persist(key string) keyspace.Command { return command.Persist{Key: b(key)} }

func sadd(key, member string) keyspace.Command {
	return command.SAdd{Key: b(key), Members: [][]byte{b(member)}}
}

func srem(key, member string) keyspace.Command {
	return command.SRem{Key: b(key), Members: [][]byte{b(member)}}
}

func incr(key string) keyspace.Command { return command.Incr{Key: b(key), Delta: 1} }

func del(key string) keyspace.Command { return command.Delete{List: [][]byte{b(key)}} }

// reap does what a node does by itself: it deletes what has ended and is due here.
func (r *region) reap(t testing.TB) (keys []string) {
	t.Helper()
	q := &keyspace.ReadDue{Limit: 10}
	for {
		r.do(t, q)
		for _, due := range q.Found {
			space, user := namespace.Split(due.Key)
			if keys = append(keys, string(due.Key)+string(due.Field)); due.OfField {
				r.do(t, keyspace.InNamespace(space, command.HReap{Key: user, Fields: [][]byte{due.Field}}))
				continue
			}
			r.do(t, keyspace.InNamespace(space, command.Reap{Key: user}))
		}
		if q.After = q.Next; q.After == nil {
			r.commit()
			return keys
		}
	}
}

// ttl is what is left of a key's time, as TTL says it.
func (r *region) ttl(t testing.TB, key string) int64 {
	t.Helper()
	return r.do(t, command.TTL{Key: b(key)})[0].Int
}

// shows is the content of a key in one line, with its type.
func (r *region) shows(t testing.TB, key string) string {
	t.Helper()
	switch string(r.do(t, command.Types{List: [][]byte{b(key)}})[0].List[0]) {
	case "string":
		return string(r.do(t, command.Get{Key: b(key)})[0].Value)
	case "set":
		return fmt.Sprintf("%s", r.do(t, command.SMembers{Key: b(key)})[0].List)
	case "hash":
		return fmt.Sprint(r.look(t, key).fields)
	default:
		return "nothing"
	}
}

// index lists what the store has by time.
func (r *region) index() (list []string) {
	for k := range r.mem.cells {
		if k[0] == store.SpaceExpiry {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

func (r *region) pass(d time.Duration) { r.wall.at += d }

// three are regions whose clocks agree.
func three() (list []*region) {
	for i := range 3 {
		r := newRegion(clock.Origin(0x1000 * (i + 1)))
		r.pass(time.Duration(i) * time.Millisecond)
		list = append(list, r)
	}
	return list
}

// level lets all regions pull from all others until all hold the same.
func level(t testing.TB, regions ...*region) {
	t.Helper()
	for range 2 {
		for _, to := range regions {
			for _, from := range regions {
				if from != to {
					to.pull(t, from)
				}
			}
		}
	}
	for _, r := range regions[1:] {
		if r.digest(t).Sum != regions[0].digest(t).Sum {
			t.Errorf("the same updates, other bytes")
		}
	}
}

// permutations are all orders of n things.
func permutations(n int) (out [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, p := range permutations(n - 1) {
		for at := range n {
			out = append(out, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return out
}

// The rows of the rule table: what two regions do to a key that both know, and what is left of it a little
// later: its content, and the time it has.
func TestConcurrentDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		before      []keyspace.Command
		left, right keyspace.Command
		want        string
	}{
		"EXPIRE 10 and EXPIRE 100":            {[]keyspace.Command{set("k", "v")}, expire("k", 10e3), expire("k", 100e3), "v 100"},
		"EXPIRE 100 and EXPIRE 10":            {[]keyspace.Command{set("k", "v")}, expire("k", 100e3), expire("k", 10e3), "v 100"},
		"shorter ones of a SET EX":            {[]keyspace.Command{setEx("k", "v", 1e6)}, expire("k", 10e3), expire("k", 20e3), "v 20"},
		"EXPIRE and PERSIST":                  {[]keyspace.Command{setEx("k", "v", 1e6)}, expire("k", 5e3), persist("k"), "v -1"},
		"PERSIST and EXPIRE":                  {[]keyspace.Command{setEx("k", "v", 1e6)}, persist("k"), expire("k", 5e3), "v -1"},
		"EXPIRE and SET":                      {[]keyspace.Command{set("k", "v")}, expire("k", 5e3), set("k", "w"), "w -1"},
		"SET and EXPIRE":                      {[]keyspace.Command{set("k", "v")}, set("k", "w"), expire("k", 5e3), "w -1"},
		"EXPIRE and SET EX":                   {[]keyspace.Command{set("k", "v")}, expire("k", 5e3), setEx("k", "w", 9e3), "w 9"},
		"SET EX and SET: the later is shown":  {nil, setEx("k", "v", 5e3), set("k", "w"), "w -1"},
		"SET and SET EX: the later is shown":  {nil, set("k", "v"), setEx("k", "w", 5e3), "w 5"},
		"SET EX and INCR":                     {nil, setEx("k", "10", 5e3), incr("k"), "11 5"},
		"EXPIRE and INCR":                     {[]keyspace.Command{incr("k")}, expire("k", 5e3), incr("k"), "2 5"},
		"EXPIRE and APPEND, which keeps none": {[]keyspace.Command{set("k", "v")}, expire("k", 5e3), command.Append{Key: b("k"), Value: b("w"), Max: 99}, "vw -1"},
		"EXPIRE and DEL":                      {[]keyspace.Command{set("k", "v")}, expire("k", 5e3), del("k"), "nothing -2"},
		"EXPIRE and SADD":                     {[]keyspace.Command{sadd("k", "a")}, expire("k", 5e3), sadd("k", "b"), "[a b] 5"},
		"EXPIRE and the last SREM":            {[]keyspace.Command{sadd("k", "a")}, expire("k", 5e3), srem("k", "a"), "nothing -2"},
		"EXPIRE and DEL of a set":             {[]keyspace.Command{sadd("k", "a")}, expire("k", 5e3), del("k"), "nothing -2"},
		"SADD and the last SREM":              {[]keyspace.Command{sadd("k", "a"), expire("k", 5e3)}, sadd("k", "b"), srem("k", "a"), "[b] -1"},
		"EXPIRE and EXPIRE of a hash":         {[]keyspace.Command{hset("k", "f", "1")}, expire("k", 5e3), expire("k", 7e3), "[f 1] 7"},
		"EXPIRE and HSET":                     {[]keyspace.Command{hset("k", "f", "1")}, expire("k", 5e3), hset("k", "g", "2"), "[f 1 g 2] 5"},
		"a deadline that has come, and INCR":  {[]keyspace.Command{incr("k")}, expire("k", -1), incr("k"), "1 -1"},
	} {
		for _, order := range []bool{false, true} {
			regions := three()
			x, y := regions[0], regions[1]
			for _, cmd := range c.before {
				x.do(t, cmd)
				x.commit()
			}
			level(t, regions...)
			x.do(t, c.left)
			x.commit()
			y.pass(5 * time.Millisecond)
			y.do(t, c.right)
			y.commit()
			if order {
				regions[2].pull(t, y)
			}
			level(t, regions...)
			for i, r := range regions {
				ttl := r.ttl(t, "k")
				if ttl > 0 {
					ttl = (ttl + 500) / 1000
				}
				if got := fmt.Sprint(r.shows(t, "k"), " ", ttl); got != c.want {
					t.Errorf("%s: region %d shows %s, want %s", name, i, got, c.want)
				}
			}
		}
	}
}

// Scenario 14, with every order in which the third region hears of the concurrent updates.
func TestScenarioTheLongerDeadlineAndThenPersist(t *testing.T) {
	for _, swap := range []bool{false, true} {
		regions := three()
		x, y, z := regions[0], regions[1], regions[2]
		x.do(t, setEx("k", "v", 10e3))
		x.commit()
		level(t, regions...)
		x.do(t, expire("k", 20e3))
		x.commit()
		y.do(t, expire("k", 200e3))
		y.commit()
		from := []*region{x, y}
		if swap {
			slices.Reverse(from)
		}
		for _, r := range from {
			z.pull(t, r)
		}
		level(t, regions...)
		for _, r := range regions {
			if ttl := r.ttl(t, "k"); ttl <= 190e3 {
				t.Fatalf("TTL %d", ttl)
			}
		}
		z.do(t, persist("k"))
		z.commit()
		x.do(t, expire("k", 5e3))
		x.commit()
		from = []*region{x, z}
		if swap {
			slices.Reverse(from)
		}
		for _, r := range from {
			y.pull(t, r)
		}
		level(t, regions...)
		for _, r := range regions {
			r.pass(time.Minute)
			if ttl := r.ttl(t, "k"); ttl != -1 || r.shows(t, "k") != "v" {
				t.Fatalf("TTL %d, shows %s", ttl, r.shows(t, "k"))
			}
			if due := r.reap(t); len(due) > 0 || len(r.index()) > 0 {
				t.Fatalf("due %q, index %q", due, r.index())
			}
		}
	}
}

// Scenario 15: the key ends everywhere at once, and who writes just before the deletion arrives is not
// deleted, in every order of the updates.
func TestScenarioAWriteJustBeforeTheDeletionArrives(t *testing.T) {
	for _, order := range permutations(3) {
		for _, w := range []struct {
			cmd  keyspace.Command
			want string
		}{{set("k", "w"), "w"}, {incr("k"), "1"}, {sadd("k", "m"), "[m]"}, {hset("k", "f", "1"), "[f 1]"}} {
			regions := three()
			x, y := regions[0], regions[1]
			x.do(t, setEx("k", "9", 500))
			x.commit()
			level(t, regions...)
			for _, r := range regions {
				r.pass(600 * time.Millisecond)
				if got := r.shows(t, "k"); got != "nothing" || r.ttl(t, "k") != -2 {
					t.Fatalf("shows %s after its end", got)
				}
			}
			y.do(t, w.cmd)
			y.commit()
			x.pass(600 * time.Millisecond)
			if due := x.reap(t); len(due) != 1 {
				t.Fatalf("the writer of the deadline finds %q due", due)
			}
			y.pass(600 * time.Millisecond)
			regions[2].pass(600 * time.Millisecond)
			for _, i := range order {
				regions[2].pull(t, regions[i])
				for _, j := range order {
					regions[i].pull(t, regions[j])
				}
			}
			level(t, regions...)
			for i, r := range regions {
				if got := r.shows(t, "k"); got != w.want {
					t.Errorf("order %v: region %d shows %s, want %s", order, i, got, w.want)
				}
			}
		}
	}
}

// Whatever a command asks, a key that has ended is not there; and a write finds nothing.
func TestAKeyThatHasEndedIsAbsentForEveryCommand(t *testing.T) {
	begin := map[string][]keyspace.Command{
		"string": {set("k", "v")}, "counter": {incr("k"), incr("k")}, "number": {set("k", "5"), incr("k")},
		"set": {sadd("k", "a"), sadd("k", "b")}, "hash": {hset("k", "f", "1"), hincr("k", "n", 2)},
	}
	key := b("k")
	absent := map[string]keyspace.Command{
		"GET": command.Get{Key: key}, "EXISTS": command.Exists{List: [][]byte{key}}, "SCARD": command.SCard{Key: key},
		"SISMEMBER": command.SIsMember{Key: key, Member: b("a")}, "SMEMBERS": command.SMembers{Key: key}, "HGET": command.HGet{Key: key, Field: b("f")},
		"HGETALL": command.HGetAll{Key: key}, "HLEN": command.HLen{Key: key}, "HKEYS": command.HKeys{Key: key}, "SIBLINGS": command.Siblings{Key: key},
		"DEL": del("k"), "GETDEL": command.GetDel{Key: key}, "SREM": srem("k", "a"), "HDEL": hdel("k", "f"), "PERSIST": persist("k"), "EXPIRE": expire("k", 5e3),
		"SET XX": command.SetIf{Key: key, Value: b("w"), Present: true}, "RESETCOUNTER": command.ResetCounter{Key: key},
		"GETEX": command.GetEx{Key: key, Life: endsIn(5e3)}, "SMOVE": command.SMove{From: key, To: b("j"), Member: b("a")},
	}
	fresh := map[string]struct {
		cmd   keyspace.Command
		reply int64
		shows string
	}{
		"SET": {set("k", "w"), 0, "w"}, "SET NX": {command.SetIf{Key: key, Value: b("w"), Absent: true}, 1, "w"},
		"SET KEEPTTL": {command.Set{Key: key, Value: b("w"), Life: command.Lifetime{As: command.EndsAsBefore}}, 0, "w"},
		"INCR":        {incr("k"), 1, "1"}, "APPEND": {command.Append{Key: key, Value: b("w"), Max: 99}, 1, "w"},
		"SETRANGE": {command.SetRange{Key: key, Offset: 1, Value: b("w"), Max: 99}, 2, "\x00w"},
		"MSETNX":   {command.MSet{List: [][]byte{key}, Values: [][]byte{b("w")}, Absent: true}, 1, "w"},
		"SADD":     {sadd("k", "a"), 1, "[a]"}, "HSET": {hset("k", "f", "9"), 1, "[f 9]"}, "HINCRBY": {hincr("k", "n", 4), 4, "[n 4]"},
	}
	for kind, cmds := range begin {
		ended := func() *region {
			r := newRegion(0x1000)
			for _, cmd := range cmds {
				r.do(t, cmd)
			}
			r.do(t, expire("k", 1000))
			r.commit()
			if got := r.shows(t, "k"); got == "nothing" {
				t.Fatalf("%s: ended at once", kind)
			}
			r.pass(time.Second)
			return r
		}
		for name, cmd := range absent {
			r := ended()
			reply := r.do(t, cmd)[0]
			if reply.Found || reply.Int != 0 || len(reply.List)+len(reply.Siblings)+len(reply.Value) > 0 {
				t.Errorf("%s of a %s that has ended: %+v", name, kind, reply)
			}
			if !r.Idle() {
				t.Errorf("%s of a %s that has ended writes something", name, kind)
			}
		}
		for name, c := range fresh {
			r := ended()
			if reply := r.do(t, c.cmd)[0]; reply.Int != c.reply {
				t.Errorf("%s of a %s that has ended: %d, want %d", name, kind, reply.Int, c.reply)
			}
			if got := r.shows(t, "k"); got != c.shows || r.ttl(t, "k") != -1 {
				t.Errorf("%s of a %s that has ended: %s for %d ms, want %s", name, kind, got, r.ttl(t, "k"), c.shows)
			}
			r.commit()
			if len(r.index()) > 0 {
				t.Errorf("%s of a %s that has ended stays in the index", name, kind)
			}
			r.pass(time.Hour)
			if got := r.shows(t, "k"); got != c.shows {
				t.Errorf("%s of a %s that has ended: %s later, want %s", name, kind, got, c.shows)
			}
		}
	}
}

// Within one transaction there is one time, and what ended before it is gone for all of its commands.
func TestATransactionOnAKeyThatHasEnded(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, sadd("s", "a"), sadd("s", "b"), expire("s", 10), hincr("h", "n", 5), hset("h", "f", "x"), expire("h", 10))
	r.commit()
	r.pass(10 * time.Millisecond)
	replies := r.do(t, command.SCard{Key: b("s")}, sadd("s", "c"), command.SMembers{Key: b("s")}, srem("s", "c"), sadd("s", "d"), hincr("h", "n", 1), hset("h", "g", "y"), command.HLen{Key: b("h")})
	if replies[0].Int != 0 || fmt.Sprintf("%s", replies[2].List) != "[c]" || replies[5].Int != 1 || replies[7].Int != 2 {
		t.Errorf("%+v", replies)
	}
	r.commit()
	other := newRegion(0x2000)
	other.pull(t, r)
	for _, x := range []*region{r, other} {
		if x.shows(t, "s") != "[d]" || x.shows(t, "h") != "[g y n 1]" || x.ttl(t, "s") != -1 {
			t.Errorf("%s %s %d", x.shows(t, "s"), x.shows(t, "h"), x.ttl(t, "s"))
		}
	}
	if r.digest(t).Sum != other.digest(t).Sum {
		t.Error("digests differ")
	}
	if got := r.do(t, setEx("k", "v", 5), command.TTL{Key: b("k")}, persist("k"), command.TTL{Key: b("k")}, expire("k", 0), command.Exists{List: [][]byte{b("k")}}); got[1].Int != 5 || !got[2].Found || got[3].Int != -1 || got[4].Int != 1 || got[5].Int != 0 {
		t.Errorf("%+v", got)
	}
}

// The node whose deadline was decisive deletes the key once all clocks have come so far, and the others when
// it has not done so for ten minutes; nothing is left anywhere, the index included.
func TestWhoDeletesWhatHasEnded(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	x.do(t, setEx("k", "v", 60e3))
	x.do(t, sadd("s", "a"))
	x.do(t, expire("s", 60e3))
	x.commit()
	level(t, regions...)
	y.do(t, expire("k", 120e3)) // it decides from now on
	y.commit()
	level(t, regions...)
	wait := func(d time.Duration) {
		for _, r := range regions {
			r.pass(d)
		}
	}
	nobody := func(when string) {
		t.Helper()
		for i, r := range regions {
			if due := r.reap(t); len(due) > 0 {
				t.Fatalf("%s: region %d deletes %q", when, i, due)
			}
		}
	}
	wait(60400 * time.Millisecond)
	nobody("before the clocks can be known to have come so far")
	wait(time.Second)
	if due := fmt.Sprint(x.reap(t), y.reap(t)); due != "[s] []" {
		t.Fatal(due)
	}
	level(t, regions...)
	wait(62 * time.Second)
	if due := fmt.Sprint(x.reap(t), regions[2].reap(t), y.reap(t)); due != "[] [] [k]" {
		t.Fatal(due)
	}
	level(t, regions...)
	for i, r := range regions {
		r.sweepAll(t)
		for k := range r.mem.cells {
			if k[0] == store.SpaceData || k[0] == store.SpaceExpiry || k[0] == store.SpaceSweep {
				t.Errorf("region %d keeps %x", i, k)
			}
		}
	}
}

func (r *region) sweepAll(t testing.TB) {
	t.Helper()
	for range 50 {
		if err := r.Tick(); err != nil {
			t.Fatal(err)
		}
		r.commit()
	}
}

func TestADeadlineThatWonInARegionThatIsGone(t *testing.T) {
	regions := three()
	x, y, z := regions[0], regions[1], regions[2]
	x.do(t, setEx("k", "v", 1000))
	x.commit()
	level(t, regions...)
	rest := []*region{y, z} // x is gone for ever
	for _, r := range rest {
		r.pass(9 * time.Minute)
		if r.shows(t, "k") != "nothing" || len(r.reap(t)) > 0 {
			t.Fatal("shown, or deleted before its time")
		}
	}
	deleted := 0
	for range 150 { // seconds: they do not all go at once
		for _, r := range rest {
			r.pass(time.Second)
			deleted += len(r.reap(t))
		}
		level(t, rest...)
	}
	if deleted == 0 {
		t.Fatal("nobody has deleted it")
	}
	for _, r := range rest {
		if len(r.index()) > 0 || r.digest(t).Cells != 0 {
			t.Errorf("left: %x, %d cells", r.index(), r.digest(t).Cells)
		}
	}
}

func TestADeadlineSurvivesARestart(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, setEx("k", "v", 1000))
	r.do(t, setEx("j", "v", 3000))
	r.commit()
	again := &region{mem: r.mem, wall: r.wall}
	heads := []store.Head{}
	for _, h := range r.mem.heads {
		heads = append(heads, h)
	}
	again.hlc = clock.NewHLC(again.wall, keyspace.Floor(heads))
	again.Core = keyspace.NewCore(keyspace.CoreConfig{
		Region: "r", Node: fmt.Sprint(clock.Origin(0x1000)), NewOrigin: func() clock.Origin { return 0x7000 },
	}, again.mem, heads, again.hlc)
	if ttl := again.ttl(t, "k"); ttl != 1000 {
		t.Fatalf("TTL %d", ttl)
	}
	again.pass(1600 * time.Millisecond)
	if due := again.reap(t); fmt.Sprint(due) != "[k]" || again.Origin() != 0x7000 {
		t.Fatalf("due %q, by %v: it was this node's own", due, again.Origin())
	}
	again.do(t, expire("j", 9000)) // moves what the earlier incarnation entered
	again.commit()
	if n := len(again.index()); n != 1 {
		t.Fatalf("%d entries", n)
	}
}

func TestATransferBringsDeadlines(t *testing.T) {
	from, to := newRegion(0x1000), newRegion(0x2000)
	for i := range 20 {
		from.do(t, setEx(fmt.Sprintf("k%d", i), "v", int64(1000*(i+1))))
		from.do(t, sadd(fmt.Sprintf("s%d", i), "a"), expire(fmt.Sprintf("s%d", i), 5000))
	}
	from.do(t, set("plain", "v"))
	from.commit()
	to.do(t, setEx("k3", "mine", 100e3))
	to.commit()
	to.takeOver(t, from, 100, func() {})
	if d, e := from.digest(t), to.digest(t); d.Cells+0 > e.Cells {
		t.Fatalf("%d cells, %d", d.Cells, e.Cells)
	}
	if got := to.ttl(t, "k7"); got != 8000 {
		t.Errorf("TTL %d", got)
	}
	to.pass(5 * time.Second)
	if to.shows(t, "k4") != "nothing" || to.shows(t, "s4") != "nothing" || to.shows(t, "k5") != "v" || to.shows(t, "plain") != "v" {
		t.Error("what ends, and what does not, is not as at the donor")
	}
	if n := len(to.index()); n != 40 {
		t.Errorf("%d entries in the index, want 40", n)
	}
	to.pass(12 * time.Minute)
	if due := to.reap(t); len(due) != 40 {
		t.Errorf("%d due: %q", len(due), due)
	}
	if len(to.index()) != 0 {
		t.Errorf("left in the index: %x", to.index())
	}
}

// What a node has hidden it does not show again, whatever its clock does meanwhile.
func TestWhatWasHiddenStaysHiddenWhenTheClockIsSetBack(t *testing.T) {
	w := &skewed{}
	hlc := clock.NewHLC(w, 0)
	mem := &memory{cells: map[string][]byte{}, heads: map[clock.Origin]store.Head{}}
	r := &region{mem: mem, hlc: hlc, wall: &wall{}}
	r.Core = keyspace.NewCore(keyspace.CoreConfig{Region: "r", Node: "n", NewOrigin: func() clock.Origin { return 9 }}, mem, nil, hlc)
	r.do(t, setEx("k", "v", 1000))
	r.commit()
	w.at += 1500 * time.Millisecond
	if r.shows(t, "k") != "nothing" {
		t.Fatal("not ended")
	}
	w.back = time.Hour
	hlc.Resync()
	if got := r.shows(t, "k"); got != "nothing" {
		t.Fatalf("shown again: %s", got)
	}
}

// skewed is a wall clock that can be set back.
type skewed struct{ at, back time.Duration }

func (w *skewed) Read() (int64, time.Duration) {
	return (wallStart + w.at - w.back).Milliseconds(), w.at
}

// The index is the headers' due times, whatever happens and however the cells came.
func TestTheIndexFollowsTheHeaders(t *testing.T) {
	for seed := range histories(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		regions := three()
		for range 60 {
			r := regions[rng.IntN(3)]
			key := string(rune('j' + rng.IntN(2)))
			switch rng.IntN(14) {
			case 0, 1:
				r.do(t, setEx(key, "v", 1+rng.Int64N(3000)))
			case 2:
				r.do(t, set(key, "v"))
			case 3, 4:
				r.do(t, expire(key, rng.Int64N(3000)))
			case 5:
				r.do(t, persist(key))
			case 6:
				r.do(t, del(key))
			case 7, 8:
				r.Execute([]keyspace.Command{sadd(key, string(rune('a'+rng.IntN(2))))})
			case 9:
				r.Execute([]keyspace.Command{srem(key, string(rune('a'+rng.IntN(2))))})
			case 10:
				r.Execute([]keyspace.Command{incr(key)})
			case 11:
				d := time.Duration(rng.IntN(2000)) * time.Millisecond
				for _, x := range regions {
					x.pass(d)
				}
			case 12:
				r.reap(t)
			default:
				from := regions[rng.IntN(3)]
				if r.commit(); from != r {
					r.pull(t, from)
				}
			}
			if r.commit(); !slices.Equal(r.index(), r.wanted(t)) {
				t.Fatalf("seed %d: index %x, want %x", seed, r.index(), r.wanted(t))
			}
		}
	}
}

// wanted is the index as it follows from the headers.
func (r *region) wanted(t testing.TB) (list []string) {
	t.Helper()
	for k, v := range r.mem.cells {
		if k[0] != store.SpaceData {
			continue
		}
		if entry := r.IndexEntry([]byte(k), v); entry != nil {
			list = append(list, string(entry))
		}
	}
	slices.Sort(list)
	return list
}

// Who never sets a deadline pays nothing for them: the same cells are read and written as without.
func TestWithoutDeadlinesNothingMoreIsReadOrWritten(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, set("warm", "v"))
	r.commit()
	for _, c := range []struct {
		name string
		cmd  keyspace.Command
		gets int
	}{
		{"SET", set("k", "v"), 1}, {"SET again", set("k", "w"), 1}, {"INCR", incr("n"), 1}, {"SADD", sadd("s", "a"), 3},
		{"SADD again", sadd("s", "b"), 4}, {"HSET", hset("h", "f", "1"), 3}, {"GET", command.Get{Key: b("k")}, 1},
		{"HGET", command.HGet{Key: b("h"), Field: b("f")}, 3}, {"DEL", del("k"), 1},
	} {
		before := r.mem.gets
		r.do(t, c.cmd)
		if got := r.mem.gets - before; got > c.gets {
			t.Errorf("%s reads %d cells, at most %d are needed", c.name, got, c.gets)
		}
		r.commit()
	}
	for k, v := range r.mem.cells {
		if k[0] == store.SpaceExpiry {
			t.Errorf("index entry %x", k)
		}
		if strings.HasSuffix(k, "\x00\x01\x00") && v[0]>>4 == 3 {
			t.Errorf("header %x", v)
		}
	}
}

// A repair, and healed cells, bring the index along.
func TestRepairAndHealingEnterTheIndex(t *testing.T) {
	r, peer := newRegion(0x1000), newRegion(0x2000)
	peer.do(t, setEx("k", "v", 1000))
	peer.commit()
	r.pull(t, peer)
	entries := r.index()
	var at, good string
	for k, v := range r.mem.cells {
		if k[0] == store.SpaceData {
			at, good = k, string(v)
		}
	}
	plain := crdt.Header{}
	h, err := crdt.DecodeHeader([]byte(good))
	if err != nil || len(entries) != 1 {
		t.Fatal(err, entries)
	}
	plain.Register = h.Register
	fix := func(value []byte) {
		t.Helper()
		if errs := r.Repair(1<<40, []keyspace.Fix{{Key: []byte(at), Value: value}}); errs[0] != nil {
			t.Fatal(errs[0])
		}
		r.commit()
	}
	if fix(plain.Append(nil)); len(r.index()) != 0 {
		t.Errorf("left %x", r.index())
	}
	if fix([]byte(good)); !slices.Equal(r.index(), entries) {
		t.Errorf("%x, want %x", r.index(), entries)
	}
	for name, enter := range map[string]func(lo, hi []byte) ([]byte, error){"requeue": r.Requeue, "reindex": r.Reindex} {
		delete(r.mem.cells, entries[0])
		next, err := enter([]byte{store.SpaceData}, []byte{store.SpaceData + 1})
		if r.commit(); err != nil || next != nil || !slices.Equal(r.index(), entries) {
			t.Errorf("%s: %x %v, want %x", name, r.index(), err, entries)
		}
	}
}

// Entries that say nothing any more keep nobody else from being found.
func TestOneLookFindsWhatAnotherLeft(t *testing.T) {
	r := newRegion(0x1000)
	for i := range 25 {
		r.do(t, setEx(fmt.Sprintf("k%02d", i), "v", 100))
	}
	r.commit()
	for k := range r.mem.cells {
		if k[0] == store.SpaceExpiry && strings.HasSuffix(k, "k00") {
			r.mem.cells[strings.Replace(k, "k00", "none", 1)] = []byte{}
		}
	}
	r.pass(time.Second)
	q := &keyspace.ReadDue{Limit: 7}
	var found []keyspace.Due
	for range 10 {
		r.do(t, q)
		if found = append(found, q.Found...); len(q.Found) > 7 {
			t.Fatalf("%d at once", len(q.Found))
		}
		if q.After = q.Next; q.After == nil {
			break
		}
	}
	if n := len(slices.CompactFunc(found, func(a, b keyspace.Due) bool { return bytes.Equal(a.Key, b.Key) })); n != 25 {
		t.Errorf("found %d: %v", n, found)
	}
}

// Counting keys asks no clock.
func TestKeysThatEndAreCounted(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	do(t, n, sadd("s", "a"), expire("s", 3600e3), hset("h", "f", "1"), expire("h", 3600e3), setEx("k", "v", 3600e3))
	if r := read(t, n, command.DBSize{}); r.Int != 3 {
		t.Fatalf("%d keys", r.Int)
	}
}
