package keyspace_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

func hset(key, field, value string) keyspace.Command {
	return command.HSet{Key: b(key), Fields: []command.FieldValue{{Field: b(field), Value: b(value)}}}
}

func hincr(key, field string, delta int64) keyspace.Command {
	return command.HIncr{Key: b(key), Field: b(field), Delta: delta}
}

func hdel(key, field string) keyspace.Command {
	return command.HDel{Key: b(key), Fields: [][]byte{b(field)}}
}

// The rows of the rule table: what two regions do to a field that both know, and what is
// left of it.
func TestConcurrentWritesOfAField(t *testing.T) {
	del := command.Delete{List: [][]byte{b("h")}}
	for name, c := range map[string]struct {
		before, left, right keyspace.Command
		want                string
	}{
		"HSET f and HSET g":                 {hset("h", "x", "0"), hset("h", "f", "1"), hset("h", "g", "2"), "[f 1 g 2 x 0]"},
		"HSET f and HSET f":                 {hset("h", "f", "0"), hset("h", "f", "1"), hset("h", "f", "2"), "[f 2]"},
		"HSET f and HDEL f":                 {hset("h", "f", "0"), hset("h", "f", "1"), hdel("h", "f"), "[f 1]"},
		"HSET f and DEL":                    {hset("h", "f", "0"), hset("h", "f", "1"), del, "[f 1]"},
		"HINCRBY and HINCRBY":               {hincr("h", "n", 1), hincr("h", "n", 2), hincr("h", "n", 4), "[n 7]"},
		"HINCRBY and HSET":                  {hincr("h", "n", 1), hincr("h", "n", 2), hset("h", "n", "10"), "[n 12]"},
		"HINCRBY and HDEL":                  {hincr("h", "n", 1), hincr("h", "n", 2), hdel("h", "n"), "[n 2]"},
		"HINCRBY and DEL":                   {hincr("h", "n", 1), hincr("h", "n", 2), del, "[n 2]"},
		"HINCRBY of another field and DEL":  {hincr("h", "n", 1), hincr("h", "m", 2), del, "[m 2]"},
		"HINCRBY and SET":                   {hincr("h", "n", 1), hincr("h", "n", 2), command.Set{Key: b("h"), Value: b("v")}, "true v"},
		"HDEL and HDEL":                     {hset("h", "f", "0"), hdel("h", "f"), hdel("h", "f"), "[]"},
		"HINCRBY over a value, and HDEL":    {hset("h", "n", "5"), hincr("h", "n", 2), hdel("h", "n"), "[n 2]"},
		"HINCRBY over a value, and another": {hset("h", "n", "5"), hincr("h", "n", 2), hincr("h", "n", 2), "[n 9]"},
	} {
		regions := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
		x, y, z := regions[0], regions[1], regions[2]
		y.wall.at++ // the greater stamp
		x.do(t, c.before)
		x.commit()
		y.pull(t, x)
		z.pull(t, x)
		x.do(t, c.left)
		x.commit()
		y.wall.at += 5e6
		y.do(t, c.right)
		y.commit()
		z.wall.at += 5e6
		z.pull(t, x)
		z.pull(t, y)
		x.pull(t, y)
		y.pull(t, x)
		for i, r := range regions {
			l := r.look(t, "h")
			got := fmt.Sprint(l.fields)
			if l.err == "" && l.value != "false" {
				got = "true " + l.value[len("true"):]
			}
			if got != c.want {
				t.Errorf("%s: region %d shows %s, want %s", name, i, got, c.want)
			}
			if d := r.digest(t); d.Sum != x.digest(t).Sum {
				t.Errorf("%s: region %d has another digest", name, i)
			}
		}
	}
}

// A string, a set and a hash of one key, written concurrently: the same type everywhere,
// in every order of delivery, and at a region that takes the state over. Each region then
// deletes what it sees, until nothing is left: the same at each step.
func TestThreeTypesOfOneKeyInEveryOrder(t *testing.T) {
	writes := []keyspace.Command{
		command.Set{Key: b("k"), Value: b("v")},
		command.SAdd{Key: b("k"), Members: [][]byte{b("m")}},
		hset("k", "f", "1"),
	}
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for _, first := range orders { // whose stamp is the least
		var writers []*region
		for i, c := range writes {
			r := newRegion(clock.Origin(0x1000 * (i + 1)))
			for rank, w := range first {
				if w == i {
					r.wall.at += 5e6 * 1 << rank
				}
			}
			r.do(t, c)
			r.commit()
			writers = append(writers, r)
		}
		winner := []string{"string", "set", "hash"}[first[2]]
		var want look
		for n, order := range orders {
			r := newRegion(0x9000)
			r.wall.at += 1e9
			for _, i := range order {
				r.pull(t, writers[i])
			}
			taken := newRegion(0xa000)
			taken.wall.at += 1e9
			taken.takeOver(t, r, 1, func() {})
			l := r.look(t, "k")
			if n == 0 {
				want = l
			}
			if !reflect.DeepEqual(l, want) || len(l.siblings) != 3 || l.siblings[0][:len(winner)] != winner {
				t.Errorf("%v, delivered as %v, shows %+v, not %+v", first, order, l, want)
			}
			if x := taken.look(t, "k"); !reflect.DeepEqual(x, l) || taken.digest(t).Sum != r.digest(t).Sum {
				t.Errorf("%v, delivered as %v, shows %+v where it was taken over, not %+v", first, order, x, l)
			}
		}
		deleteInTurn(t, writers)
	}
}

// deleteInTurn lets each writer, having seen one more than itself, delete what it sees.
func deleteInTurn(t *testing.T, writers []*region) {
	t.Helper()
	a, c, d := writers[0], writers[1], writers[2]
	del := command.Delete{List: [][]byte{b("k")}}
	for _, r := range writers {
		r.wall.at += 1e9
	}
	a.do(t, del) // of its own only: the others' show
	a.commit()
	c.pull(t, a)
	d.pull(t, a)
	d.pull(t, c)
	c.pull(t, d)
	a.pull(t, c)
	a.pull(t, d)
	same := func(exists int64) {
		t.Helper()
		want := a.look(t, "k")
		for _, r := range writers {
			if l := r.look(t, "k"); !reflect.DeepEqual(l, want) || l.exists != exists || r.digest(t).Sum != a.digest(t).Sum {
				t.Errorf("one shows %+v, another %+v", l, want)
			}
		}
	}
	same(1)
	c.do(t, del)
	c.commit()
	a.pull(t, c)
	d.pull(t, c)
	same(0)
}

// A node with an empty directory takes a large hash over, counts included.
func TestATransferOfAHashToAnEmptyNode(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.HSet{Key: b("h"), Fields: manyFields(900)})
	a.do(t, hincr("h", "f00007", 4))
	a.commit()
	a.do(t, hdel("h", "f00009"))
	a.commit()
	c.takeOver(t, a, 500, func() {})
	l := c.look(t, "h")
	if l.length != 899 || c.digest(t).Sum != a.digest(t).Sum || !c.Vector().Equal(a.Vector()) {
		t.Fatalf("%d fields at %v, the donor is at %v", l.length, c.Vector(), a.Vector())
	}
	if r := c.do(t, command.HGet{Key: b("h"), Field: b("f00007")})[0]; string(r.Value) != "5" {
		t.Fatalf("the field shows %q", r.Value)
	}
}

// An origin that a deletion had seen is folded before the deletion is swept: what it had
// seen must not come back as a part of the pool.
func TestFoldingDoesNotBringBackWhatADeletionHides(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu", "us")
	eu, us := nodes[1], nodes[2]
	eu.do(t, hincr("h", "n", 3))
	eu.commit()
	for range 2 { // eu's first origin is folded
		eu.restart()
		eu.do(t, command.Set{Key: b("other"), Value: b("1")})
		eu.commit()
		exchange(t, nodes)
	}
	eu.do(t, hincr("h", "n", 5))
	eu.commit()
	us.do(t, command.Delete{List: [][]byte{b("h")}}) // has not seen the 5, and has a pool of 3
	us.commit()
	for range 3 {
		eu.restart()
		eu.do(t, command.Set{Key: b("other"), Value: b("2")})
		eu.commit()
		exchange(t, nodes)
	}
	if eu.Ends().Retired == 0 {
		t.Fatal("no origin has ended")
	}
	for _, r := range nodes {
		for range 50 {
			if err := r.Tick(); err != nil {
				t.Fatal(err)
			}
			r.commit()
		}
		if v := r.do(t, command.HGet{Key: b("h"), Field: b("n")})[0].Value; string(v) != "5" {
			t.Errorf("%s shows %q", r.name, v)
		}
		if a, c := r.digestNow(t), eu.digestNow(t); a.Sum != c.Sum {
			t.Errorf("%s and eu differ at %v and %v", r.name, a.Vector, c.Vector)
		}
	}
}

// A record with fields is refused by none that knows them, and kept waiting by a version
// that does not: what it has not applied it does not claim to have.
func TestAChangeOfALaterKindWaits(t *testing.T) {
	a := newRegion(1)
	a.do(t, hset("h", "f", "1"))
	a.commit()
	body := crdt.Update{Changes: []crdt.Change{{Key: b("h"), UnclaimHash: true}}}
	later := bytes.Replace(body.Append(nil), []byte{128, 2}, []byte{128, 128, 128}, 1)
	f := oplog.NewBuilder(0, 9)
	f.Add(1, clock.VersionVector{}, later)
	settled := false
	a.Merge(f.Frame(), func(error) { settled = true })
	if settled || a.Waiting().Unknown != 1 || a.Vector().Get(9) != 0 {
		t.Fatalf("settled %v, %+v at %v", settled, a.Waiting(), a.Vector())
	}
}

// Verify names the field that differs.
func TestADamagedFieldIsFoundAndHealed(t *testing.T) {
	a, c := pairOf(t, command.HSet{Key: b("h"), Fields: manyFields(5)}, hincr("h", "n", 2))
	for key := range a.mem.cells {
		if key[0] != store.SpaceData {
			continue
		}
		if _, user, name, err := keyspace.UserKey(b(key)); err == nil && string(user) == "h" && string(name) == "n" {
			delete(a.mem.cells, key)
		}
	}
	if heal(t, a, c, "a missing field") != 1 {
		t.Fatal("the difference is not found")
	}
	for range 3 {
		if err := a.Tick(); err != nil {
			t.Fatal(err)
		}
		a.commit()
	}
	if x, y := a.look(t, "h"), c.look(t, "h"); !reflect.DeepEqual(x, y) || x.length != 6 {
		t.Fatalf("%+v is healed, %+v is right", x, y)
	}
}
