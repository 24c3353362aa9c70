package keyspace_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// endsFrom is the time in the cell beside the index of what ends of the hash at k; some tells whether there is one.
func (r *region) endsFrom() (at int64, some bool) {
	for k, v := range r.mem.cells {
		if k[0] == store.SpaceData && strings.HasSuffix(k, "k\x00\x01\x22") {
			return int64(binary.BigEndian.Uint64(v)), true
		}
	}
	return 0, false
}

// A hash of fields that come and go is read from where there are entries on, be they deleted, written again, or kept; at the node
// that changes it and at others. With the deadlines of the hash the cell goes.
func TestTheIndexOfWhatEndsIsReadFromItsFirstEntry(t *testing.T) {
	refresh := func(r *region, i int) { r.do(t, hsetEx("again", fmt.Sprint(i), 5e3)) }
	for name, change := range map[string]func(r *region, i int){
		"ended and deleted": func(r *region, i int) { r.do(t, hsetEx(fmt.Sprint("f", i), "v", 1000)) },
		"written again":     refresh,
		"set again":         func(r *region, i int) { refresh(r, i); r.do(t, hexpire("again", 3e3)) },
		"kept":              func(r *region, i int) { refresh(r, i); r.do(t, hpersist("again")) },
		"deleted":           func(r *region, i int) { refresh(r, i); r.do(t, hdel("k", "again")) },
	} {
		us, eu := newRegion(0x1000), newRegion(0x2000)
		us.do(t, hsetEx("stays", "v", 3600e3))
		for i := range 20 {
			change(us, i)
			us.commit()
			for _, r := range []*region{us, eu} {
				r.pass(500 * time.Millisecond)
			}
			us.reap(t)
			eu.pull(t, us)
			us.fieldsOf(t)
			eu.fieldsOf(t)
		}
		for at, r := range map[string]*region{"us": us, "eu": eu} {
			from, _ := r.endsFrom()
			if now := r.hlc.Look(0).WallMillis(); from > now || now-from > 4000 {
				t.Errorf("%s: %s begins %d ms ago", name, at, now-from)
			}
		}
		us.do(t, del("k"))
		us.commit()
		eu.pull(t, us)
		for at, r := range map[string]*region{"us": us, "eu": eu} {
			if from, some := r.endsFrom(); some {
				t.Errorf("%s: %s keeps the begin %d", name, at, from)
			}
		}
	}
}

// What comes late stands before the others, and is counted, by log and by state.
func TestAnEntryThatComesLateIsBeforeTheBegin(t *testing.T) {
	for _, byState := range []bool{false, true} {
		us, eu := newRegion(0x1000), newRegion(0x2000)
		eu.do(t, hsetEx("late", "v", 1000), hincr("k", "n", 1))
		eu.commit()
		us.do(t, hsetEx("f", "v", 60e3))
		us.commit()
		for _, r := range []*region{us, eu} {
			r.pass(10 * time.Second)
		}
		us.do(t, hsetEx("g", "v", 60e3))
		us.commit()
		if from, _ := us.endsFrom(); from != us.hlc.Look(0).WallMillis() {
			t.Fatalf("begins at %d", from)
		}
		if byState {
			us.takeOver(t, eu, 1<<20, func() {})
		} else {
			us.pull(t, eu)
		}
		if got := us.fieldsOf(t); got != "f=v 50, g=v 60, n=1 -1" {
			t.Errorf("by state %v: shows %s", byState, got)
		}
		us.do(t, command.HIncr{Key: b("k"), Field: b("late"), Delta: 1}, keyspace.Command(hexpire("late", 5e3)))
		us.commit()
		if got := us.fieldsOf(t); got != "f=v 50, g=v 60, late=1 5, n=1 -1" {
			t.Errorf("by state %v: shows %s", byState, got)
		}
	}
}

// A field that is repaired leaves no entry where it stood before: the begin would stay there.
func TestARepairedFieldStandsOnlyWhereItEnds(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, hset("k", "f", "v"), hexpire("f", 60e3))
	r.commit()
	wrong := maps.Clone(r.mem.cells)
	for _, cmd := range []keyspace.Command{hexpire("f", 90e3), hpersist("f")} {
		r.do(t, cmd)
		r.commit()
		right, entries, index := map[string][]byte{}, r.entries(), r.index()
		for k := range r.mem.cells {
			if k[0] == store.SpaceData && strings.HasSuffix(k, "k\x00\x01\x20f") {
				right[k] = r.mem.cells[k]
			}
			if k[0] == store.SpaceData || k[0] == store.SpaceExpiry {
				delete(r.mem.cells, k)
			}
		}
		for k, v := range wrong {
			if k[0] == store.SpaceData || k[0] == store.SpaceExpiry {
				r.mem.cells[k] = v
			}
		}
		for k, v := range right {
			if errs := r.Repair(1<<40, []keyspace.Fix{{Key: []byte(k), Value: v}}); errs[0] != nil {
				t.Fatal(errs[0])
			}
		}
		r.commit()
		if len(right) != 1 || r.entries() != entries || !slices.Equal(r.index(), index) {
			t.Errorf("%v: %d entries, want %d; %q, want %q", cmd, r.entries(), entries, r.index(), index)
		}
	}
}
