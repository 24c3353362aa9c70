package keyspace_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

func bcreate(bound, value int64) keyspace.Command {
	return command.BCreate{Key: b("stock"), Bound: bound, Value: value}
}
func bincr(n int64) keyspace.Command { return command.BIncr{Key: b("stock"), N: n} }
func bdecr(n int64) keyspace.Command { return command.BDecr{Key: b("stock"), N: n} }

// buy spends one unit, and tells whether it could.
func (r *region) buy(t testing.TB) bool {
	t.Helper()
	reply := r.do(t, bdecr(1))[0]
	r.commit()
	var none *command.NoRightsError
	if reply.Err != nil && !errors.As(reply.Err, &none) {
		t.Fatal(reply.Err)
	}
	return reply.Err == nil
}

// tick lets a region answer wishes.
func (r *region) tick(t testing.TB) {
	t.Helper()
	if err := r.Tick(); err != nil {
		t.Fatal(err)
	}
	r.commit()
}

// hear merges what can be merged of what a region has committed.
func (r *region) hear(from *region) {
	for _, f := range from.frames {
		if f.Last() > r.Head(f.Origin).Seq {
			r.Merge(f, func(error) {})
		}
	}
	r.commit()
}

// stock reads a bounded counter.
func (r *region) stock(t testing.TB) string {
	t.Helper()
	got, _, err := r.Execute([]keyspace.Command{command.BGet{Key: b("stock")}})
	switch {
	case err != nil:
		return err.Error()
	case !got[0].Found:
		return "none"
	}
	return fmt.Sprint(got[0].Int)
}

// The rows of the rule table, in both orders of delivery, and by a transfer.
func TestConcurrentWritesOfABoundedCounter(t *testing.T) {
	del := command.Delete{List: [][]byte{b("stock")}}
	give := command.BGrant{Key: b("stock"), Region: "r", N: 40}
	for name, c := range map[string]struct {
		before      []keyspace.Command
		left, right keyspace.Command
		want        string
	}{
		"spend and spend":       {[]keyspace.Command{bcreate(0, 100)}, bdecr(10), bdecr(20), "70"},
		"spend and add":         {[]keyspace.Command{bcreate(0, 100)}, bdecr(10), bincr(5), "95"},
		"spend and grant":       {[]keyspace.Command{bcreate(0, 100)}, give, bdecr(10), "90"},
		"spend and DEL":         {[]keyspace.Command{bcreate(0, 100)}, bdecr(10), del, "none"},
		"add and DEL":           {[]keyspace.Command{bcreate(0, 100)}, del, bincr(10), "none"},
		"DEL and DEL":           {[]keyspace.Command{bcreate(0, 100)}, del, del, "none"},
		"create and create":     {nil, bcreate(0, 3), bcreate(0, 5), "5"},
		"create and SADD":       {nil, bcreate(0, 3), command.SAdd{Key: b("stock"), Members: [][]byte{b("x")}}, keyspace.ErrWrongType.Error()},
		"SADD and create":       {nil, command.SAdd{Key: b("stock"), Members: [][]byte{b("x")}}, bcreate(0, 3), "3"},
		"spend and SET":         {[]keyspace.Command{bcreate(0, 100)}, bdecr(10), command.Set{Key: b("stock"), Value: b("v")}, keyspace.ErrWrongType.Error()},
		"SET and a later spend": {[]keyspace.Command{bcreate(0, 100)}, command.Set{Key: b("stock"), Value: b("v")}, bdecr(10), keyspace.ErrWrongType.Error()},
	} {
		regions := append(three(), newRegion(0x4000))
		x, y := regions[0], regions[1]
		y.do(t, command.Incr{Key: b("n"), Delta: 1}) // y can be granted rights
		y.commit()
		x.pull(t, y)
		for _, cmd := range c.before {
			x.do(t, cmd)
			x.do(t, command.BGrant{Key: b("stock"), Region: "r", N: 50})
			x.commit()
		}
		for _, r := range regions[1:] {
			r.pass(5 * time.Millisecond)
			r.pull(t, y)
			r.pull(t, x)
		}
		x.do(t, c.left)
		x.commit()
		y.pass(5 * time.Millisecond)
		y.do(t, c.right)
		y.commit()
		for i, order := range [][2]*region{{y, y}, {x, x}, {x, y}, {y, x}} {
			regions[i].pull(t, order[0])
			regions[i].stock(t)
			regions[i].pull(t, order[1])
		}
		taken := newRegion(0x5000)
		taken.pass(time.Second)
		taken.takeOver(t, x, 1, func() {})
		for i, r := range append(regions, taken) {
			for _, when := range []string{"", ", swept,"} {
				if got := r.stock(t); got != c.want {
					t.Errorf("%s: region %d%s has %s, want %s", name, i, when, got, c.want)
				}
				r.sweepAll(t)
			}
			if r.digest(t).Sum != x.digest(t).Sum {
				t.Errorf("%s: region %d has other bytes", name, i)
			}
		}
	}
}

// Scenario 24: both sides of a cut sell until they are refused; the rest can be sold after it.
func TestACutBoundedCounterIsNotOversold(t *testing.T) {
	r := three()
	r[1].do(t, command.Incr{Key: b("n"), Delta: 1})
	r[1].commit()
	r[0].pull(t, r[1])
	r[0].do(t, bcreate(0, 100))
	r[0].do(t, command.BGrant{Key: b("stock"), Region: "r", N: 30})
	r[0].commit()
	level(t, r...)
	sold := []int{0, 0, 0}
	for i, x := range r {
		for x.buy(t) {
			sold[i]++
		}
	}
	if !slices.Equal(sold, []int{70, 30, 0}) {
		t.Fatalf("sold %v", sold)
	}
	level(t, r...)
	for i, x := range r {
		if got := x.stock(t); got != "0" {
			t.Errorf("region %d has %s left", i, got)
		}
	}
}

// Scenario 26: a rate limit for all regions.
func TestABoundedCounterIsAGlobalRateLimit(t *testing.T) {
	r := three()
	r[0].do(t, bcreate(0, 4))
	r[0].commit()
	level(t, r...)
	passed := 0
	for i := range 20 {
		if r[i%3].buy(t) {
			passed++
		}
	}
	level(t, r...)
	if passed != 4 || r[2].stock(t) != "0" {
		t.Fatalf("%d passed, %s are left", passed, r[2].stock(t))
	}
}

// Three regions buy at once, over links that are cut at random: never too much, and all in the end.
func TestAThousandUnitsAreSoldOnce(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := three()
		r[0].do(t, bcreate(0, 1000))
		r[0].commit()
		level(t, r...)
		sold, by, cut := 0, [3]int{}, map[[2]int]bool{}
		step := func(links bool) {
			from, to := rng.IntN(3), rng.IntN(3)
			switch k := rng.IntN(8); {
			case k < 4 && r[from].buy(t):
				sold++
				by[from]++
			case k < 6 && from != to && (links || !cut[[2]int{from, to}]):
				r[to].hear(r[from])
				r[to].tick(t)
			case k == 6:
				cut[[2]int{from, to}] = rng.IntN(2) == 0
			default:
				for _, x := range r {
					x.pass(100 * time.Millisecond)
				}
			}
			if sold > 1000 {
				t.Fatalf("seed %d: sold %d of 1000", seed, sold)
			}
		}
		for range 600 {
			step(false)
		}
		for i := 0; sold < 1000; i++ {
			if i > 100_000 {
				t.Fatalf("seed %d: sold only %d", seed, sold)
			}
			step(true)
		}
		for i := range 18 {
			r[i%3].hear(r[(i+1)%3])
			r[i%3].hear(r[(i+2)%3])
		}
		level(t, r...)
		for i, x := range r {
			if by[i] == 0 {
				t.Errorf("seed %d: region %d was granted nothing", seed, i)
			}
			if x.buy(t) || x.stock(t) != "0" {
				t.Errorf("seed %d: region %d has %s left", seed, i, x.stock(t))
			}
		}
	}
}

func TestABoundedCounterRefuses(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, bcreate(-2, 3))
	key := b("stock")
	for name, c := range map[string]struct {
		cmd  keyspace.Command
		want string
	}{
		"a second one":            {bcreate(0, 1), command.ErrExists.Error()},
		"below its bound":         {command.BCreate{Key: b("x"), Bound: 2, Value: 1}, command.ErrBound.Error()},
		"a spend of nothing":      {bdecr(0), command.ErrAmount.Error()},
		"a spend that adds":       {bdecr(-3), command.ErrAmount.Error()},
		"an addition that spends": {bincr(-3), command.ErrAmount.Error()},
		"what does not fit":       {bincr(1<<63 - 1), keyspace.ErrOverflow.Error()},
		"nothing":                 {command.BDecr{Key: b("y"), N: 1}, command.ErrNoKey.Error()},
		"another region":          {command.BGrant{Key: key, Region: "mars", N: 1}, command.ErrNoRegion.Error()},
		"itself":                  {command.BGrant{Key: key, Region: "r", N: 1}, command.ErrNoRegion.Error()},
		"more than there is":      {bdecr(6), "6 wanted, 5 are left above the bound"},
		"a copy":                  {command.Copy{From: key, To: b("z")}, command.ErrPinned.Error()},
		"another name":            {command.Rename{From: key, To: b("z")}, command.ErrPinned.Error()},
		"GET":                     {command.Get{Key: key}, keyspace.ErrWrongType.Error()},
	} {
		replies, _, err := r.Execute([]keyspace.Command{c.cmd})
		if err == nil {
			err = replies[0].Err
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if got := r.do(t, bdecr(5))[0]; got.Err != nil || got.Int != -2 || r.stock(t) != "-2" {
		t.Errorf("after the last spend %+v, %s", got, r.stock(t))
	}
}

// What an incarnation that has ended may spend stays: its node takes it over only when it is told to, and
// when everybody has seen the incarnation to its end.
func TestRightsOfAnIncarnationThatEnded(t *testing.T) {
	nodes := newRestarters(t, "us", "eu")
	us, eu := nodes[0], nodes[1]
	us.do(t, bcreate(0, 10))
	us.commit()
	eu.do(t, command.Incr{Key: b("n"), Delta: 1})
	eu.commit()
	exchange(t, nodes)
	us.restart()
	reclaim := command.BReclaim{Key: b("stock")}
	if got := us.do(t, reclaim)[0].Int; got != 0 || us.buy(t) {
		t.Fatalf("took %d over at once, or sold them", got)
	}
	us.commit()
	exchange(t, nodes)
	if us.buy(t) {
		t.Fatal("sold what an earlier incarnation held")
	}
	if got := us.do(t, reclaim)[0].Int; got != 10 {
		t.Fatalf("took over %d of 10", got)
	}
	us.commit()
	for range 10 {
		if !us.buy(t) {
			t.Fatal("cannot sell what it took over")
		}
	}
	exchange(t, nodes)
	if got := us.do(t, reclaim)[0].Int; got != 0 || us.buy(t) || eu.stock(t) != "0" {
		t.Fatalf("took over %d again; eu has %s", got, eu.stock(t))
	}
	if got := eu.do(t, command.BRights{Key: b("stock")})[0].Accounts; len(got) != 1 || got[0].Rights != 0 || got[0].Region != "us" {
		t.Errorf("accounts that are left: %+v", got)
	}
}
