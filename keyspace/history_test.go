package keyspace_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// updates describes those of a key: whose they are, and what they did.
func updates(p *keyspace.HistoryPage) (list []string) {
	for _, u := range p.Updates {
		list = append(list, fmt.Sprintf("%s:%d here=%v %q", u.Region, u.Dot.Seq, u.Here, u.Effects))
	}
	return list
}

func history(t *testing.T, n *node, key string, count int) *keyspace.HistoryPage {
	t.Helper()
	return read(t, n, command.History{Key: b(key), Count: count}).History
}

func TestTheHistoryOfFieldsThatEnd(t *testing.T) {
	us := start(t, vfs.NewMem(), "us")
	at := command.Lifetime{As: command.EndsAt, Millis: 32503680000000}
	do(t, us, hset("k", "f", "v"), command.HSetEx{Key: b("k"), Fields: []command.FieldValue{{Field: b("g")}}, Life: at})
	do(t, us, command.HExpire{Key: b("k"), Fields: names("f", "g"), Life: at})
	do(t, us, hpersist("f"))
	do(t, us, hdel("k", "f"))
	want := []string{
		`us:4 here=true ["1 field removed"]`,
		`us:3 here=true ["1 field made to last"]`,
		`us:2 here=true ["2 fields made to end at 3000-01-01T00:00:00.000Z"]`,
		`us:1 here=true ["2 fields set" "1 field made to end at 3000-01-01T00:00:00.000Z"]`,
	}
	if got := updates(history(t, us, "k", 100)); !slices.Equal(got, want) {
		t.Errorf("tells\n%q, want\n%q", got, want)
	}
}

// TestTheHistoryOfAKey: of two regions that write in turn, the newest first, each update in words.
func TestTheHistoryOfAKey(t *testing.T) {
	us, eu := start(t, vfs.NewMem(), "us"), start(t, vfs.NewMem(), "eu")
	do(t, us, set("k", "hello"))
	do(t, us, set("other", "k"))
	swap(t, us, eu)
	do(t, eu, del("k"), sadd("k", "a"), sadd("k", "b"))
	do(t, eu, set("another", "v"))
	swap(t, us, eu)
	do(t, us, srem("k", "a"))
	do(t, us, command.Expire{Key: b("k"), Life: command.Lifetime{As: command.EndsAt, Millis: 32503680000000}})
	do(t, us, persist("k"))
	swap(t, us, eu)
	want := []string{
		`us:5 here=true ["made to last"]`,
		`us:4 here=true ["made to end at 3000-01-01T00:00:00.000Z"]`,
		`us:3 here=true ["1 member removed"]`,
		`eu:1 here=false ["deleted" "2 members added"]`,
		`us:1 here=true ["set to a string of 5 bytes"]`,
	}
	p := history(t, us, "k", 100)
	if got := updates(p); !slices.Equal(got, want) {
		t.Errorf("us tells\n%q, want\n%q", got, want)
	}
	if p.LookedTo != 0 || p.LookedAt != 7 || len(p.Reach) != 2 {
		t.Errorf("looked at %d records down to %v, of %d origins", p.LookedAt, p.LookedTo, len(p.Reach))
	}
	for _, r := range p.Reach {
		if last := map[string]int{"us": 5, "eu": 2}[r.Region]; r.Dot.Seq != 1 || int(r.Last) != last || r.Stamp.Time == 0 {
			t.Errorf("of %s from %d to %d", r.Region, r.Dot.Seq, r.Last)
		}
	}
	if p := history(t, us, "k", 2); !slices.Equal(updates(p), want[:2]) || p.LookedTo > p.Updates[1].Stamp.Time || p.LookedTo == 0 {
		t.Errorf("the last two: %q, looked to %v", updates(p), p.LookedTo)
	}
	if got := updates(history(t, eu, "k", 100)); len(got) != 5 || got[3] != `eu:1 here=true ["deleted" "2 members added"]` {
		t.Errorf("eu tells %q", got)
	}
	if p := history(t, us, "nothing", 100); len(p.Updates) > 0 || p.LookedTo != 0 {
		t.Errorf("of what never was: %v", p)
	}
}

// TestWordsForEveryEffect: one update of each kind.
func TestWordsForEveryEffect(t *testing.T) {
	us := start(t, vfs.NewMem(), "us")
	hash := func(cmds ...keyspace.Command) []keyspace.Command { return cmds }
	for _, x := range []struct {
		cmds []keyspace.Command
		want string
	}{
		{hash(incr("k")), `["incremented by 1"]`},
		{hash(del("k")), `["deleted"]`},
		{hash(setEx("k", "v", 1)), ""},
		{hash(set("k", "v"), del("k"), hset("k", "f", "v"), hincr("k", "g", 1)), `["deleted" "1 field set" "1 field incremented"]`},
		{hash(hdel("k", "f")), `["1 field removed"]`},
		{hash(del("k"), zadd("k", "m", 1), zadd("k", "n", 1)), `["deleted" "2 members scored"]`},
		{hash(zrem("k", "m")), `["1 member removed"]`},
		{hash(del("k"), command.Push{Key: b("k"), Values: [][]byte{b("a"), b("b")}}), `["deleted" "2 elements put"]`},
		{hash(command.Pop{Key: b("k"), Count: 1}), `["1 element removed"]`},
		{hash(del("k"), command.PFAdd{Key: b("k"), Elements: [][]byte{b("a")}}), `["deleted" "2 registers raised"]`},
		{hash(del("k"), command.BCreate{Key: b("k"), Value: 5}), `["deleted" "1 account defined" "1 account incremented"]`},
	} {
		do(t, us, x.cmds...)
		got := history(t, us, "k", 1).Updates[0].Effects
		if x.want != "" && fmt.Sprintf("%q", got) != x.want {
			t.Errorf("%d commands: %q, want %s", len(x.cmds), got, x.want)
		}
	}
}

// TestALookAtTheHistoryIsBounded: it ends, and tells down to where it has looked.
func TestALookAtTheHistoryIsBounded(t *testing.T) {
	us := start(t, vfs.NewMem(), "us")
	do(t, us, set("k", "v"))
	long := make([]byte, 1<<20)
	for i := range 70 {
		do(t, us, command.Set{Key: fmt.Append(nil, "other", i), Value: long})
	}
	p := history(t, us, "k", 10)
	if len(p.Updates) > 0 || p.LookedTo == 0 || p.LookedAt < 1 || p.LookedAt > 66 {
		t.Errorf("found %d, looked at %d records down to %v", len(p.Updates), p.LookedAt, p.LookedTo)
	}
	for _, count := range []int{0, command.HistoryMax + 1} {
		if _, err := us.Read(t.Context(), command.History{Key: b("k"), Count: count}); err == nil {
			t.Errorf("%d are let through", count)
		}
	}
	if _, err := us.Execute(t.Context(), command.History{Key: b("k"), Count: 1}, set("x", "y")); !errors.Is(err, keyspace.ErrReadsOnly) {
		t.Errorf("in the commit loop: %v", err)
	}
}

// swap merges what each has and the other lacks.
func swap(t *testing.T, a, b *node) {
	t.Helper()
	ship(t, a, b)
	ship(t, b, a)
}

// receive merges a frame.
func receive(t *testing.T, n *node, f *oplog.Frame) {
	t.Helper()
	settled := make(chan error, 1)
	err := n.Merge(t.Context(), f, func(err error) { settled <- err })
	if err == nil {
		err = <-settled
	}
	if err != nil {
		t.Fatal(err)
	}
}

// nothings are frames of updates that change nothing, from a time on.
func nothings(o clock.Origin, at clock.Timestamp, frames, each int) (list []*oplog.Frame) {
	b := oplog.NewBuilder(0, o)
	for range frames {
		for range each {
			b.Add(at, clock.VersionVector{}, plain)
			at++
		}
		list = append(list, b.Frame())
	}
	return list
}

// TestALookAtTheHistoryEndsAfterManyRecords, and after a second.
func TestALookAtTheHistoryEndsAfterManyRecords(t *testing.T) {
	us := start(t, vfs.NewMem(), "us")
	do(t, us, set("k", "v"))
	const each = 10_000
	for _, f := range nothings(77, history(t, us, "k", 1).Updates[0].Stamp.Time+1, 25, each) {
		receive(t, us, f)
	}
	p := history(t, us, "k", 10)
	if len(p.Updates) > 0 || p.LookedTo == 0 || p.LookedAt > 200_000+each {
		t.Errorf("found %d, looked at %d records down to %v", len(p.Updates), p.LookedAt, p.LookedTo)
	}

	slow := startWith(t, vfs.NewMem(), "eu", &racing{at: time.Now().UnixMilli()}, func(db *store.DB) keyspace.Store { return db })
	do(t, slow, set("k", "v"))
	for _, f := range nothings(77, history(t, slow, "k", 1).Updates[0].Stamp.Time+1, 20, 1) {
		receive(t, slow, f)
	}
	if p := history(t, slow, "k", 10); len(p.Updates) > 0 || p.LookedTo == 0 || p.LookedAt > 12 {
		t.Errorf("found %d, looked at %d records down to %v", len(p.Updates), p.LookedAt, p.LookedTo)
	}
}

// racing is a clock that goes on by a tenth of a second with each look.
type racing struct {
	at int64
	n  atomic.Int64
}

// Read implements clock.Wall.
func (r *racing) Read() (int64, time.Duration) {
	millis := 100 * r.n.Add(1)
	return r.at + millis, time.Duration(millis) * time.Millisecond
}

// TestAHistoryOfTooManyOrigins is refused.
func TestAHistoryOfTooManyOrigins(t *testing.T) {
	us := start(t, vfs.NewMem(), "us")
	for i := range 1024 { // and its own
		if i == 1023 {
			do(t, us, set("k", "v"))
			history(t, us, "k", 1)
		}
		receive(t, us, nothings(clock.Origin(i+1), clock.MakeTimestamp(int64(i+1), 0), 1, 1)[0])
	}
	do(t, us, set("k", "w")) // behind it all can be read
	var large *keyspace.TooLargeError
	if _, err := us.Read(t.Context(), command.History{Key: b("k"), Count: 1}); !errors.As(err, &large) {
		t.Errorf("of 1025 origins: %v", err)
	}
}

// ship merges all frames of one node's op log into the other.
func ship(t *testing.T, from, to *node) {
	t.Helper()
	view := from.db.View()
	defer view.Close()
	origins, _, err := store.LogOrigins(view, 0, 10)
	for _, o := range origins {
		for after := clock.Seq(0); err == nil; {
			var encoded []byte
			if encoded, err = from.db.Log(0).Next(view, o, after); encoded == nil {
				break
			}
			var frame *oplog.Frame
			if frame, err = oplog.Decode(encoded); err != nil {
				break
			}
			settled := make(chan error, 1)
			if err = to.Merge(t.Context(), frame, func(err error) { settled <- err }); err == nil {
				err = <-settled
			}
			after = frame.Last()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Execute(t.Context(), command.Exists{}, command.Exists{}); err != nil { // what was merged before shows
		t.Fatal(err)
	}
}
