package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

func isNotFound(err error) bool { return errors.Is(err, client.ErrNotFound) }

func isWrongType(err error) bool { return errors.Is(err, client.ErrWrongType) }

var three = []string{"us", "eu", "ap"}

// must stops the test on an error.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestIncrementsUnderCuts: 10,000 increments of one key in each of three regions,
// links cut and healed at random meanwhile: exactly 30,000 everywhere.
func TestIncrementsUnderCuts(t *testing.T) {
	c := start(t, three)
	stop := make(chan struct{})
	var chaos, load sync.WaitGroup
	chaos.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(150)) * time.Millisecond):
			}
			a := rand.IntN(3)
			switch rand.IntN(4) {
			case 0:
				c.dev("heal")
			case 1:
				c.dev("cut", three[a], three[(a+1)%3], "--one-way")
			default:
				c.dev("cut", three[a], three[(a+1)%3])
			}
		}
	})
	for _, r := range three {
		counter := c.at(r).Counter("n")
		for range 8 {
			load.Go(func() {
				for range 10_000 / 8 {
					if _, err := counter.Incr(t.Context(), 1); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	load.Wait()
	time.Sleep(time.Second) // a few more cuts with updates still on their way
	close(stop)
	chaos.Wait()
	c.heal()
	c.converge()
	for _, r := range three {
		if n := must(c.at(r).Counter("n").Get(t.Context()))(t); n != 30_000 {
			t.Errorf("%s counts %d, want 30000", r, n)
		}
	}
}

// TestSimultaneousSets: 2,000 keys SET in all regions at the same instant: no key
// differs afterwards, and every value is one that somebody wrote.
func TestSimultaneousSets(t *testing.T) {
	c := start(t, three)
	const keys = 2000
	var begin, load sync.WaitGroup
	begin.Add(1)
	for _, r := range three {
		for w := range 4 {
			cl := c.at(r)
			load.Go(func() {
				begin.Wait()
				for i := w; i < keys; i += 4 {
					key := fmt.Sprintf("k%d", i)
					if err := cl.Register(key).Set(t.Context(), []byte(r+key)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	begin.Done()
	load.Wait()
	c.converge()
	for i := range keys {
		key := fmt.Sprintf("k%d", i)
		shown := get(t, c.at("us"), key)
		for _, r := range three {
			if v := get(t, c.at(r), key); v != shown {
				t.Fatalf("%s differs: us shows %q, %s shows %q", key, shown, r, v)
			}
		}
		if shown != "us"+key && shown != "eu"+key && shown != "ap"+key {
			t.Fatalf("%s shows %q, which nobody wrote", key, shown)
		}
	}
}

// TestConflicts: the table of the README, over three regions with links cut.
func TestConflicts(t *testing.T) {
	c := start(t, three)
	ctx := t.Context()
	us, eu, ap := c.at("us"), c.at("eu"), c.at("ap")
	ok(t, us.Register("both").Set(ctx, []byte("old")))
	must(us.Set("s").Add(ctx, "x", "gone"))(t)
	must(us.Counter("n").Incr(ctx, 5))(t)
	must(us.Set("all").Add(ctx, "a", "b"))(t)
	c.converge()
	c.isolate()

	must(us.Set("s").Remove(ctx, "x", "gone"))(t) // SREM beside SADD
	must(eu.Set("s").Add(ctx, "x"))(t)
	must(ap.Set("s").Remove(ctx, "x"))(t)
	must(us.Register("both").Delete(ctx))(t) // DEL beside SET
	ok(t, eu.Register("both").Set(ctx, []byte("kept")))
	must(us.Counter("n").Reset(ctx))(t) // reset beside INCR
	must(eu.Counter("n").Incr(ctx, 2))(t)
	ok(t, us.Register("mix").Set(ctx, []byte("10"))) // SET beside INCR
	must(ap.Counter("mix").Incr(ctx, 1))(t)
	must(us.Delete(ctx, "all"))(t) // DEL of a set beside SADD
	must(eu.Set("all").Add(ctx, "y"))(t)
	ok(t, us.Register("typed").Set(ctx, []byte("string"))) // two types of one key
	ok(t, eu.Register("later").Set(ctx, []byte("first")))
	// Stamps of one millisecond are ordered by how busy each node was in it.
	time.Sleep(300 * time.Millisecond)
	must(eu.Set("typed").Add(ctx, "m"))(t)
	ok(t, us.Register("later").Set(ctx, []byte("second")))

	c.heal()
	c.converge()
	for _, r := range three {
		cl := c.at(r)
		for key, want := range map[string]string{"s": "x", "all": "y", "typed": "m"} {
			if got := members(t, cl, key); got != want {
				t.Errorf("%s: %s holds {%s}, want {%s}", r, key, got, want)
			}
		}
		for key, want := range map[string]string{"both": "kept", "n": "2", "mix": "11", "later": "second"} {
			if got := get(t, cl, key); got != want {
				t.Errorf("%s: %s = %q, want %q", r, key, got, want)
			}
		}
		list := must(cl.Register("later").Siblings(ctx))(t)
		if len(list) != 2 || string(list[0].Value) != "second" || string(list[1].Value) != "first" || !list[0].Shown {
			t.Errorf("%s: siblings of later: %+v", r, list)
		}
	}
	ok(t, ap.Register("later").Set(ctx, []byte("resolved")))
	must(ap.Delete(ctx, "typed"))(t) // saw both types: removes both
	c.converge()
	if list := must(us.Register("later").Siblings(ctx))(t); len(list) != 1 || string(list[0].Value) != "resolved" {
		t.Errorf("siblings after a write that saw both: %+v", list)
	}
	if n := must(us.Exists(ctx, "typed"))(t); n != 0 {
		t.Error("a DEL that saw both types left one")
	}
}

// TestRelay: with us–ap cut and both links to eu alive, writes of us reach ap in under
// three seconds, and back; never an effect without its cause.
func TestRelay(t *testing.T) {
	c := start(t, three)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c.dev("cut", "us", "ap")
	reach := func(from, to, key string) {
		t.Helper()
		ok(t, c.at(from).Register(key).Set(ctx, []byte("1")))
		start := time.Now()
		for get(t, c.at(to), key) != "1" {
			if time.Since(start) > 3*time.Second {
				t.Fatalf("%s did not reach %s in 3 s", key, to)
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Logf("%s → %s in %v", from, to, time.Since(start).Round(time.Millisecond))
	}
	reach("us", "ap", "first")
	reach("us", "ap", "again")
	reach("ap", "us", "back")

	// eu sees us's write and then writes: ap never shows the second without the first.
	for i := range 20 {
		k, j := fmt.Sprintf("cause%d", i), fmt.Sprintf("effect%d", i)
		ok(t, c.at("us").Register(k).Set(ctx, []byte("1")))
		for get(t, c.at("eu"), k) == "" {
			time.Sleep(time.Millisecond)
		}
		ok(t, c.at("eu").Register(j).Set(ctx, []byte("2")))
		for get(t, c.at("ap"), j) == "" {
			time.Sleep(time.Millisecond)
		}
		if get(t, c.at("ap"), k) == "" {
			t.Fatalf("ap shows %s without %s", j, k)
		}
	}
	c.heal()
	c.dev("cut", "us", "ap", "--one-way") // ap still hears us
	reach("us", "ap", "heard")
	reach("ap", "us", "around")
}
