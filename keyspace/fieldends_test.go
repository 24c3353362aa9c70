package keyspace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

func names(list ...string) (out [][]byte) {
	for _, x := range list {
		out = append(out, b(x))
	}
	return out
}

func hexpire(field string, ms int64) keyspace.Command {
	return command.HExpire{Key: b("k"), Fields: names(field), Life: endsIn(ms)}
}

func hpersist(field string) keyspace.Command {
	return command.HPersist{Key: b("k"), Fields: names(field)}
}

func hsetEx(field, value string, ms int64) keyspace.Command {
	return command.HSetEx{Key: b("k"), Fields: []command.FieldValue{{Field: b(field), Value: b(value)}}, Life: endsIn(ms)}
}

// fieldsOf is what a region shows of the hash at k, each field with the seconds that it has left.
func (r *region) fieldsOf(t testing.TB) string {
	t.Helper()
	list := r.do(t, command.HGetAll{Key: b("k")})[0].List
	var out []string
	for i := 0; i < len(list); i += 2 {
		left := r.do(t, command.HTTL{Key: b("k"), Fields: list[i : i+1]})[0].Ints[0]
		if left > 0 {
			left = (left + 500) / 1000
		}
		out = append(out, fmt.Sprintf("%s=%s %d", list[i], list[i+1], left))
	}
	if n := r.do(t, command.HLen{Key: b("k")})[0].Int; n != int64(len(out)) {
		t.Errorf("HLEN %d, there are %v", n, out)
	}
	if there := r.do(t, command.Exists{List: names("k")})[0].Int == 1; there != (len(out) > 0) {
		t.Errorf("EXISTS %v, there are %v", there, out)
	}
	return strings.Join(out, ", ")
}

// entries are the cells of a hash's own index of what ends.
func (r *region) entries() (n int) {
	for k := range r.mem.cells {
		if i := strings.Index(k, "k\x00\x01\x21"); k[0] == store.SpaceData && i > 0 {
			n++
		}
	}
	return n
}

// The rows of the rule table for fields, in both orders.
func TestConcurrentDeadlinesOfAField(t *testing.T) {
	set, timed, count := hset("k", "f", "1"), hsetEx("f", "1", 1e6), hincr("k", "f", 1)
	for name, c := range map[string]struct {
		before      []keyspace.Command
		left, right keyspace.Command
		want        string
	}{
		"HEXPIRE 10 and 100":                  {[]keyspace.Command{set}, hexpire("f", 10e3), hexpire("f", 100e3), "f=1 100"},
		"HEXPIRE 100 and 10":                  {[]keyspace.Command{set}, hexpire("f", 100e3), hexpire("f", 10e3), "f=1 100"},
		"shorter ones":                        {[]keyspace.Command{timed}, hexpire("f", 10e3), hexpire("f", 20e3), "f=1 20"},
		"HEXPIRE and HPERSIST":                {[]keyspace.Command{timed}, hexpire("f", 5e3), hpersist("f"), "f=1 -1"},
		"HPERSIST and HEXPIRE":                {[]keyspace.Command{timed}, hpersist("f"), hexpire("f", 5e3), "f=1 -1"},
		"HEXPIRE and HSET":                    {[]keyspace.Command{set}, hexpire("f", 5e3), hset("k", "f", "2"), "f=2 -1"},
		"HSET and HEXPIRE":                    {[]keyspace.Command{set}, hset("k", "f", "2"), hexpire("f", 5e3), "f=2 -1"},
		"HEXPIRE and HSETEX":                  {[]keyspace.Command{set}, hexpire("f", 5e3), hsetEx("f", "2", 9e3), "f=2 9"},
		"HSETEX and HSET: the later is shown": {nil, hsetEx("f", "1", 5e3), hset("k", "f", "2"), "f=2 -1"},
		"HSET and HSETEX: the later is shown": {nil, hset("k", "f", "1"), hsetEx("f", "2", 5e3), "f=2 5"},
		"HEXPIRE and HINCRBY":                 {[]keyspace.Command{set}, hexpire("f", 5e3), count, "f=2 5"},
		"HEXPIRE and HINCRBY of a counter":    {[]keyspace.Command{count}, hexpire("f", 5e3), count, "f=2 5"},
		"HEXPIRE and HDEL":                    {[]keyspace.Command{set}, hexpire("f", 5e3), hdel("k", "f"), ""},
		"HEXPIRE and HDEL of a counter":       {[]keyspace.Command{count}, hexpire("f", 5e3), hdel("k", "f"), ""},
		"HEXPIRE and DEL":                     {[]keyspace.Command{set, count}, hexpire("f", 5e3), del("k"), ""},
		"HEXPIRE and HSET of another":         {[]keyspace.Command{set}, hexpire("f", 5e3), hset("k", "g", "2"), "f=1 5, g=2 -1"},
		"HEXPIRE of two":                      {[]keyspace.Command{set, hset("k", "g", "2")}, hexpire("f", 5e3), hexpire("g", 7e3), "f=1 5, g=2 7"},
		"HEXPIRE of a time that has come":     {[]keyspace.Command{count}, hexpire("f", 0), count, "f=1 -1"},
		"HEXPIRE and EXPIRE":                  {[]keyspace.Command{set}, hexpire("f", 5e3), expire("k", 100e3), "f=1 5"},
		"HGETDEL and HEXPIRE":                 {[]keyspace.Command{set}, command.HGetDel{Key: b("k"), Fields: names("f")}, hexpire("f", 5e3), ""},
		"HGETDEL and HINCRBY":                 {[]keyspace.Command{set}, command.HGetDel{Key: b("k"), Fields: names("f")}, count, "f=1 -1"},
	} {
		for _, order := range permutations(3) {
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
			for _, i := range order {
				regions[2].pull(t, regions[i])
			}
			level(t, regions...)
			for i, r := range regions {
				if got := r.fieldsOf(t); got != c.want {
					t.Errorf("%s, %v: region %d shows %s, want %s", name, order, i, got, c.want)
				}
				r.pass(time.Hour)
				r.pass(time.Hour)
			}
			for range 3 { // what is left over, and what has ended, goes
				for _, r := range regions {
					r.reap(t)
				}
				level(t, regions...)
			}
			for i, r := range regions {
				for range 3 {
					r.Core.Tick()
					r.commit()
				}
				if n := r.entries(); n != 0 || len(r.index()) != 0 {
					t.Errorf("%s, %v: region %d keeps %d entries and %q", name, order, i, n, r.index())
				}
			}
		}
	}
}

// A field ends everywhere at once, and who writes just before the deletion arrives is not deleted, in every order.
func TestAFieldWrittenJustBeforeItsDeletionArrives(t *testing.T) {
	for _, order := range permutations(3) {
		for _, w := range []struct {
			cmd  keyspace.Command
			want string
		}{{hset("k", "f", "w"), "f=w -1"}, {hincr("k", "f", 3), "f=3 -1"}, {hsetEx("f", "w", 60e3), "f=w 59"}, {hset("k", "g", "1"), "g=1 -1"}} {
			regions := three()
			x, y := regions[0], regions[1]
			x.do(t, hset("k", "f", "5"), hexpire("f", 500))
			x.commit()
			level(t, regions...)
			for _, r := range regions {
				r.pass(600 * time.Millisecond)
				if got := r.fieldsOf(t); got != "" {
					t.Fatalf("shows %s after its end", got)
				}
			}
			y.do(t, w.cmd)
			y.commit()
			x.pass(600 * time.Millisecond)
			if due := x.reap(t); len(due) != 1 || !strings.HasSuffix(due[0], "f") {
				t.Fatalf("the writer of the deadline finds %q due", due)
			}
			y.pass(1200 * time.Millisecond)
			regions[2].pass(1200 * time.Millisecond)
			x.pass(600 * time.Millisecond)
			for _, i := range order {
				regions[2].pull(t, regions[i])
				for _, j := range order {
					regions[i].pull(t, regions[j])
				}
			}
			level(t, regions...)
			for i, r := range regions {
				if got := r.fieldsOf(t); got != w.want {
					t.Errorf("order %v: region %d shows %s, want %s", order, i, got, w.want)
				}
			}
		}
	}
}

// Whatever a command asks, a field that has ended is not there; and a write finds nothing.
func TestAFieldThatHasEndedIsAbsentForEveryCommand(t *testing.T) {
	key, f := b("k"), names("f")
	ended := func(also ...keyspace.Command) *region {
		r := newRegion(0x1000)
		r.do(t, hset("k", "f", "5"), hincr("k", "f", 2), hexpire("f", 1000))
		r.do(t, also...)
		r.commit()
		r.pass(1100 * time.Millisecond)
		return r
	}
	for name, cmd := range map[string]keyspace.Command{
		"HGET": command.HGet{Key: key, Field: f[0]}, "HEXISTS": command.HExists{Key: key, Field: f[0]}, "HSTRLEN": command.HStrLen{Key: key, Field: f[0]},
		"HGETALL": command.HGetAll{Key: key}, "HKEYS": command.HKeys{Key: key}, "HVALS": command.HVals{Key: key}, "HLEN": command.HLen{Key: key},
		"HRANDFIELD": command.HRandField{Key: key, Count: 5}, "HDEL": hdel("k", "f"), "DEL": del("k"), "EXISTS": command.Exists{List: names("k")},
		"EXPIRE": expire("k", 5e3), "HSETEX FXX": command.HSetEx{Key: key, Fields: []command.FieldValue{{Field: f[0]}}, Present: true},
		"COPY": command.Copy{From: key, To: b("j")}, "SIBLINGS": command.Siblings{Key: key}, "HMGET": command.HMGet{Key: key, Fields: f},
		"HGETEX": command.HGetEx{Key: key, Fields: f, Life: endsIn(9e3)}, "HGETDEL": command.HGetDel{Key: key, Fields: f},
	} {
		r := ended()
		reply := r.do(t, cmd)[0]
		if reply.Found || reply.Int != 0 || len(reply.Siblings)+len(reply.Value) > 0 || slices.ContainsFunc(reply.List, func(x []byte) bool { return x != nil }) {
			t.Errorf("%s finds %+v", name, reply)
		}
	}
	for name, c := range map[string]struct {
		cmd   keyspace.Command
		reply int64
		shows string
	}{
		"HSET": {hset("k", "f", "9"), 1, "f=9 -1"}, "HSETNX": {command.HSetNX{Key: key, Field: f[0], Value: b("9")}, 0, "f=9 -1"},
		"HINCRBY": {hincr("k", "f", 4), 4, "f=4 -1"}, "HSETEX FNX": {command.HSetEx{Key: key, Fields: []command.FieldValue{{Field: f[0], Value: b("9")}}, Absent: true, Life: endsIn(7e3)}, 1, "f=9 7"},
		"HSETEX KEEPTTL": {command.HSetEx{Key: key, Fields: []command.FieldValue{{Field: f[0], Value: b("9")}}, Life: command.Lifetime{As: command.EndsAsBefore}}, 1, "f=9 -1"},
		"another":        {hset("k", "g", "1"), 1, "g=1 -1"},
	} {
		r := ended()
		if got := r.do(t, c.cmd)[0].Int; got != c.reply {
			t.Errorf("%s replies %d", name, got)
		}
		if got := r.fieldsOf(t); got != c.shows {
			t.Errorf("%s: %s, want %s", name, got, c.shows)
		}
	}
	r := ended(hset("k", "g", "1"), hset("k", "h", "2"), hexpire("h", 100e3))
	if got := r.fieldsOf(t); got != "g=1 -1, h=2 99" {
		t.Errorf("beside others: %s", got)
	}
	if got := r.do(t, hexpire("f", 5e3), hpersist("f"), command.HTTL{Key: key, Fields: f}); got[0].Ints[0] != command.NoField || got[1].Ints[0] != command.NoField || got[2].Ints[0] != command.NoField {
		t.Errorf("%+v", got)
	}
}

// What one transaction does to a field is one update, as if each command came by itself.
func TestDeadlinesOfFieldsWithinATransaction(t *testing.T) {
	for name, c := range map[string]struct {
		cmds []keyspace.Command
		want string
	}{
		"HSET, HEXPIRE":                  {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3)}, "f=1 5"},
		"HEXPIRE, HSET":                  {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3), hset("k", "f", "2")}, "f=2 -1"},
		"HINCRBY keeps it":               {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3), hincr("k", "f", 1)}, "f=2 5"},
		"of a counter":                   {[]keyspace.Command{hincr("k", "f", 1), hexpire("f", 5e3), hincr("k", "f", 1)}, "f=2 5"},
		"HPERSIST":                       {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3), hpersist("f")}, "f=1 -1"},
		"HDEL, HSET":                     {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3), hdel("k", "f"), hset("k", "f", "2")}, "f=2 -1"},
		"DEL, HSET":                      {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 5e3), del("k"), hset("k", "f", "2")}, "f=2 -1"},
		"an end that has come":           {[]keyspace.Command{hset("k", "f", "1"), hset("k", "g", "1"), hexpire("f", 0)}, "g=1 -1"},
		"KEEPTTL":                        {[]keyspace.Command{hsetEx("f", "1", 5e3), command.HSetEx{Key: b("k"), Fields: []command.FieldValue{{Field: b("f"), Value: b("2")}}, Life: command.Lifetime{As: command.EndsAsBefore}}}, "f=2 5"},
		"HGETEX":                         {[]keyspace.Command{hset("k", "f", "1"), command.HGetEx{Key: b("k"), Fields: names("f", "none"), Life: endsIn(5e3)}}, "f=1 5"},
		"HGETEX PERSIST":                 {[]keyspace.Command{hsetEx("f", "1", 5e3), command.HGetEx{Key: b("k"), Fields: names("f"), Persist: true}}, "f=1 -1"},
		"COPY takes deadlines along":     {[]keyspace.Command{command.HSet{Key: b("j"), Fields: []command.FieldValue{{Field: b("f"), Value: b("1")}, {Field: b("g"), Value: b("2")}}}, command.HExpire{Key: b("j"), Fields: names("f"), Life: endsIn(5e3)}, command.Copy{From: b("j"), To: b("k")}}, "f=1 5, g=2 -1"},
		"RENAME takes deadlines along":   {[]keyspace.Command{command.HSet{Key: b("j"), Fields: []command.FieldValue{{Field: b("f"), Value: b("1")}}}, command.HExpire{Key: b("j"), Fields: names("f"), Life: endsIn(5e3)}, command.Rename{From: b("j"), To: b("k")}}, "f=1 5"},
		"a field named twice is one":     {[]keyspace.Command{hset("k", "f", "1"), command.HExpire{Key: b("k"), Fields: names("f", "f"), Life: endsIn(5e3)}}, "f=1 5"},
		"the key's own deadline is less": {[]keyspace.Command{hset("k", "f", "1"), hexpire("f", 50e3), expire("k", 5e3)}, "f=1 50"},
	} {
		for _, apart := range []bool{false, true} {
			regions := three()
			if r := regions[0]; apart {
				for _, cmd := range c.cmds {
					r.do(t, cmd)
					r.commit()
				}
			} else {
				r.do(t, c.cmds...)
				r.commit()
			}
			level(t, regions...)
			for i, r := range regions {
				if got := r.fieldsOf(t); got != c.want {
					t.Errorf("%s: region %d shows %s, want %s", name, i, got, c.want)
				}
			}
		}
	}
}

// A deletion of a hash with thousands of fields that end costs one update that names none, and nothing of them comes back or is left
// in an index.
func TestAHashOfFieldsThatEndIsDeletedAtOnce(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	const n = 2000
	for i := range n {
		x.do(t, hsetEx(fmt.Sprintf("f%04d", i), "v", 60e3))
	}
	x.commit()
	level(t, regions...)
	if got := x.entries(); got != n {
		t.Fatalf("%d entries", got)
	}
	y.do(t, hset("k", "f0007", "w"), hsetEx("f0008", "w", 100e3))
	y.commit()
	x.do(t, del("k"))
	if size := x.Core.Size(); size > 1000 {
		t.Errorf("the deletion takes %d bytes", size)
	}
	x.commit()
	level(t, regions...)
	for _, r := range regions {
		if got := r.fieldsOf(t); got != "f0007=w -1, f0008=w 100" {
			t.Errorf("left: %s", got)
		}
		for range 50 {
			r.Core.Tick()
			r.commit()
		}
		if got := r.entries(); got != 1 || len(r.index()) != 1 {
			t.Errorf("%d entries, %d of all", got, len(r.index()))
		}
		if got := r.fieldsOf(t); got != "f0007=w -1, f0008=w 100" {
			t.Errorf("left after the sweep: %s", got)
		}
	}
	level(t, regions...)
}

// The node whose deadline was decisive deletes; others wait ten minutes.
func TestWhoDeletesAFieldThatHasEnded(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	x.do(t, hset("k", "f", "1"), hexpire("f", 10e3))
	x.commit()
	level(t, regions...)
	y.do(t, hexpire("f", 60e3))
	y.commit()
	level(t, regions...)
	for _, r := range regions {
		r.pass(61 * time.Second)
	}
	if due := x.reap(t); len(due) > 0 {
		t.Errorf("another node finds %q due", due)
	}
	for _, r := range regions {
		r.pass(12 * time.Minute)
	}
	if due := x.reap(t); len(due) != 1 {
		t.Errorf("another node finds %q due after twelve minutes", due)
	}
	x2 := regions[2]
	x2.pull(t, x)
	if got := x2.fieldsOf(t); got != "" || len(x2.index()) != 0 {
		t.Errorf("left: %s, %q", got, x2.index())
	}
}

// A lost entry of an index comes back with the cells, as after healing.
func TestIndexesOfFieldsAreMadeAnew(t *testing.T) {
	r := newRegion(clock.Origin(0x1000))
	r.do(t, hsetEx("f", "v", 1000), hsetEx("g", "v", 60e3), hset("k", "h", "v"))
	r.commit()
	want := r.index()
	for k := range r.mem.cells {
		if k[0] == store.SpaceExpiry || strings.Contains(k, "k\x00\x01\x21") {
			delete(r.mem.cells, k)
		}
	}
	if next, err := r.Core.Reindex([]byte{store.SpaceData}, []byte{store.SpaceData + 1}); next != nil || err != nil {
		t.Fatal(next, err)
	}
	r.commit()
	if got := r.index(); !slices.Equal(got, want) || r.entries() != 2 {
		t.Errorf("%q, want %q; %d entries", got, want, r.entries())
	}
	r.pass(2 * time.Second)
	if got := r.fieldsOf(t); got != "g=v 58, h=v -1" {
		t.Errorf("shows %s", got)
	}
}

// A deadline that nothing is left of goes with a deletion of the hash: also when the sweep has forgotten what that had hidden.
func TestWhatIsLeftOverOfDeadlinesIsSwept(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	x.do(t, hincr("k", "f", 1), hset("k", "g", "1"))
	x.commit()
	level(t, regions...)
	x.do(t, hexpire("f", 60e3))
	x.commit()
	y.do(t, hdel("k", "f"))
	y.commit()
	level(t, regions...)
	if got := x.fieldsOf(t); got != "g=1 -1" || x.entries() != 1 {
		t.Fatalf("shows %s, %d entries", got, x.entries())
	}
	y.do(t, del("k"))
	y.commit()
	level(t, regions...)
	for _, r := range regions {
		for range 5 {
			r.Core.Tick()
			r.commit()
		}
		if r.entries() != 0 || len(r.index()) != 0 {
			t.Errorf("%d entries, %q", r.entries(), r.index())
		}
	}
	x.do(t, hincr("k", "f", 3))
	x.commit()
	level(t, regions...)
	for _, r := range regions {
		r.pass(time.Hour)
		if got := r.fieldsOf(t); got != "f=3 -1" {
			t.Errorf("shows %s", got)
		}
	}
}

// With the last field of a hash goes what is left over of deadlines of others, and nothing is left in the store.
func TestTheLastFieldTakesWhatIsLeftOver(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	x.do(t, hincr("k", "f", 1), hset("k", "g", "1"))
	x.commit()
	level(t, regions...)
	x.do(t, hexpire("f", 60e3))
	x.commit()
	y.do(t, hdel("k", "f"))
	y.commit()
	level(t, regions...)
	y.do(t, hdel("k", "g"))
	y.commit()
	level(t, regions...)
	x.do(t, set("other", "v")) // tells that it has seen the deletion of what it had counted
	x.commit()
	level(t, regions...)
	for i, r := range regions {
		for range 5 {
			r.Core.Tick()
			r.commit()
		}
		if d := r.digest(t); d.Cells != 1 || r.entries() != 0 || len(r.index()) != 0 {
			t.Errorf("region %d keeps %d cells, %d entries, %q", i, d.Cells, r.entries(), r.index())
		}
	}
}

// State takes deadlines of fields along, and the indexes are made of it.
func TestATransferOfFieldsThatEnd(t *testing.T) {
	us, eu := newRegion(0x1000), newRegion(0x2000)
	us.do(t, hsetEx("f", "v", 10e3), hsetEx("g", "v", 1000), hset("k", "h", "v"), hincr("k", "n", 1), hexpire("n", 20e3))
	us.commit()
	eu.pass(time.Millisecond)
	eu.do(t, hsetEx("f", "w", 30e3), hsetEx("x", "w", 1000))
	eu.commit()
	eu.takeOver(t, us, 1<<20, func() {})
	us.takeOver(t, eu, 1<<20, func() {})
	for _, r := range []*region{us, eu} {
		if got := r.fieldsOf(t); got != "f=w 30, g=v 1, h=v -1, n=1 20, x=w 1" {
			t.Errorf("shows %s", got)
		}
		if r.entries() != 4 || len(r.index()) != 4 {
			t.Errorf("%d entries, %d of all", r.entries(), len(r.index()))
		}
		r.pass(2 * time.Second)
		if got := r.fieldsOf(t); got != "f=w 28, h=v -1, n=1 18" {
			t.Errorf("later shows %s", got)
		}
	}
	if us.digest(t).Sum != eu.digest(t).Sum {
		t.Error("the same updates, other bytes")
	}
}
