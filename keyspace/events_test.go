package keyspace_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// events returns what was noted, as "class event key".
func (r *region) events() (list []string) {
	for _, e := range r.TakeEvents() {
		list = append(list, fmt.Sprintf("%c %s %s", e.Class, e.Name, e.Key))
	}
	return list
}

// TestEventsOfMergedChanges: what another region did gives the event of the type's main write, or of what became of the
// key.
func TestEventsOfMergedChanges(t *testing.T) {
	for name, x := range map[string]struct {
		before, here, there []keyspace.Command
		want                []string
	}{
		"a string":                     {there: []keyspace.Command{set("k", "v")}, want: []string{"n new k", "$ set k"}},
		"a string again":               {before: []keyspace.Command{set("k", "v")}, there: []keyspace.Command{set("k", "w")}, want: []string{"$ set k"}},
		"an increment":                 {before: []keyspace.Command{incr("k")}, there: []keyspace.Command{incr("k")}, want: []string{"$ incrby k"}},
		"a deletion":                   {before: []keyspace.Command{set("k", "v")}, there: []keyspace.Command{del("k")}, want: []string{"g del k"}},
		"a deletion against a write":   {before: []keyspace.Command{set("k", "v")}, here: []keyspace.Command{set("k", "w")}, there: []keyspace.Command{del("k")}, want: []string{"$ set k"}},
		"a member":                     {there: []keyspace.Command{sadd("k", "a")}, want: []string{"n new k", "s sadd k"}},
		"a member that goes":           {before: []keyspace.Command{sadd("k", "a"), sadd("k", "b")}, there: []keyspace.Command{srem("k", "a")}, want: []string{"s srem k"}},
		"the last member":              {before: []keyspace.Command{sadd("k", "a")}, there: []keyspace.Command{srem("k", "a")}, want: []string{"g del k"}},
		"a field":                      {there: []keyspace.Command{hset("k", "f", "v")}, want: []string{"n new k", "h hset k"}},
		"a field that goes":            {before: []keyspace.Command{hset("k", "f", "v"), hset("k", "g", "v")}, there: []keyspace.Command{hdel("k", "f")}, want: []string{"h hdel k"}},
		"a score":                      {there: []keyspace.Command{zadd("k", "m", 1)}, want: []string{"n new k", "z zadd k"}},
		"an element":                   {there: []keyspace.Command{rpush("a")}, want: []string{"n new l", "l rpush l"}},
		"a deadline":                   {before: []keyspace.Command{set("k", "v")}, there: []keyspace.Command{expire("k", 100_000)}, want: []string{"g expire k"}},
		"no deadline":                  {before: []keyspace.Command{setEx("k", "v", 100_000)}, there: []keyspace.Command{persist("k")}, want: []string{"g persist k"}},
		"a deadline of a set":          {before: []keyspace.Command{sadd("k", "a")}, there: []keyspace.Command{expire("k", 100_000)}, want: []string{"g expire k"}},
		"a HyperLogLog":                {there: []keyspace.Command{command.PFAdd{Key: b("k"), Elements: [][]byte{b("x")}}}, want: []string{"n new k", "$ pfadd k"}},
		"a group":                      {there: []keyspace.Command{xgroup("g", sid(0, 0))}, want: []string{"n new s", "t xgroup-create s"}},
		"a group that goes":            {before: []keyspace.Command{xgroup("g", sid(0, 0))}, there: []keyspace.Command{command.XGroupDestroy{GroupOf: groupOf("g")}}, want: []string{"t xgroup-destroy s"}},
		"a delivery":                   {before: []keyspace.Command{xadd(sid(1, 0), "a"), xgroup("g", sid(0, 0))}, there: []keyspace.Command{xnext("g", 0)}, want: nil},
		"an acknowledgement":           {before: []keyspace.Command{xadd(sid(1, 0), "a"), xgroup("g", sid(0, 0)), xnext("g", 0)}, there: []keyspace.Command{xack("g", sid(1, 0))}, want: nil},
		"an entry":                     {before: []keyspace.Command{xgroup("g", sid(0, 0))}, there: []keyspace.Command{xadd(sid(1, 0), "a")}, want: []string{"t xadd s"}},
		"a bounded counter":            {there: []keyspace.Command{command.BCreate{Key: b("k"), Value: 5}}, want: []string{"n new k", "d bincrby k"}},
		"two keys":                     {there: []keyspace.Command{set("k", "v"), sadd("j", "a")}, want: []string{"n new j", "s sadd j", "n new k", "$ set k"}},
		"one that another type hides":  {here: []keyspace.Command{del("k"), sadd("k", "a")}, there: []keyspace.Command{del("k")}, before: []keyspace.Command{set("k", "v")}, want: []string{"s sadd k"}},
		"nothing of what was not here": {there: []keyspace.Command{set("k", "v"), del("k")}, want: nil},
	} {
		us, eu := newRegion(0x1000), newRegion(0x2000)
		us.pass(time.Second)
		eu.pass(1100 * time.Millisecond)
		for _, c := range x.before {
			us.do(t, c)
		}
		us.commit()
		eu.pull(t, us)
		for _, c := range x.here {
			us.do(t, c)
		}
		us.commit()
		eu.do(t, x.there...)
		eu.commit()
		us.NoteEvents()
		us.pull(t, eu)
		if got := us.events(); !slices.Equal(got, x.want) {
			t.Errorf("%s: noted %q, want %q", name, got, x.want)
		}
		if us.pull(t, eu); len(us.events()) > 0 {
			t.Errorf("%s: noted again", name)
		}
	}
}

// TestTheEndOfAKeyIsAnEventEverywhere: in the region that deletes it and in the one that hears of that; reads that hide it already give
// none.
func TestTheEndOfAKeyIsAnEventEverywhere(t *testing.T) {
	us, eu := newRegion(0x1000), newRegion(0x2000)
	for _, r := range []*region{us, eu} {
		r.pass(time.Second)
	}
	us.do(t, setEx("k", "v", 1000))
	us.commit()
	eu.pull(t, us)
	for _, r := range []*region{us, eu} {
		r.NoteEvents()
		r.pass(time.Minute)
		if r.do(t, command.Get{Key: b("k")})[0].Found || len(r.events()) > 0 {
			t.Error("it is shown, or a read is an event")
		}
	}
	if got := us.reap(t); len(got) != 1 {
		t.Fatalf("reaped %q", got)
	}
	eu.pull(t, us)
	for name, r := range map[string]*region{"us": us, "eu": eu} {
		if got := r.events(); !slices.Equal(got, []string{"x expired k"}) {
			t.Errorf("%s noted %q", name, got)
		}
	}
}

// TestAWriteOverWhatHasEnded ends it first.
func TestAWriteOverWhatHasEnded(t *testing.T) {
	us := newRegion(0x1000)
	us.do(t, setEx("k", "v", 1000))
	us.NoteEvents()
	us.pass(time.Minute)
	us.do(t, incr("k"))
	if got := us.events(); !slices.Equal(got, []string{"x expired k", "n new k", "$ incrby k"}) {
		t.Errorf("noted %q", got)
	}
}

// TestEventsOfATransfer: each key that a chunk changes has one of what became of it.
func TestEventsOfATransfer(t *testing.T) {
	us, eu := newRegion(0x1000), newRegion(0x2000)
	us.do(t, set("same", "v"))
	us.do(t, set("gone", "v"))
	us.commit()
	eu.pull(t, us)
	us.do(t, sadd("s", "a"), sadd("s", "b"), hset("h", "f", "v"))
	us.do(t, del("gone"))
	us.commit()
	eu.NoteEvents()
	eu.takeOver(t, us, 1<<20, func() {})
	got := eu.events()
	slices.Sort(got)
	if want := []string{"g del gone", "h hset h", "n new h", "n new s", "s sadd s"}; !slices.Equal(got, want) {
		t.Errorf("noted %q, want %q", got, want)
	}
}

// TestEventsAreToldWithTheirCommit: those who listen hear of them when readers see the change, and of none that nobody asked
// for.
func TestEventsAreToldWithTheirCommit(t *testing.T) {
	s := start(t, vfs.NewMem(), "us")
	var told []string
	s.Listen(func(c keyspace.Change) {
		for _, e := range c.Events {
			told = append(told, fmt.Sprintf("%s %s %v", e.Name, e.Key, read(t, s, command.Exists{List: [][]byte{e.Key}}).Int))
		}
	})
	do(t, s, set("k", "v"))
	if len(told) > 0 {
		t.Errorf("told %q, and nobody asked", told)
	}
	s.NoteEvents(true, false)
	read(t, s, command.Get{Key: b("none")})
	do(t, s, set("k", "w"))
	do(t, s, command.Multi{Commands: []keyspace.Command{del("k"), command.Get{Key: b("k")}}})
	s.NoteEvents(false, false)
	do(t, s, set("k", "x"))
	if want := []string{"set k 1", "del k 0"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
