package keyspace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

func sid(ms, seq uint64) crdt.StreamID { return crdt.StreamID{Ms: ms, Seq: seq} }

// xadd adds an entry with an id and one field.
func xadd(id crdt.StreamID, value string) command.XAdd {
	return command.XAdd{Key: b("s"), ID: id, Has: command.WholeID, Fields: [][]byte{b("f"), b(value)}}
}

// stream prints what a region shows: length, last id, and the values in order.
func (r *region) stream(t testing.TB) string {
	t.Helper()
	got, _, err := r.Execute([]keyspace.Command{
		command.XLen{Key: b("s")}, command.XRange{Key: b("s"), Last: crdt.MaxStreamID}, command.Types{List: [][]byte{b("s")}},
	})
	if err != nil {
		return err.Error()
	}
	out := fmt.Sprintf("%s %d:", got[2].List[0], got[0].Int)
	for _, e := range got[1].Entries {
		out += fmt.Sprintf(" %v=%s", e.ID, e.Fields[1])
	}
	if info, _, err := r.Execute([]keyspace.Command{command.XInfoStream{Key: b("s")}}); err == nil {
		out += fmt.Sprintf(" last %v", info[0].Stream.Last)
	}
	return out
}

// The rows of the rule table, in both orders of delivery, and by a transfer.
func TestConcurrentWritesOfAStream(t *testing.T) {
	del := command.Delete{List: [][]byte{b("s")}}
	xdel := func(id crdt.StreamID) command.XDel { return command.XDel{Key: b("s"), IDs: []crdt.StreamID{id}} }
	trim := command.XTrim{Key: b("s"), Trim: command.Trim{By: command.ByLength}}
	minid := command.XTrim{Key: b("s"), Trim: command.Trim{By: command.ByID, MinID: sid(2, 0)}}
	for name, c := range map[string]struct {
		left, right keyspace.Command
		want        string
	}{
		"XADD and XADD":             {xadd(sid(3, 0), "x"), xadd(sid(4, 0), "y"), "stream 4: 1-0=a 2-0=b 3-0=x 4-0=y last 4-0"},
		"XADD and XADD of one id":   {xadd(sid(3, 0), "x"), xadd(sid(3, 0), "y"), "stream 4: 1-0=a 2-0=b 3-0=x 3-0=y last 3-0"},
		"XADD and XDEL":             {xadd(sid(3, 0), "x"), xdel(sid(2, 0)), "stream 2: 1-0=a 3-0=x last 3-0"},
		"XADD and XTRIM":            {xadd(sid(3, 0), "x"), trim, "stream 1: 3-0=x last 3-0"},
		"XADD and XTRIM by id":      {xadd(sid(3, 0), "x"), minid, "stream 2: 2-0=b 3-0=x last 3-0"},
		"XADD and DEL":              {xadd(sid(3, 0), "x"), del, "stream 1: 3-0=x last 3-0"},
		"XDEL and XDEL":             {xdel(sid(2, 0)), xdel(sid(2, 0)), "stream 1: 1-0=a last 2-0"},
		"XDEL and XTRIM":            {xdel(sid(2, 0)), trim, "stream 0: last 2-0"},
		"XDEL and DEL":              {xdel(sid(2, 0)), del, "stream 0: last 2-0"},
		"DEL and DEL":               {del, del, "none 0:"},
		"XSETID and XADD":           {command.XSetID{Key: b("s"), Last: sid(9, 0), Added: -1}, xadd(sid(3, 0), "x"), "stream 3: 1-0=a 2-0=b 3-0=x last 9-0"},
		"XADD and SET":              {xadd(sid(3, 0), "x"), command.Set{Key: b("s"), Value: b("v")}, keyspace.ErrWrongType.Error()},
		"SET and XADD":              {command.Set{Key: b("s"), Value: b("v")}, xadd(sid(3, 0), "x"), "stream 1: 3-0=x last 3-0"},
		"XADD and RENAME of it":     {xadd(sid(3, 0), "x"), command.Rename{From: b("s"), To: b("t")}, "stream 1: 3-0=x last 3-0"},
		"COPY to it and COPY to it": {command.Copy{From: b("other"), To: b("s"), Replace: true}, command.Copy{From: b("other"), To: b("s"), Replace: true}, "stream 1: 7-0=o last 8-0"},
	} {
		regions := append(three(), newRegion(0x4000))
		x, y := regions[0], regions[1]
		x.do(t, xadd(sid(1, 0), "a"), xadd(sid(2, 0), "b"))
		other := xadd(sid(7, 0), "o")
		other.Key = b("other")
		x.do(t, other, command.XSetID{Key: b("other"), Last: sid(8, 0), Added: 5})
		x.commit()
		for _, r := range regions[1:] {
			r.pass(5 * time.Millisecond)
			r.pull(t, x)
		}
		x.do(t, c.left)
		x.commit()
		y.pass(5 * time.Millisecond)
		y.do(t, c.right)
		y.commit()
		for i, order := range [][2]*region{{y, y}, {x, x}, {x, y}, {y, x}} {
			regions[i].pull(t, order[0])
			regions[i].stream(t)
			regions[i].pull(t, order[1])
		}
		taken := newRegion(0x5000)
		taken.pass(time.Second)
		taken.takeOver(t, x, 1, func() {})
		for i, r := range append(regions, taken) {
			for _, when := range []string{"", ", swept,"} {
				if got := r.stream(t); got != c.want {
					t.Errorf("%s: region %d%s has %q, want %q", name, i, when, got, c.want)
				}
				r.sweepAll(t)
			}
			if r.digest(t).Sum != x.digest(t).Sum {
				t.Errorf("%s: region %d has other bytes", name, i)
			}
		}
	}
}

// TestIDsFollowAllThatWasSeen lets regions with clocks apart add in turn, and at once.
func TestIDsFollowAllThatWasSeen(t *testing.T) {
	regions := three()
	regions[1].pass(300 * time.Millisecond)
	var last crdt.StreamID
	ids := map[string]bool{}
	for i := range 30 {
		r := regions[i%3]
		for _, other := range regions {
			if other != r {
				r.pull(t, other)
			}
		}
		got := r.do(t, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b("v")}}, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b("v")}})
		r.commit()
		for _, reply := range got {
			if ids[string(reply.Value)] {
				t.Errorf("%s is given twice", reply.Value)
			}
			ids[string(reply.Value)] = true
		}
		info := r.do(t, command.XInfoStream{Key: b("s")})[0].Stream
		if info.Last.Compare(last) <= 0 || string(got[1].Value) != info.Last.String() {
			t.Errorf("%v follows %v, given is %s", info.Last, last, got[1].Value)
		}
		last = info.Last
	}
	for _, r := range regions { // none has seen what the others add now
		id := string(r.do(t, command.XAdd{Key: b("s"), Fields: [][]byte{b("f"), b("v")}})[0].Value)
		r.commit()
		if ids[id] {
			t.Errorf("%s is given twice", id)
		}
		ids[id] = true
	}
}

// TestAStreamDeletedIsNewAtOnce deletes a stream that the sweep has not taken yet: what lies there still counts for
// nothing.
func TestAStreamDeletedIsNewAtOnce(t *testing.T) {
	r := newRegion(0x1000)
	for i := range 700 {
		r.do(t, xadd(sid(uint64(i+1), 0), "v"))
	}
	r.commit()
	r.do(t, command.Delete{List: [][]byte{b("s")}}, xadd(sid(1, 0), "n"))
	r.commit()
	for range 2 {
		if got := r.stream(t); got != "stream 1: 1-0=n last 1-0" {
			t.Errorf("%s", got)
		}
		r.sweepAll(t)
	}
	// Whatever one transaction adds and deletes, others see what is left.
	r.do(t, xadd(sid(2, 0), "x"), command.XDel{Key: b("s"), IDs: []crdt.StreamID{sid(1, 0), sid(2, 0)}}, xadd(sid(3, 0), "y"), command.Delete{List: [][]byte{b("s")}}, xadd(sid(2, 0), "z"))
	r.commit()
	if got := r.stream(t); got != "stream 1: 2-0=z last 2-0" {
		t.Errorf("%s", got)
	}
}

// TestWhereAStreamBegins trims a stream from its begin, over and over, in one batch and over several, and lets entries
// come before those that were the first.
func TestWhereAStreamBegins(t *testing.T) {
	r, other := newRegion(0x1000), newRegion(0x2000)
	trim := func(n int64) command.XTrim {
		return command.XTrim{Key: b("s"), Trim: command.Trim{By: command.ByLength, MaxLen: n}}
	}
	other.do(t, xadd(sid(1, 0), "early"))
	other.commit()
	for i := range 20 {
		r.do(t, xadd(sid(uint64(10+i), 0), "v"))
		r.do(t, trim(3))
		if got := r.do(t, command.XLen{Key: b("s")})[0].Int; got != min(3, int64(i+1)) {
			t.Fatalf("%d entries after %d", got, i+1)
		}
		if i%3 == 0 {
			r.commit()
		}
	}
	if got := r.stream(t); got != "stream 3: 27-0=v 28-0=v 29-0=v last 29-0" {
		t.Errorf("%s", got)
	}
	r.commit()
	r.pull(t, other)
	if got := r.do(t, trim(3))[0].Int; got != 1 {
		t.Errorf("%d entries trimmed", got)
	}
	if got := r.stream(t); got != "stream 3: 27-0=v 28-0=v 29-0=v last 29-0" {
		t.Errorf("with an early entry: %s", got)
	}
	r.do(t, command.Delete{List: [][]byte{b("s")}})
	r.do(t, xadd(sid(2, 0), "n"), xadd(sid(3, 0), "m"))
	r.commit()
	r.do(t, trim(1))
	for range 2 {
		if got := r.stream(t); got != "stream 1: 3-0=m last 3-0" {
			t.Errorf("after a deletion: %s", got)
		}
		r.sweepAll(t)
	}
}

// TestWhatIsIssuedAgainKeepsItsIDs does again what an update did, where it is known and where it is not.
func TestWhatIsIssuedAgainKeepsItsIDs(t *testing.T) {
	name := crdt.EntryName(sid(5, 1), 0x77)
	add := []crdt.FieldChange{
		{Name: crdt.StreamMark(), Edit: crdt.Edit{Assign: true, Value: crdt.StreamState{Last: sid(5, 1)}.Append(nil)}},
		{Name: name, Edit: crdt.Edit{Assign: true, Value: crdt.AppendEntry(nil, [][]byte{b("f"), b("v")})}},
	}
	remove := []crdt.FieldChange{
		{Name: crdt.StreamMark(), Edit: crdt.Edit{Assign: true, Value: crdt.StreamState{Last: sid(6, 0)}.Append(nil)}},
		{Name: name, Edit: crdt.Edit{Clear: true}},
	}
	r := newRegion(0x1000)
	var got []string
	for _, entries := range [][]crdt.FieldChange{add, add, remove, remove, add} {
		u := crdt.Update{Changes: []crdt.Change{{Key: b("s"), Entries: entries}}}
		changed := r.do(t, command.Reissue(&u)...)[0].Int
		r.commit()
		got = append(got, fmt.Sprintf("%d %s", changed, r.stream(t)))
	}
	want := []string{
		"1 stream 1: 5-1=v last 5-1", "0 stream 1: 5-1=v last 5-1", "1 stream 0: last 6-0", "0 stream 0: last 6-0", "1 stream 1: 5-1=v last 6-0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// TestAHealedStreamBeginsWhereTheDonorSays: what the commit loop knew of where streams begin does not hold for cells
// that did not go through it.
func TestAHealedStreamBeginsWhereTheDonorSays(t *testing.T) {
	r, donor, other := newRegion(0x1000), newRegion(0x3000), newRegion(0x2000)
	trim := command.XTrim{Key: b("s"), Trim: command.Trim{By: command.ByLength, MaxLen: 2}}
	for i := range 5 {
		r.do(t, xadd(sid(uint64(10+i), 0), "v"))
		r.do(t, trim)
		r.commit()
	}
	if r.Fronts() != 1 {
		t.Fatalf("the begin of %d streams is known", r.Fronts())
	}
	other.do(t, xadd(sid(1, 0), "early"))
	other.commit()
	donor.pull(t, r)
	donor.pull(t, other)
	x, _ := r.lose([]byte{store.SpaceData}, []byte{store.SpaceData + 1})
	r.healFrom(t, donor, x)
	if got, want := r.stream(t), donor.stream(t); got != want || !strings.Contains(got, "1-0=early 13-0=v 14-0=v") {
		t.Errorf("after healing %s, at the donor %s", got, want)
	}
	if got := r.do(t, trim)[0].Int; got != 1 {
		t.Errorf("%d entries trimmed", got)
	}
}

// TestFewBeginsAreKept: they are as many as are kept, whatever streams are trimmed.
func TestFewBeginsAreKept(t *testing.T) {
	r := newRegion(0x1000)
	for i := range 1100 {
		key := fmt.Append(nil, "s", i)
		r.do(t, command.XAdd{Key: key, ID: sid(1, 0), Has: command.WholeID, Fields: [][]byte{b("f"), b("v")}})
		r.do(t, command.XTrim{Key: key, Trim: command.Trim{By: command.ByLength, MaxLen: 0}})
		if n := r.Fronts(); n > 1024 {
			t.Fatalf("%d begins after %d streams", n, i+1)
		}
	}
	if r.Fronts() == 0 {
		t.Error("none is kept")
	}
}
