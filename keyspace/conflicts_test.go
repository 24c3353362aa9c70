package keyspace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// lost returns what the region has noticed, after doing what a shard does when a commit is seen.
func (r *region) lost() keyspace.ConflictPage {
	r.KeepConflicts()
	return *mustRead(r, command.Conflicts{Count: command.ConflictsMax}).Conflicts
}

func mustRead(r *region, c keyspace.Command) keyspace.Reply {
	replies, _, err := r.Execute([]keyspace.Command{c})
	if err != nil {
		panic(err)
	}
	return replies[0]
}

// told describes conflicts: type, key, cell, value that lost, who wrote it, who won.
func told(p keyspace.ConflictPage) (list []string) {
	for _, x := range p.List {
		cell := string(x.Cell)
		if x.Type.String() == "list" {
			cell = "-"
		}
		list = append(list, fmt.Sprintf("%v %s %s %s of %s, shown %s", x.Type, x.Key, cell, x.Value, x.Loser.Node, x.Winner.Node))
	}
	return list
}

// TestConflictsAreNoticedWhereTheyMeet: two regions write without having seen each other; each notices, once, that one value
// is not shown, and which.
func TestConflictsAreNoticedWhereTheyMeet(t *testing.T) {
	lset := func(v string) keyspace.Command { return command.LSet{Key: b("l"), Value: b(v)} }
	for name, x := range map[string]struct {
		before, us, eu []keyspace.Command // eu writes later
		want           []string
	}{
		"SET and SET":             {us: []keyspace.Command{set("k", "a")}, eu: []keyspace.Command{set("k", "b")}, want: []string{"string k  a of 0000000000001000, shown 0000000000002000"}},
		"SET and SET of the same": {us: []keyspace.Command{set("k", "a")}, eu: []keyspace.Command{set("k", "a")}},
		"SET over what was there": {before: []keyspace.Command{set("k", "0")}, us: []keyspace.Command{set("k", "a")}, eu: []keyspace.Command{set("k", "b")}, want: []string{"string k  a of 0000000000001000, shown 0000000000002000"}},
		"SET and DEL":             {before: []keyspace.Command{set("k", "0")}, us: []keyspace.Command{set("k", "a")}, eu: []keyspace.Command{del("k")}},
		"INCR and INCR":           {us: []keyspace.Command{incr("k")}, eu: []keyspace.Command{incr("k")}},
		"SADD and SADD":           {us: []keyspace.Command{sadd("k", "a")}, eu: []keyspace.Command{sadd("k", "b")}},
		"one after the other":     {before: []keyspace.Command{set("k", "a")}, eu: []keyspace.Command{set("k", "b")}},
		"HSET of one field":       {us: []keyspace.Command{hset("k", "f", "a")}, eu: []keyspace.Command{hset("k", "f", "b")}, want: []string{"hash k f a of 0000000000001000, shown 0000000000002000"}},
		"HSET of two fields":      {us: []keyspace.Command{hset("k", "f", "a")}, eu: []keyspace.Command{hset("k", "g", "b")}},
		"ZADD of one member":      {us: []keyspace.Command{zadd("k", "m", 1.5)}, eu: []keyspace.Command{zadd("k", "m", 2)}, want: []string{"zset k m 1.5 of 0000000000001000, shown 0000000000002000"}},
		"LSET of one element":     {before: []keyspace.Command{rpush("x")}, us: []keyspace.Command{lset("a")}, eu: []keyspace.Command{lset("b")}, want: []string{"list l - a of 0000000000001000, shown 0000000000002000"}},
		"two keys":                {us: []keyspace.Command{set("j", "a"), set("k", "a")}, eu: []keyspace.Command{set("j", "b"), set("k", "b")}, want: []string{"string j  a of 0000000000001000, shown 0000000000002000", "string k  a of 0000000000001000, shown 0000000000002000"}},
	} {
		for _, way := range []string{"records", "state"} {
			us, eu := newRegion(0x1000), newRegion(0x2000)
			us.pass(time.Second)
			eu.pass(1100 * time.Millisecond)
			for _, c := range x.before {
				us.do(t, c)
			}
			us.do(t, set("other", "v"))
			us.commit()
			eu.do(t, set("another", "v"))
			eu.commit()
			us.pull(t, eu)
			eu.pull(t, us)
			for _, c := range x.us {
				us.do(t, c)
			}
			us.commit()
			eu.pass(100 * time.Millisecond)
			for _, c := range x.eu {
				eu.do(t, c)
			}
			eu.commit()
			if way == "records" {
				us.pull(t, eu)
				eu.pull(t, us)
				us.pull(t, eu)
			} else {
				us.takeOver(t, eu, 1<<20, func() {})
				eu.takeOver(t, us, 1<<20, func() {})
				us.takeOver(t, eu, 1<<20, func() {})
			}
			for where, r := range map[string]*region{"us": us, "eu": eu} {
				if got := told(r.lost()); !slices.Equal(got, x.want) {
					t.Errorf("%s, by %s: %s noticed %q, want %q", name, way, where, got, x.want)
				}
			}
		}
	}
}

// TestOfThreeValuesTwoAreLost: each once, at the region that hears the others one after the other.
func TestOfThreeValuesTwoAreLost(t *testing.T) {
	all := three()
	for i, r := range all {
		r.do(t, set("k", fmt.Sprint("v", i)))
		r.commit()
	}
	for _, order := range permutations(3) {
		here := newRegion(0x9000)
		for _, i := range order {
			here.pull(t, all[i])
		}
		got := told(here.lost())
		slices.Sort(got)
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], ", shown")
		}
		if want := []string{"string k  v0 of 0000000000001000", "string k  v1 of 0000000000002000"}; !slices.Equal(got, want) {
			t.Errorf("order %v: noticed %q, want %q", order, got, want)
		}
	}
}

// TestConflictsAreBounded: the oldest go, what is left can be read page by page, and what is not kept any more is told.
func TestConflictsAreBounded(t *testing.T) {
	us, eu := newRegion(0x1000), newRegion(0x2000)
	eu.pass(100 * time.Millisecond)
	const n = 5000
	long := strings.Repeat("x", 300)
	for i := range n {
		us.do(t, set(fmt.Sprint("k", i), long+"a"))
		eu.do(t, set(fmt.Sprint("k", i), long+"b"))
	}
	us.commit()
	eu.commit()
	us.pull(t, eu)
	p := us.lost()
	if p.Total != n || len(p.List) != command.ConflictsMax || p.Missed {
		t.Fatalf("%d of %d, missed %v", len(p.List), p.Total, p.Missed)
	}
	last := p.List[len(p.List)-1]
	if string(last.Key) != fmt.Sprint("k", n-1) || len(last.Value) != 256 || last.Size != 301 {
		t.Errorf("the last is %s with %d of %d bytes", last.Key, len(last.Value), last.Size)
	}
	page := func(after uint64) keyspace.ConflictPage {
		return *mustRead(us, command.Conflicts{After: after, Count: 1000}).Conflicts
	}
	first := page(1)
	if !first.Missed || string(first.List[0].Key) != fmt.Sprint("k", n-4096) {
		t.Errorf("begins with %s, missed %v", first.List[0].Key, first.Missed)
	}
	seen := len(first.List)
	for p := first; len(p.List) > 0; seen += len(p.List) {
		if p = page(p.List[len(p.List)-1].ID); p.Missed {
			t.Error("missed some that are kept")
		}
	}
	if seen != 4096 {
		t.Errorf("%d were read, want 4096", seen)
	}
	for _, count := range []int{0, -1, command.ConflictsMax + 1} {
		if _, _, err := us.Execute([]keyspace.Command{command.Conflicts{Count: count}}); err == nil {
			t.Errorf("%d are let through", count)
		}
	}
}
