package keyspace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var errNoGroup = errors.New("no group")

func groupOf(name string) command.GroupOf {
	return command.GroupOf{Key: b("s"), Group: b(name), NoKey: errNoGroup, NoGroup: errNoGroup}
}

func xgroup(name string, start crdt.StreamID) command.XGroupCreate {
	return command.XGroupCreate{GroupOf: groupOf(name), At: command.GroupStart{ID: start, Read: crdt.UnknownRead}, Make: true}
}

func xack(name string, ids ...crdt.StreamID) command.XAck {
	return command.XAck{GroupOf: groupOf(name), IDs: ids}
}

func xnext(name string, limit int64) command.XReadGroup {
	return command.XReadGroup{Consumer: b("c"), Limit: limit, Streams: []command.ReadAs{{GroupOf: groupOf(name), New: true}}}
}

// given delivers to a group and returns the values.
func (r *region) given(t testing.TB, name string, limit int64) string {
	t.Helper()
	reply, _, err := r.Execute([]keyspace.Command{xnext(name, limit)})
	if err != nil {
		return err.Error()
	}
	r.commit()
	var values []string
	for _, s := range reply[0].Replies {
		for _, e := range s.Entries {
			values = append(values, string(e.Fields[1]))
		}
	}
	return strings.Join(values, " ")
}

// pending returns the ids that are pending in the region.
func (r *region) pending(t testing.TB, name string) string {
	t.Helper()
	reply, _, err := r.Execute([]keyspace.Command{command.XPending{GroupOf: groupOf(name), Last: crdt.MaxStreamID, Limit: 1000}})
	if err != nil {
		return err.Error()
	}
	var ids []string
	for _, p := range reply[0].Pending {
		ids = append(ids, p.ID.String())
	}
	return strings.Join(ids, " ")
}

func (r *region) add(t testing.TB, ms uint64, value string) {
	t.Helper()
	r.do(t, xadd(sid(ms, 0), value))
	r.commit()
}

func expectGiven(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("%s gives %q, want %q", what, got, want)
	}
}

// What arrives with an id below what was delivered already is delivered, once in the region, whatever the limit.
func TestLateEntriesAreDelivered(t *testing.T) {
	for _, way := range []string{"by updates", "by transfer"} {
		for _, noAck := range []bool{false, true} {
			x, y := newNode("x", 0x1000), newNode("y", 0x2000)
			x.do(t, xgroup("g", crdt.StreamID{}), xgroup("later", sid(6, 0)))
			x.commit()
			y.pull(t, x)
			for _, ms := range []uint64{3, 5, 7, 11} {
				y.add(t, ms, fmt.Sprintf("y%d", ms))
			}
			for _, ms := range []uint64{4, 8, 10} {
				x.add(t, ms, fmt.Sprintf("x%d", ms))
			}
			expectGiven(t, "x", x.given(t, "g", 0), "x4 x8 x10")
			expectGiven(t, "x to the later group", x.given(t, "later", 0), "x8 x10")
			if way == "by updates" {
				x.pull(t, y)
			} else {
				x.takeOver(t, y, 1, func() {})
			}
			x.commit()
			if got, want := lateIn(x), 4; got != want {
				t.Fatalf("%s: %d entries are noted, want %d", way, got, want)
			}
			next := xnext("g", 2)
			next.NoAck = noAck
			read := func() string {
				reply := x.do(t, next)
				x.commit()
				out := ""
				for _, s := range reply[0].Replies {
					for _, e := range s.Entries {
						out += string(e.Fields[1]) + " "
					}
				}
				return out
			}
			expectGiven(t, way, read(), "y3 y5 ")
			expectGiven(t, way, read(), "y7 y11 ")
			expectGiven(t, way, read(), "")
			expectGiven(t, "x to the later group", x.given(t, "later", 1), "y7")
			expectGiven(t, "x to the later group", x.given(t, "later", 1), "y11")
			expectGiven(t, "x to the later group", x.given(t, "later", 1), "")
			if got := lateIn(x); got != 0 {
				t.Errorf("%s: %d entries are noted still", way, got)
			}
		}
	}
}

// lateIn counts the noted entries in a region's store.
func lateIn(r *region) (n int) {
	for k := range r.mem.cells {
		if strings.Contains(k, "s\x00\x01\x59") {
			n++
		}
	}
	return n
}

// A node that takes a region's place goes on where the region was, and skips nothing that the region had not seen.
func TestANodeTakesOverForItsRegion(t *testing.T) {
	x, second, y := newNode("x", 0x1000), newNode("x", 0x3000), newNode("y", 0x2000)
	x.do(t, xgroup("g", crdt.StreamID{}))
	x.commit()
	for _, r := range []*region{second, y} {
		r.pull(t, x)
	}
	y.add(t, 3, "y3")
	second.pull(t, y) // x has not seen it
	for _, ms := range []uint64{2, 4, 6} {
		x.add(t, ms, fmt.Sprintf("x%d", ms))
	}
	expectGiven(t, "x", x.given(t, "g", 2), "x2 x4")
	second.pull(t, x)
	second.commit()
	expectGiven(t, "the second", second.given(t, "g", 0), "y3 x6")
	expectGiven(t, "the second, of what is pending", second.pending(t, "g"), "2-0 3-0 4-0 6-0")
	fresh := newNode("x", 0x4000)
	fresh.takeOver(t, second, 1, func() {})
	fresh.commit()
	expectGiven(t, "a new one", fresh.given(t, "g", 0), "")
	x.pull(t, y)
	x.pull(t, second)
	x.commit()
	expectGiven(t, "the first", x.given(t, "g", 0), "")
}

// A region passes what another one is done with, and gives what is pending there.
func TestARegionPassesWhatAnotherIsDoneWith(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	x.do(t, xgroup("g", crdt.StreamID{}))
	for ms := uint64(1); ms <= 5; ms++ {
		x.add(t, ms, fmt.Sprint(ms))
	}
	expectGiven(t, "x", x.given(t, "g", 4), "1 2 3 4")
	x.do(t, xack("g", sid(1, 0), sid(3, 0), sid(4, 0)))
	x.commit()
	y.pull(t, x)
	expectGiven(t, "y", y.given(t, "g", 0), "2 5")
	if n := y.do(t, xack("g", sid(2, 0)))[0].Int; n != 1 {
		t.Errorf("acknowledged %d in y", n)
	}
	y.commit()
	x.pull(t, y)
	expectGiven(t, "x, of what is pending", x.pending(t, "g"), "")
	expectGiven(t, "x", x.given(t, "g", 0), "5")
}

// The rows of the rule table about groups, in both orders of delivery, and by a transfer.
func TestConcurrentWritesOfAGroup(t *testing.T) {
	del := command.Delete{List: [][]byte{b("s")}}
	destroy := command.XGroupDestroy{GroupOf: groupOf("g")}
	setid := func(ms uint64) command.XGroupSetID {
		return command.XGroupSetID{GroupOf: groupOf("g"), At: command.GroupStart{ID: sid(ms, 0), Read: crdt.UnknownRead}}
	}
	for name, c := range map[string]struct {
		before, left, right []keyspace.Command
		want                string // what a third region gets then
	}{
		"CREATE and CREATE":      {nil, []keyspace.Command{xgroup("g", sid(2, 0))}, []keyspace.Command{xgroup("g", sid(1, 0))}, "b c"},
		"DESTROY and CREATE":     {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{destroy}, []keyspace.Command{destroy, xgroup("g", sid(2, 0))}, "c"},
		"DESTROY and XREADGROUP": {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{destroy}, []keyspace.Command{xnext("g", 1)}, "b c"},
		"DESTROY and DESTROY":    {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{destroy}, []keyspace.Command{destroy}, "no group"},
		"DEL and CREATE":         {nil, []keyspace.Command{del}, []keyspace.Command{xgroup("g", crdt.StreamID{})}, ""},
		"DEL and XREADGROUP":     {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{del}, []keyspace.Command{xnext("g", 1)}, ""},
		"DEL and XACK":           {[]keyspace.Command{xgroup("g", sid(1, 0)), xnext("g", 1)}, []keyspace.Command{del}, []keyspace.Command{xack("g", sid(2, 0))}, "no group"},
		"SETID and XREADGROUP":   {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{setid(0)}, []keyspace.Command{xnext("g", 1), xack("g", sid(2, 0))}, "a b c"},
		"SETID and SETID":        {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{setid(2)}, []keyspace.Command{setid(3)}, "c"},
		"SET and XREADGROUP":     {[]keyspace.Command{xgroup("g", sid(1, 0))}, []keyspace.Command{command.Set{Key: b("s"), Value: b("v")}}, []keyspace.Command{xnext("g", 1)}, ""},
	} {
		var regions []*region
		for i := range 4 {
			regions = append(regions, newNode(fmt.Sprint("r", i), clock.Origin(0x1000*(i+1))))
		}
		x, y := regions[0], regions[1]
		x.do(t, append([]keyspace.Command{xadd(sid(1, 0), "a"), xadd(sid(2, 0), "b"), xadd(sid(3, 0), "c")}, c.before...)...)
		x.commit()
		for _, r := range regions[1:] {
			r.pass(5 * time.Millisecond)
			r.pull(t, x)
		}
		x.do(t, c.left...)
		x.commit()
		y.pass(5 * time.Millisecond)
		y.do(t, c.right...)
		y.commit()
		for i, order := range [][2]*region{{y, y}, {x, x}, {x, y}, {y, x}} {
			regions[i].pull(t, order[0])
			regions[i].pending(t, "g")
			regions[i].pull(t, order[1])
		}
		taken := newNode("r9", 0x9000)
		taken.pass(time.Second)
		taken.takeOver(t, x, 1, func() {})
		for i, r := range append(regions, taken) {
			r.sweepAll(t)
			if r.digest(t).Sum != x.digest(t).Sum {
				t.Errorf("%s: region %d has other bytes", name, i)
			}
		}
		for _, r := range []*region{regions[2], regions[3], taken} {
			if got := r.given(t, "g", 0); got != c.want {
				t.Errorf("%s: a third region gets %q, want %q", name, got, c.want)
			}
		}
	}
}

// Who has delivered to a group begins anew where a concurrent definition begins that he had not seen.
func TestTheFirstDefinitionCounts(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	for ms := uint64(1); ms <= 4; ms++ {
		x.add(t, ms, fmt.Sprint(ms))
	}
	y.pull(t, x)
	y.do(t, xgroup("g", sid(1, 0)))
	y.commit()
	x.do(t, xgroup("g", sid(2, 0)))
	x.commit()
	expectGiven(t, "x", x.given(t, "g", 0), "3 4")
	x.do(t, xack("g", sid(3, 0)))
	x.commit()
	x.pull(t, y)
	expectGiven(t, "x", x.given(t, "g", 1), "2")
	expectGiven(t, "x", x.given(t, "g", 0), "3 4")
	expectGiven(t, "x", x.given(t, "g", 0), "")
	y.pull(t, x)
	expectGiven(t, "y", y.given(t, "g", 0), "2 3 4")
}

// A copy has the groups, and a region goes on in it before the first entry that it lacked.
func TestACopyHasTheGroups(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	x.do(t, xgroup("g", crdt.StreamID{}))
	x.commit()
	y.pull(t, x)
	y.add(t, 3, "y3")
	for _, ms := range []uint64{2, 4, 6} {
		x.add(t, ms, fmt.Sprintf("x%d", ms))
	}
	expectGiven(t, "x", x.given(t, "g", 2), "x2 x4")
	x.pull(t, y)
	x.do(t, command.Rename{From: b("s"), To: b("t")}, command.Rename{From: b("t"), To: b("s")})
	x.commit()
	expectGiven(t, "x, of what is pending", x.pending(t, "g"), "2-0 4-0")
	expectGiven(t, "x", x.given(t, "g", 0), "y3 x4 x6")
	y.pull(t, x)
	expectGiven(t, "y", y.given(t, "g", 0), "x2 y3 x4 x6")
	if got := y.digest(t).Sum; got == x.digest(t).Sum {
		t.Error("y has delivered nothing")
	}
}

// What is noted for a group goes with it.
func TestWhatIsNotedGoesWithItsGroup(t *testing.T) {
	for name, gone := range map[string]keyspace.Command{
		"DESTROY": command.XGroupDestroy{GroupOf: groupOf("g")}, "DEL": command.Delete{List: [][]byte{b("s")}},
	} {
		x, y := newNode("x", 0x1000), newNode("y", 0x2000)
		x.do(t, xgroup("g", crdt.StreamID{}))
		x.commit()
		y.pull(t, x)
		y.add(t, 3, "y3")
		x.add(t, 4, "x4")
		expectGiven(t, "x", x.given(t, "g", 0), "x4")
		x.pull(t, y)
		x.commit()
		if lateIn(x) != 1 {
			t.Fatal("nothing is noted")
		}
		x.do(t, gone)
		x.commit()
		x.sweepAll(t)
		if n := lateIn(x); n != 0 {
			t.Errorf("%s: %d are noted still", name, n)
		}
		x.do(t, xgroup("g", sid(3, 0)))
		x.commit()
		if got := x.given(t, "g", 0); strings.Contains(got, "y3") {
			t.Errorf("%s: what is before the start is given: %q", name, got)
		}
	}
}

// Random histories over two regions of two nodes each: in every region each entry is delivered, and every node that has seen all
// says so.
func TestNoEntryIsSkipped(t *testing.T) {
	for seed := range histories(60) {
		d := rand.New(rand.NewPCG(seed, 8))
		var nodes []*region
		for i := range 4 {
			nodes = append(nodes, newNode(fmt.Sprint("r", i%2), clock.Origin(0x1000*(i+1))))
		}
		nodes[0].do(t, xgroup("g", crdt.StreamID{}))
		nodes[0].commit()
		for _, r := range nodes[1:] {
			r.pull(t, nodes[0])
		}
		added, got := map[string]bool{}, [2]map[string]bool{{}, {}}
		give := func(i int, limit int64) string {
			values := nodes[i].given(t, "g", limit)
			for _, v := range strings.Fields(values) {
				got[i%2][v] = true
			}
			return values
		}
		for step := range 60 {
			i := int(d.IntN(4))
			switch d.IntN(6) {
			case 0, 1:
				value := fmt.Sprint("v", step)
				nodes[i].do(t, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b(value)}})
				nodes[i].commit()
				added[value] = true
			case 2, 3:
				give(i, int64(d.IntN(4)))
			case 4:
				nodes[i].pass(time.Duration(d.IntN(20)) * time.Millisecond)
			default:
				if from := d.IntN(4); int(from) != i {
					nodes[i].pull(t, nodes[from])
					nodes[i].commit()
				}
			}
		}
		level(t, nodes...)
		for range 2 {
			for i := range nodes {
				give(i, 3)
				for give(i, 3) != "" {
				}
			}
			level(t, nodes...)
		}
		for i := range nodes {
			for v := range added {
				if !got[i%2][v] {
					t.Fatalf("seed %d: region %d never got %s", seed, i%2, v)
				}
			}
			if x := nodes[i]; x.digest(t).Sum != nodes[0].digest(t).Sum {
				t.Fatalf("seed %d: node %d has other bytes", seed, i)
			}
			if again := give(i, 0); again != "" {
				t.Fatalf("seed %d: node %d gives again %q", seed, i, again)
			}
		}
	}
}

// An update that was kept aside makes a group again, and acknowledges; it delivers nothing.
func TestGroupsAreIssuedAgain(t *testing.T) {
	x := newNode("x", 0x1000)
	x.add(t, 1, "a")
	name := crdt.GroupName{Part: crdt.GroupCursor, Group: b("g")}
	pending := crdt.GroupName{Part: crdt.GroupPending, Region: "x", Group: b("g"), Of: crdt.EntryName(sid(1, 0), x.Origin())}
	again := func(name crdt.GroupName, edit crdt.Edit) int64 {
		u := crdt.Update{Changes: []crdt.Change{{Key: b("s"), Groups: []crdt.FieldChange{{Name: name.Append(nil), Edit: edit}}}}}
		reply := x.do(t, command.Reissue(&u)...)
		x.commit()
		return reply[0].Int
	}
	made := crdt.Edit{Assign: true, Value: crdt.Group{Read: crdt.UnknownRead}.Append(nil)}
	if n := again(name, made) + again(name, made); n != 1 {
		t.Errorf("made %d groups", n)
	}
	again(pending, crdt.Edit{Assign: true, Value: crdt.Pending{Consumer: b("c"), Times: 1}.Append(nil)})
	expectGiven(t, "x", x.given(t, "g", 0), "a")
	if n := again(pending, crdt.Edit{Clear: true}); n != 1 || x.pending(t, "g") != "" {
		t.Errorf("acknowledged %d, %q is pending", n, x.pending(t, "g"))
	}
	if n := again(name, crdt.Edit{Clear: true}); n != 1 || x.given(t, "g", 0) != "no group" {
		t.Errorf("destroyed %d", n)
	}
}

// So many entries that another region is done with that they are passed in several turns hold nothing back: each turn
// notes how far it came, and who waits is served. Other requests have their turn in between, also while one waits.
func TestWhatIsDoneIsPassedInTurns(t *testing.T) {
	x, y := newNode("x", 0x1000), newNode("y", 0x2000)
	x.do(t, xgroup("g", crdt.StreamID{}))
	const done = 25_000
	var adds []keyspace.Command
	for ms := uint64(1); ms <= done; ms++ {
		if adds = append(adds, xadd(sid(ms, 0), "d")); ms%500 == 0 {
			x.do(t, adds...)
			x.commit()
			adds = nil
		}
	}
	next := xnext("g", 0)
	next.NoAck = true
	for given := 0; given < done; x.commit() {
		list := x.do(t, next)[0].Replies
		if len(list) == 0 || len(list[0].Entries) > 10_000 {
			t.Fatalf("one command gives %d streams", len(list))
		}
		given += len(list[0].Entries)
	}
	x.add(t, done+1, "new")
	y.pull(t, x)
	n := start(t, vfs.NewMem(), "z")
	for _, f := range x.frames {
		if err := n.Merge(t.Context(), f, func(err error) {
			if err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	w := &keyspace.Wait{Keys: [][]byte{b("s")}, Type: crdt.TypeStream, Shared: true, Try: func(key []byte) keyspace.Command {
		return xnext("g", 1).From(key, errNoGroup)
	}}
	if err := n.Shard.Await(t.Context(), x.Vector()); err != nil {
		t.Fatal(err)
	}
	before := n.Stats().Commits
	if _, err := n.Execute(t.Context(), command.Await{Once: xnext("g", 1), Wait: w}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if r, ok, err := w.Await(ctx); err != nil || !ok || !r.Found {
		t.Errorf("who waits gets %v %v %v", r.Replies, ok, err)
	}
	if n.Stats().Commits == before+1 {
		t.Error("the loop passed everything in one turn")
	}
	turns := 0
	for {
		r := y.do(t, xnext("g", 1))[0]
		y.commit()
		if turns++; !r.Again {
			if !r.Found || string(r.Replies[0].Entries[0].Fields[1]) != "new" || turns != 3 {
				t.Errorf("found %v after %d turns", r.Found, turns)
			}
			break
		}
	}
}

// A group was defined in two regions, and one of them deletes the stream, which takes only its own definition. The cursor of the
// other had not seen that one and ended at its start meanwhile: what came then is given, and nothing twice.
func TestADeletionOfOneDefinitionSkipsNothing(t *testing.T) {
	for _, way := range []string{"by updates", "by transfer"} {
		for _, order := range [][]int{{0, 1, 2}, {1, 0, 2}, {0, 2, 1}} {
			x, y, z := newNode("x", 0x1000), newNode("y", 0x2000), newNode("z", 0x3000)
			z.do(t, xadd(sid(1, 0), "early"))
			z.commit()
			x.do(t, xadd(sid(5, 0), "mine"), xgroup("g", crdt.StreamID{}))
			x.commit()
			expectGiven(t, "x", x.given(t, "g", 0), "mine")
			y.do(t, xgroup("g", crdt.StreamID{}))
			y.commit()
			defined := y.frames[0]
			y.do(t, command.Delete{List: [][]byte{b("s")}})
			y.commit()
			if way == "by updates" {
				frames := []*oplog.Frame{defined, z.frames[0], y.frames[1]}
				for _, i := range order {
					x.offer(t, frames[i])
				}
			} else {
				x.offer(t, defined)
				x.offer(t, z.frames[0])
				x.takeOver(t, y, 50, func() {})
			}
			expectGiven(t, fmt.Sprint(way, " ", order), x.given(t, "g", 0), "early")
			expectGiven(t, fmt.Sprint(way, " ", order, ", again"), x.given(t, "g", 0), "")
		}
	}
}
