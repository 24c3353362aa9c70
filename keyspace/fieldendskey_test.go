package keyspace_test

import (
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// Where a key has a deadline too, be it one that was taken away, fields that have ended are deleted when their own time says
// so, and with the last of them the hash.
func TestADeadlineOfTheKeyKeepsNoFieldThatHasEnded(t *testing.T) {
	for name, key := range map[string][]keyspace.Command{
		"EXPIRE":           {expire("k", 3600e3)},
		"EXPIRE, PERSIST":  {expire("k", 3600e3), persist("k")},
		"a field too much": {expire("k", 3600e3), hexpire("none", 1)},
	} {
		regions := three()
		x := regions[0]
		x.do(t, append(key[:0:0], hset("k", "f", "1"), hincr("k", "n", 1), hexpire("f", 1000), hexpire("n", 1000))...)
		x.do(t, key...)
		x.commit()
		level(t, regions...)
		for _, r := range regions {
			r.pass(1400 * time.Millisecond)
		}
		if due := x.reap(t); len(due) != 0 {
			t.Errorf("%s: %q are deleted before every clock has come so far", name, due)
		}
		for _, r := range regions {
			r.pass(200 * time.Millisecond)
		}
		if due := x.reap(t); len(due) != 2 {
			t.Errorf("%s: %q are due", name, due)
		}
		x.do(t, set("other", "v")) // tells what it has seen
		x.commit()
		level(t, regions...)
		for i, r := range regions {
			for range 5 {
				r.Core.Tick()
				r.commit()
			}
			if d := r.digest(t); d.Cells != 1 || r.entries() != 0 || len(r.index()) != 0 {
				t.Errorf("%s: region %d keeps %d cells, %d entries, %q", name, i, d.Cells, r.entries(), r.index())
			}
			r.do(t, hset("k", "g", "1"))
			if left := r.ttl(t, "k"); left != -1 {
				t.Errorf("%s: region %d: a new hash has %d ms", name, i, left)
			}
		}
	}
}

// The field that ended last keeps the deadline of its key until it is deleted itself: where clocks are behind it is there
// still, and what is written beside it ends with the key.
func TestTheDeadlineOfAKeyGoesWithTheLastFieldThatIsStored(t *testing.T) {
	regions := three()
	x, y := regions[0], regions[1]
	x.do(t, hset("k", "f", "1"), hset("k", "g", "1"), hexpire("f", 1000), hexpire("g", 1590), expire("k", 3600e3))
	x.commit()
	level(t, regions...)
	x.pass(1600 * time.Millisecond)
	y.pass(1200 * time.Millisecond)
	regions[2].pass(1200 * time.Millisecond)
	if due := x.reap(t); len(due) != 1 || x.fieldsOf(t) != "" {
		t.Fatalf("%q are due, shows %s", due, x.fieldsOf(t))
	}
	if got, left := y.fieldsOf(t), y.ttl(t, "k"); got != "g=1 0" || left < 3590e3 {
		t.Fatalf("a clock that is behind shows %s, and %d ms of the key", got, left)
	}
	y.do(t, hset("k", "h", "1"))
	y.commit()
	for _, r := range regions {
		r.pass(time.Second)
	}
	level(t, regions...)
	x.reap(t)
	level(t, regions...)
	for i, r := range regions {
		if got, left := r.fieldsOf(t), r.ttl(t, "k"); got != "h=1 -1" || left < 3590e3 || r.entries() != 0 {
			t.Errorf("region %d shows %s, %d ms of the key, %d entries", i, got, left, r.entries())
		}
	}
}

// What goes with its key is deleted with that, and not before every clock has come so far.
func TestAFieldOfAKeyThatHasEndedGoesWithTheKey(t *testing.T) {
	regions := three()
	x := regions[0]
	x.do(t, hset("k", "f", "1"), hset("k", "g", "1"), hexpire("f", 1000), expire("k", 1500))
	x.commit()
	level(t, regions...)
	x.pass(1600 * time.Millisecond)
	if due := x.reap(t); len(due) != 0 {
		t.Errorf("%q are due", due)
	}
	if r := x.do(t, command.HReap{Key: b("k"), Fields: names("f")})[0]; r.Int != 0 {
		t.Errorf("deleted %d", r.Int)
	}
	for _, r := range regions {
		r.pass(500 * time.Millisecond)
	}
	if due := x.reap(t); len(due) != 1 {
		t.Errorf("%q are due", due)
	}
	regions[1].pass(1600 * time.Millisecond)
	regions[2].pass(1600 * time.Millisecond)
	level(t, regions...)
	for i, r := range regions {
		r.Core.Tick()
		r.commit()
		if r.entries() != 0 || len(r.index()) != 0 {
			t.Errorf("region %d: %d entries, %q", i, r.entries(), r.index())
		}
	}
}
