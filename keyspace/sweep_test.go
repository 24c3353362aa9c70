package keyspace_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

func manyMembers(n int) (list [][]byte) {
	for i := range n {
		list = append(list, fmt.Appendf(nil, "m%05d", i))
	}
	return list
}

// A deletion of a big set is swept in steps; members come and go on both sides of the
// sweep meanwhile, at home and from afar.
func TestSweepingBesideWritesKeepsCountsAndState(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 5))
		a, c := newRegion(1), newRegion(2)
		a.do(t, command.SAdd{Key: b("k"), Members: manyMembers(3000)})
		a.commit()
		c.pull(t, a)
		// Concurrently: A adds some again, C deletes all.
		a.do(t, command.SAdd{Key: b("k"), Members: manyMembers(3000)[1500:1510]})
		a.commit()
		c.do(t, command.Delete{List: [][]byte{b("k")}})
		c.commit()
		c.pull(t, a)
		if l := c.look(t, "k"); l.card != 10 {
			t.Fatalf("%d members survive, not the 10 that the deletion had not seen", l.card)
		}
		for range 30 {
			m := manyMembers(3000)[rng.IntN(3000):][:1]
			switch rng.IntN(5) {
			case 0:
				c.do(t, command.SRem{Key: b("k"), Members: m})
			case 1:
				a.pull(t, c)
				a.do(t, command.SRem{Key: b("k"), Members: m})
				a.commit()
				c.pull(t, a)
			case 2:
				if rng.IntN(4) == 0 {
					c.do(t, command.Delete{List: [][]byte{b("k")}})
				}
			default:
				c.do(t, command.SAdd{Key: b("k"), Members: m})
			}
			if rng.IntN(2) == 0 {
				c.commit()
			}
			if err := c.Tick(); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(2) == 0 {
				c.commit()
			}
			c.look(t, "k") // SCARD against SMEMBERS
			c.wall.at, a.wall.at = c.wall.at+time.Millisecond, a.wall.at+time.Millisecond
		}
		c.commit()
		a.pull(t, c)
		before := c.digest(t)
		for range 20 {
			if err := c.Tick(); err != nil {
				t.Fatal(err)
			}
			c.commit()
		}
		if d := c.digest(t); d.Sum != before.Sum {
			t.Fatal("sweeping changed the digest")
		}
		if x, y := a.digest(t), c.digest(t); !x.Vector.Equal(y.Vector) || x.Sum != y.Sum {
			t.Fatalf("digests differ at %v and %v", x.Vector, y.Vector)
		}
		cells := 0
		for key := range c.mem.cells {
			if key[0] == store.SpaceData {
				cells++
			}
		}
		if live := int(c.look(t, "k").card); cells > live+4 {
			t.Fatalf("%d cells are left of a set of %d", cells, live)
		}
	}
}

func manyFields(n int) (list []command.FieldValue) {
	for i := range n {
		list = append(list, command.FieldValue{Field: fmt.Appendf(nil, "f%05d", i), Value: b("1")})
	}
	return list
}

// A deletion of a big hash is swept in steps beside a set of the same key; fields come and
// go, and count, on both sides of the sweep meanwhile, at home and from afar.
func TestSweepingAHashBesideWritesKeepsCountsAndState(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 6))
		a, c := newRegion(1), newRegion(2)
		a.do(t, command.HSet{Key: b("k"), Fields: manyFields(3000)})
		for i := range 300 {
			a.do(t, command.HIncr{Key: b("k"), Field: fmt.Appendf(nil, "f%05d", 10*i), Delta: 1})
		}
		a.commit()
		if seed%2 == 0 { // hidden by the hash, or the other way round
			c.do(t, command.SAdd{Key: b("k"), Members: manyMembers(700)})
			c.commit()
		}
		c.pull(t, a)
		// Concurrently: A sets some again and adds to one, C deletes all.
		a.do(t, command.HSet{Key: b("k"), Fields: manyFields(3000)[1501:1510]})
		a.do(t, command.HIncr{Key: b("k"), Field: b("f00010"), Delta: 5})
		a.commit()
		c.do(t, command.Delete{List: [][]byte{b("k")}})
		c.commit()
		c.pull(t, a)
		if l := c.look(t, "k"); l.length != 10 || l.fields[1] != "5" {
			t.Fatalf("%q survive, not the 10 that the deletion had not seen", l.fields)
		}
		for range 40 {
			name := manyFields(3000)[rng.IntN(3000)].Field
			switch rng.IntN(7) {
			case 0:
				c.do(t, command.HDel{Key: b("k"), Fields: [][]byte{name}})
			case 1:
				a.pull(t, c)
				a.do(t, command.HDel{Key: b("k"), Fields: [][]byte{name}})
				a.commit()
				c.pull(t, a)
			case 2:
				if rng.IntN(4) == 0 {
					c.do(t, command.Delete{List: [][]byte{b("k")}})
				}
			case 3, 4:
				c.do(t, command.HIncr{Key: b("k"), Field: name, Delta: 1})
			default:
				c.do(t, command.HSet{Key: b("k"), Fields: []command.FieldValue{{Field: name, Value: b("2")}}})
			}
			if rng.IntN(2) == 0 {
				c.commit()
			}
			if err := c.Tick(); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(2) == 0 {
				c.commit()
			}
			c.look(t, "k") // HLEN against HGETALL
			c.wall.at, a.wall.at = c.wall.at+time.Millisecond, a.wall.at+time.Millisecond
		}
		c.commit()
		a.pull(t, c)
		a.do(t, command.Set{Key: b("other"), Value: b("v")}) // tells that A has seen the resets
		a.commit()
		c.pull(t, a)
		before := c.digest(t)
		for range 20 {
			if err := c.Tick(); err != nil {
				t.Fatal(err)
			}
			c.commit()
		}
		if d := c.digest(t); d.Sum != before.Sum {
			t.Fatal("sweeping changed the digest")
		}
		if x, y := a.digest(t), c.digest(t); !x.Vector.Equal(y.Vector) || x.Sum != y.Sum {
			t.Fatalf("digests differ at %v and %v", x.Vector, y.Vector)
		}
		cells := 0
		for key := range c.mem.cells {
			if key[0] == store.SpaceData || key[0] == store.SpaceSweep {
				cells++
			}
		}
		if live := int(c.look(t, "k").length); cells > live+4 {
			t.Fatalf("%d cells are left of a hash of %d", cells, live)
		}
	}
}

// However large the hash, its deletion is a few bytes and reads no field, unless it has
// counters.
func TestDeletingAHashWithoutCountersReadsNoField(t *testing.T) {
	a := newRegion(1)
	a.do(t, command.HSet{Key: b("k"), Fields: manyFields(3000)})
	a.commit()
	scans := a.mem.scans
	a.do(t, command.Delete{List: [][]byte{b("k")}})
	if a.mem.scans != scans {
		t.Error("the deletion scans")
	}
	a.commit()
	if n := a.frames[len(a.frames)-1].EncodedSize(); n > 200 {
		t.Errorf("its record takes %d bytes", n)
	}
	if l := a.look(t, "k"); l.exists != 0 || l.length != 0 {
		t.Errorf("%+v is left", l)
	}
}

func TestFloorsStayUntilTheirOriginHasSeenTheReset(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Incr{Key: b("n"), Delta: 5})
	a.commit()
	c.pull(t, a)
	c.do(t, command.ResetCounter{Key: b("n")})
	c.commit()
	tick := func(r *region) {
		t.Helper()
		if err := r.Tick(); err != nil {
			t.Fatal(err)
		}
		r.commit()
	}
	tick(c)
	if size := len(c.mem.cells); size < 2 {
		t.Fatalf("the floor is gone, %d cells are left", size)
	}
	a.do(t, command.Incr{Key: b("n"), Delta: 2}) // has not seen the reset
	a.commit()
	c.pull(t, a)
	if got := c.look(t, "n").value; got != "true2" {
		t.Fatalf("n = %s", got)
	}
	a.pull(t, c)
	a.do(t, command.Delete{List: [][]byte{b("n")}})
	a.commit()
	c.pull(t, a)
	for range 3 {
		tick(a)
		tick(c)
	}
	for _, r := range []*region{a, c} {
		for key := range r.mem.cells {
			if key[0] == 0x10 || key[0] == 0x21 {
				t.Errorf("%x is left", key)
			}
		}
	}
}

func TestSweepingNothingCostsNoCommit(t *testing.T) {
	c := newRegion(2)
	c.do(t, command.SAdd{Key: b("s"), Members: manyMembers(3)})
	c.commit()
	if err := c.Tick(); err != nil || !c.Idle() {
		t.Fatal("a tick without work opened a batch", err)
	}
	// A floor that cannot be settled yet does not either.
	f := oplog.NewBuilder(0, 1)
	f.Add(1, clock.VersionVector{}, []byte{1, 0, 1, 1, 'k', 1, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0})
	if err := c.take(t, f.Frame()); err != nil {
		t.Fatal(err)
	}
	c.commit()
	if err := c.Tick(); err != nil || !c.Idle() {
		t.Fatal("a floor that waits costs a commit a tick", err)
	}
}

// What waits for an origin that may never come back costs less and less to look at, and
// is finished when the origin has seen the reset.
func TestTheSweepRestsWhileNothingCanBeFinished(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.Incr{Key: b("n"), Delta: 5})
	a.commit()
	c.pull(t, a)
	c.do(t, command.Delete{List: [][]byte{b("n")}}) // leaves a floor until A has seen it
	c.commit()
	scans := func(ticks int) int {
		before := c.mem.scans
		for range ticks {
			if err := c.Tick(); err != nil {
				t.Fatal(err)
			}
		}
		return c.mem.scans - before
	}
	if n := scans(1000); n < 4 || n > 40 {
		t.Fatalf("%d looks at the queue in 1,000 ticks", n)
	}
	a.pull(t, c)
	a.do(t, command.Set{Key: b("other"), Value: b("v")}) // its context tells that A has seen the reset
	a.commit()
	c.pull(t, a)
	held := len(c.mem.cells)
	scans(700) // longer than the longest rest
	c.commit()
	if n := len(c.mem.cells); n != held-2 {
		t.Fatalf("%d cells of %d are left; the floor and its place in the queue should be gone", n, held)
	}
}
