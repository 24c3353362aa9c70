package keyspace_test

import (
	"fmt"
	"slices"
	"strings"
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
		"a deadline of a field":        {before: []keyspace.Command{hset("k", "f", "v")}, there: []keyspace.Command{hexpire("f", 100_000)}, want: []string{"h hexpire k"}},
		"no deadline of a field":       {before: []keyspace.Command{hsetEx("f", "v", 100_000)}, there: []keyspace.Command{hpersist("f")}, want: []string{"h hpersist k"}},
		"a field that ends":            {there: []keyspace.Command{hsetEx("f", "v", 100_000)}, want: []string{"n new k", "h hset k"}},
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

// TestTheEndOfAFieldIsAnEventEverywhere: likewise, and with the last field the hash goes.
func TestTheEndOfAFieldIsAnEventEverywhere(t *testing.T) {
	us, eu := newRegion(0x1000), newRegion(0x2000)
	for _, r := range []*region{us, eu} {
		r.pass(time.Second)
	}
	us.do(t, hsetEx("f", "v", 1000), hsetEx("g", "v", 10_000), hsetEx("h", "v", 1000))
	us.commit()
	eu.pull(t, us)
	for _, step := range []struct {
		pass time.Duration
		want []string
	}{{2 * time.Second, []string{"h hexpired k"}}, {20 * time.Second, []string{"h hexpired k", "g del k"}}} {
		for _, r := range []*region{us, eu} {
			r.NoteEvents()
			r.pass(step.pass)
			r.fieldsOf(t)
			if list := r.events(); len(list) > 0 {
				t.Errorf("a read is an event: %q", list)
			}
		}
		var fields [][]byte
		q := &keyspace.ReadDue{Limit: 10}
		us.do(t, q)
		for _, due := range q.Found {
			fields = append(fields, due.Field)
		}
		us.do(t, command.HReap{Key: b("k"), Fields: fields})
		us.commit()
		eu.pull(t, us)
		for name, r := range map[string]*region{"us": us, "eu": eu} {
			if got := r.events(); !slices.Equal(got, step.want) {
				t.Errorf("%s noted %q, want %q", name, got, step.want)
			}
		}
	}
}

// TestEventsOfDeadlinesOfFields: each command has those that Redis gives it.
func TestEventsOfDeadlinesOfFields(t *testing.T) {
	us := newRegion(0x1000)
	us.NoteEvents()
	get := func(c command.HGetEx) keyspace.Command {
		c.Key, c.Fields = b("k"), names("f")
		return c
	}
	for _, x := range []struct {
		cmd  keyspace.Command
		want string
	}{
		{hexpire("f", 5e3), ""},
		{hsetEx("f", "v", 5e3), "n new k, h hset k, h hexpire k"},
		{hexpire("f", 9e3), "h hexpire k"},
		{hpersist("f"), "h hpersist k"},
		{hpersist("f"), ""},
		{get(command.HGetEx{}), ""},
		{get(command.HGetEx{Life: endsIn(5e3)}), "h hexpire k"},
		{get(command.HGetEx{Persist: true}), "h hpersist k"},
		{hset("k", "g", "v"), "h hset k"},
		{hexpire("g", 0), "h hdel k"},
		{hsetEx("g", "v", 0), "h hset k, h hdel k"},
		{command.HGetDel{Key: b("k"), Fields: names("none")}, ""},
		{command.HGetDel{Key: b("k"), Fields: names("f")}, "h hdel k, g del k"},
		{hsetEx("f", "v", 0), "n new k, h hset k, h hdel k, g del k"},
		{hset("k", "f", "v"), "n new k, h hset k"},
		{hsetEx("f", "v", 0), "h hset k, h hdel k, g del k"},
	} {
		us.do(t, x.cmd)
		us.commit()
		if got := strings.Join(us.events(), ", "); got != x.want {
			t.Errorf("%+v: %q, want %q", x.cmd, got, x.want)
		}
	}
	us.do(t, hsetEx("f", "v", 1000), hset("k", "g", "v"))
	us.commit()
	us.events()
	us.pass(2 * time.Second)
	us.do(t, hincr("k", "f", 1))
	us.commit()
	if got := us.events(); !slices.Equal(got, []string{"h hexpired k", "h hincrby k"}) {
		t.Errorf("noted %q", got)
	}
}

// TestAHashWithADeadlineOfWhichAllFieldsHaveEnded has not expired: its time has not come.
func TestAHashWithADeadlineOfWhichAllFieldsHaveEnded(t *testing.T) {
	ended := func() (us, eu *region) {
		us, eu = newRegion(0x1000), newRegion(0x2000)
		us.do(t, hsetEx("f", "v", 1000), hsetEx("g", "v", 1000), expire("k", 3600e3))
		us.commit()
		eu.pass(time.Second)
		eu.pull(t, us)
		for _, r := range []*region{us, eu} {
			r.pass(2 * time.Second)
			r.NoteEvents()
		}
		return us, eu
	}
	us, eu := ended()
	us.do(t, command.HReap{Key: b("k"), Fields: names("f", "g")})
	us.commit()
	eu.pull(t, us)
	for name, r := range map[string]*region{"us": us, "eu": eu} {
		if got := r.events(); !slices.Equal(got, []string{"h hexpired k", "g del k"}) {
			t.Errorf("%s noted %q", name, got)
		}
	}
	us, _ = ended()
	us.do(t, hset("k", "h", "v"))
	if got := us.events(); !slices.Equal(got, []string{"h hexpired k", "g del k", "n new k", "h hset k"}) {
		t.Errorf("a write noted %q", got)
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
