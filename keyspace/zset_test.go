package keyspace_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

func zadd(key, member string, score float64) keyspace.Command {
	return command.ZAdd{Key: b(key), Members: []keyspace.Scored{{Member: b(member), Score: score}}}
}

func zincr(key, member string, delta float64) keyspace.Command {
	return command.ZIncr{Key: b(key), Member: b(member), Delta: delta}
}

func zrem(key, member string) keyspace.Command {
	return command.ZRem{Key: b(key), Members: [][]byte{b(member)}}
}

// The rows of the rule table, and the scenarios 9 and 10, over three regions and in every
// order of delivery to the third.
func TestConcurrentWritesOfAScore(t *testing.T) {
	del := command.Delete{List: [][]byte{b("z")}}
	for name, c := range map[string]struct {
		before, left, right keyspace.Command
		want                string
	}{
		"ZADD x and ZADD x":                  {zadd("z", "x", 0), zadd("z", "x", 1), zadd("z", "x", 2), "[x=2]"},
		"ZADD x and ZADD y":                  {zadd("z", "w", 9), zadd("z", "x", 2), zadd("z", "y", 1), "[y=1 x=2 w=9]"},
		"ZINCRBY and ZINCRBY":                {zadd("z", "x", 1.1), zincr("z", "x", 1), zincr("z", "x", 1), "[x=3.1]"},
		"ZINCRBY of nothing, twice":          {zadd("z", "w", 9), zincr("z", "x", 0.1), zincr("z", "x", 0.7), "[x=0.7999999999999999 w=9]"},
		"ZADD 5 and ZINCRBY 1":               {zadd("z", "x", 0), zadd("z", "x", 5), zincr("z", "x", 1), "[x=6]"},
		"ZREM and ZINCRBY":                   {zadd("z", "x", 4.1), zrem("z", "x"), zincr("z", "x", 2), "[x=2]"},
		"ZINCRBY and ZREM, over increments":  {zincr("z", "x", 0.1), zincr("z", "x", 0.2), zrem("z", "x"), "[x=0.2]"},
		"ZREM and ZADD":                      {zadd("z", "x", 1), zrem("z", "x"), zadd("z", "x", 3), "[x=3]"},
		"ZREM and ZREM":                      {zadd("z", "x", 1), zrem("z", "x"), zrem("z", "x"), "[]"},
		"DEL and ZINCRBY":                    {zadd("z", "x", 4.1), del, zincr("z", "x", 2), "[x=2]"},
		"ZINCRBY and DEL, over increments":   {zincr("z", "x", 0.1), zincr("z", "x", 0.2), del, "[x=0.2]"},
		"ZINCRBY of another member, and DEL": {zincr("z", "x", 1), zincr("z", "y", 2), del, "[y=2]"},
		"DEL and ZADD of another":            {zadd("z", "x", 1), del, zadd("z", "y", 2), "[y=2]"},
		"ZPOPMIN and ZPOPMIN":                {zadd("z", "x", 1), command.ZPop{List: [][]byte{b("z")}, Count: 1}, command.ZPop{List: [][]byte{b("z")}, Count: 1}, "[]"},
		"ZINCRBY beyond the range, and back": {zadd("z", "x", 1e308), zincr("z", "x", 1e308), zincr("z", "x", -1e308), "[x=1e+308]"},
		"ZADD x and SET":                     {zadd("z", "x", 1), zadd("z", "x", 2), command.Set{Key: b("z"), Value: b("v")}, "[]"},
	} {
		regions := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000), newRegion(0x4000)}
		x, y := regions[0], regions[1]
		x.do(t, c.before)
		x.commit()
		for _, r := range regions[1:] {
			r.wall.at += 5e6 // the greater stamps
			r.pull(t, x)
		}
		x.do(t, c.left)
		x.commit()
		y.wall.at += 5e6
		y.do(t, c.right)
		y.commit()
		for i, order := range [][2]*region{{y, y}, {x, x}, {x, y}, {y, x}} {
			regions[i].pull(t, order[0])
			checkIndex(t, regions[i], name)
			regions[i].pull(t, order[1])
			checkIndex(t, regions[i], name)
		}
		for i, r := range regions {
			if got := fmt.Sprint(r.look(t, "z").scores); got != c.want {
				t.Errorf("%s: region %d shows %s, want %s", name, i, got, c.want)
			}
			if r.digest(t).Sum != x.digest(t).Sum {
				t.Errorf("%s: region %d has another digest", name, i)
			}
			r.sweepTwice(t)
			checkIndex(t, r, name+", swept")
			if got := fmt.Sprint(r.look(t, "z").scores); got != c.want {
				t.Errorf("%s: region %d, swept, shows %s, want %s", name, i, got, c.want)
			}
		}
	}
}

func (r *region) sweepTwice(t testing.TB) {
	t.Helper()
	for range 8 {
		if err := r.Tick(); err != nil {
			t.Fatal(err)
		}
		r.commit()
	}
}

// checkIndex compares, member by member, what ranges and scores show of the sorted set z.
func checkIndex(t testing.TB, r *region, what string) {
	t.Helper()
	x, _, err := r.Execute([]keyspace.Command{command.ZRange{Key: b("z"), Span: command.Span{Stop: -1}}})
	if err != nil {
		return // another type
	}
	for i, m := range x[0].List {
		s := r.do(t, command.ZScore{Key: b("z"), Members: [][]byte{m}}, command.ZRank{Key: b("z"), Member: m})
		if one := s[0].Replies[0]; !one.Found || one.Score != x[0].Scores[i] || s[1].Int != int64(i) {
			t.Errorf("%s: %q has rank %d and %v in the range, %d and %+v alone", what, m, i, x[0].Scores[i], s[1].Int, one)
		}
	}
	r.look(t, "z")
}

// What several regions do to a few members, in any order of delivery: ranges agree with
// scores at every moment, and all regions in the end. Sweeps, transfers and restarts come
// in between.
func TestRangesAgreeWithScoresAtEveryMoment(t *testing.T) {
	for seed := uint64(1); seed <= histories(300); seed++ {
		rng := rand.New(rand.NewPCG(seed, 9))
		regions := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
		for range 30 {
			i := rng.IntN(3)
			r, other := regions[i], regions[(i+1+rng.IntN(2))%3]
			switch rng.IntN(8) {
			case 0, 1:
				r.merge(t, other)
			case 2:
				if err := r.Tick(); err != nil {
					t.Fatal(err)
				}
			case 3:
				r.commit()
				other.commit()
				if rng.IntN(3) == 0 {
					r.takeOver(t, other, 1+rng.IntN(200), func() { checkIndex(t, r, "amid a transfer") })
				}
			default:
				r.act(t, rng)
			}
			r.wall.at += 1e6
			checkIndex(t, r, fmt.Sprint("seed ", seed))
			if rng.IntN(2) == 0 {
				r.commit()
				checkIndex(t, r, fmt.Sprint("seed ", seed, ", committed"))
			}
		}
		for range 2 {
			for _, r := range regions {
				r.commit()
				for _, o := range regions {
					if o != r {
						o.commit()
						r.merge(t, o)
					}
				}
				r.commit()
			}
		}
		for _, r := range regions {
			r.sweepTwice(t)
			r.checkPlaces(t)
			if !r.Vector().Equal(regions[0].Vector()) {
				continue // what a transfer brought has no frames
			}
			if a, c := r.look(t, "z"), regions[0].look(t, "z"); !reflect.DeepEqual(a.scores, c.scores) || r.digest(t).Sum != regions[0].digest(t).Sum {
				t.Errorf("seed %d: one shows %v, another %v", seed, a.scores, c.scores)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

func (r *region) act(t *testing.T, rng *rand.Rand) {
	var cmds []keyspace.Command
	for range 1 + rng.IntN(2) {
		c := someScore(rng, b("z"), b(string(rune('p'+rng.IntN(4)))))
		if rng.IntN(9) == 0 {
			c = command.Delete{List: [][]byte{b("z")}}
		}
		cmds = append(cmds, c)
	}
	if _, _, err := r.Execute(cmds); err != nil && err.Error() != command.ErrNotScore.Error() {
		t.Fatalf("%v: %v", cmds, err)
	}
}

// checkPlaces checks that each member that lies in the store, hidden or not, has one place
// in the index, and that there are no others.
func (r *region) checkPlaces(t *testing.T) {
	t.Helper()
	members, places := 0, 0
	for key := range r.mem.cells {
		if key[0] != store.SpaceData {
			continue
		}
		switch keyspace.KindOf(b(key)) {
		case 0x40:
			f, err := crdt.DecodeScore(r.mem.cells[key])
			if err != nil {
				t.Fatal(err)
			}
			score, live := f.Score()
			if !live {
				continue
			}
			_, _, member, _ := keyspace.UserKey(b(key))
			members++
			if _, ok := r.mem.cells[string(keyspace.IndexKey(b("z"), score, member))]; !ok {
				t.Errorf("%q has no place at %v", member, score)
			}
		case 0x41:
			places++
		}
	}
	if members != places {
		t.Errorf("%d members, %d places in the index", members, places)
	}
}

// A node with an empty directory takes a large sorted set over, with its index and count.
func TestATransferOfASortedSetToAnEmptyNode(t *testing.T) {
	a, c := newRegion(1), newRegion(2)
	a.do(t, command.ZAdd{Key: b("z"), Members: manyScored(900)})
	a.do(t, zincr("z", "m00007", 0.25))
	a.commit()
	a.do(t, zrem("z", "m00009"))
	a.commit()
	c.takeOver(t, a, 500, func() {})
	x, y := a.look(t, "z"), c.look(t, "z")
	if y.zcard != 899 || !reflect.DeepEqual(x, y) || c.digest(t).Sum != a.digest(t).Sum {
		t.Fatalf("%d members at %v, the donor is at %v", y.zcard, c.Vector(), a.Vector())
	}
	c.checkPlaces(t)
	again := c.twin() // opened anew
	if z := again.look(t, "z"); !reflect.DeepEqual(z.scores, x.scores) {
		t.Fatalf("a restart shows %v", z.scores)
	}
}

func manyScored(n int) (list []keyspace.Scored) {
	for i := range n {
		list = append(list, keyspace.Scored{Member: fmt.Appendf(nil, "m%05d", i), Score: float64(i*7919%n) / 4})
	}
	return list
}

// A range reads what it shows, however large the sorted set is, from either end.
func TestARangeReadsWhatItShows(t *testing.T) {
	a := newRegion(1)
	a.do(t, command.ZAdd{Key: b("z"), Members: manyScored(5000)})
	a.commit()
	for name, c := range map[string]struct {
		cmd  keyspace.Command
		want string
	}{
		"the first":     {command.ZRange{Key: b("z"), Span: command.Span{Start: 0, Stop: 1}}, "[0 0.25]"},
		"the last":      {command.ZRange{Key: b("z"), Span: command.Span{Start: -2, Stop: -1}}, "[1249.5 1249.75]"},
		"by score":      {command.ZRange{Key: b("z"), Span: command.Span{By: command.ByScore, Min: command.Bound{Score: 600, Open: true}, Max: command.Bound{Score: 600.5}, Limit: -1}}, "[600.25 600.5]"},
		"back":          {command.ZRange{Key: b("z"), Span: command.Span{By: command.ByScore, Min: command.Bound{Score: 600}, Max: command.Bound{Score: 700, Open: true}, Offset: 1, Limit: 2, Reverse: true}}, "[699.5 699.25]"},
		"the least":     {command.ZPop{List: [][]byte{b("z")}, Count: 2}, "[0 0.25]"},
		"the greatest":  {command.ZPop{List: [][]byte{b("z")}, Count: 1, Max: true}, "[1249.75]"},
		"one at random": {command.ZRange{Key: b("z"), Span: command.Span{Start: 3, Stop: 3}}, "[0.75]"},
	} {
		a.mem.steps = 0
		x := a.twin()
		x.mem.steps = 0
		got := x.do(t, c.cmd)[0].Scores
		if fmt.Sprint(got) != c.want || x.mem.steps > 12 {
			t.Errorf("%s: %v after %d steps, want %s", name, got, x.mem.steps, c.want)
		}
	}
}

// Members of a deleted sorted set that are not swept yet do not show, nor do they stand in
// the way of what is added after.
func TestTheIndexOfADeletedSortedSetDoesNotShow(t *testing.T) {
	a := newRegion(1)
	a.do(t, command.ZAdd{Key: b("z"), Members: manyScored(50)})
	a.commit()
	a.do(t, command.Delete{List: [][]byte{b("z")}})
	a.commit()
	a.do(t, zadd("z", "m00003", 7), zadd("z", "new", 3))
	a.commit()
	if got := fmt.Sprint(a.look(t, "z").scores); got != "[new=3 m00003=7]" {
		t.Errorf("before the sweep: %s", got)
	}
	a.sweepTwice(t)
	a.checkPlaces(t)
	if got := fmt.Sprint(a.look(t, "z").scores); got != "[new=3 m00003=7]" {
		t.Errorf("after the sweep: %s", got)
	}
}

// Whatever happens to a cell of a sorted set on disk, members or index, verification finds
// it, and a repair and a sweep make it as it was.
func TestADamagedSortedSetIsFoundAndHealed(t *testing.T) {
	flips := map[string]func(cells map[string][]byte, key string){
		"gone":          func(cells map[string][]byte, key string) { delete(cells, key) },
		"another value": func(cells map[string][]byte, key string) { cells[key] = []byte{9} },
		"another key": func(cells map[string][]byte, key string) {
			flipped := b(key)
			flipped[len(key)-1] ^= 1
			cells[string(flipped)] = cells[key]
			delete(cells, key)
		},
		"another score": func(cells map[string][]byte, key string) {
			if keyspace.KindOf(b(key)) == 0x41 {
				flipped := b(key)
				flipped[len(key)-8] ^= 4
				cells[string(flipped)] = cells[key]
				delete(cells, key)
				return
			}
			f, _ := crdt.DecodeScore(cells[key])
			f.Register.Siblings[0].Value = crdt.AppendScore(nil, 77)
			cells[key] = f.Append(nil)
		},
	}
	for name, flip := range flips {
		for _, kind := range []byte{0x40, 0x41} {
			what := fmt.Sprintf("%s, kind %x", name, kind)
			a, c := pairOf(t, command.ZAdd{Key: b("z"), Members: manyScored(20)}, zincr("z", "m00004", 0.5))
			for _, key := range slices.Sorted(maps.Keys(a.mem.cells)) {
				if key[0] == store.SpaceData && keyspace.KindOf(b(key)) == kind && key[len(key)-1] == '3' {
					flip(a.mem.cells, key)
					break
				}
			}
			if heal(t, a, c, what) != 1 {
				t.Fatalf("%s: the damage is not found", what)
			}
			if !reflect.DeepEqual(a.look(t, "z").scores, c.look(t, "z").scores) {
				t.Errorf("%s: before the sweep %v, want %v", what, a.look(t, "z").scores, c.look(t, "z").scores)
			}
			a.sweepTwice(t)
			a.checkPlaces(t)
			if x, y := a.look(t, "z"), c.look(t, "z"); !reflect.DeepEqual(x, y) {
				t.Errorf("%s: %+v is healed, %+v is right", what, x, y)
			}
			if heal(t, a, c, what) != 0 {
				t.Errorf("%s: something is left", what)
			}
		}
	}
}

// Restarts fold origins into pools: a score stays the same to the last bit.
func TestFoldingKeepsScores(t *testing.T) {
	nodes := newRestarters(t, "ap", "eu", "us")
	want := ""
	for round := range 6 {
		for i, r := range nodes {
			r.do(t, zincr("z", "m", []float64{0.1, 1e16, -3.3}[(i+round)%3]), zincr("z", fmt.Sprint(i), 0.7))
			r.commit()
		}
		exchange(t, nodes)
		nodes[round%3].restart()
		for _, r := range nodes {
			r.do(t, command.Set{Key: b("other"), Value: b("1")})
			r.commit()
		}
		exchange(t, nodes)
		for i, r := range nodes {
			r.sweepTwice(t)
			got := fmt.Sprint(r.look(t, "z").scores)
			if i == 0 {
				want = got
			}
			if got != want || r.digestNow(t).Sum != nodes[0].digestNow(t).Sum {
				t.Fatalf("round %d: %s shows %s, the first %s", round, r.name, got, want)
			}
			checkIndex(t, r.region, r.name)
		}
	}
	if nodes[1].Ends().Retired == 0 {
		t.Fatal("no origin has ended")
	}
}

// A deletion of an unknown part of a sorted set leaves members whose cells were not touched.
func TestADeletionThatSawOneOfTwoScores(t *testing.T) {
	x, y, z := newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)
	x.do(t, zadd("z", "m", 1), zadd("z", "n", 5))
	x.commit()
	y.wall.at += 5e6
	y.do(t, zadd("z", "m", 9)) // the greater stamp is shown
	y.commit()
	z.wall.at += 9e6
	z.pull(t, y)
	z.do(t, command.Delete{List: [][]byte{b("z")}})
	z.commit()
	for _, r := range []*region{x, y, z} {
		r.pull(t, x)
		r.pull(t, y)
		r.pull(t, z)
		if got := fmt.Sprint(r.look(t, "z").scores); got != "[m=1 n=5]" {
			t.Errorf("shown: %s", got)
		}
		checkIndex(t, r, "not swept")
		r.sweepTwice(t)
		r.checkPlaces(t)
		checkIndex(t, r, "swept")
	}
}
