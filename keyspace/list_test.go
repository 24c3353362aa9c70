package keyspace_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

func push(to keyspace.End, values string) keyspace.Command {
	var list [][]byte
	for v := range strings.FieldsSeq(values) {
		list = append(list, b(v))
	}
	return command.Push{Key: b("l"), Values: list, To: to}
}

func rpush(values string) keyspace.Command { return push(keyspace.Back, values) }
func lpush(values string) keyspace.Command { return push(keyspace.Front, values) }
func lpop(n int64) keyspace.Command        { return command.Pop{Key: b("l"), Count: n} }
func rpop(n int64) keyspace.Command {
	return command.Pop{Key: b("l"), From: keyspace.Back, Count: n}
}

func lrem(value string) keyspace.Command { return command.LRem{Key: b("l"), Value: b(value)} }

func lset(index int64, value string) keyspace.Command {
	return command.LSet{Key: b("l"), Index: index, Value: b(value)}
}

func after(pivot, value string) keyspace.Command {
	return command.LInsert{Key: b("l"), Pivot: b(pivot), Value: b(value)}
}

func before(pivot, value string) keyspace.Command {
	return command.LInsert{Key: b("l"), Before: true, Pivot: b(pivot), Value: b(value)}
}

// list reads a list from its front, from its back and by index, which must agree.
func (r *region) list(t testing.TB, key string) string {
	t.Helper()
	got, _, err := r.Execute([]keyspace.Command{
		command.LRange{Key: b(key), Stop: -1}, command.LLen{Key: b(key)}, command.LPos{Key: b(key), Value: b("no such value"), Rank: -1},
	})
	if err != nil {
		return err.Error()
	}
	values := make([]string, 0, len(got[0].List))
	for i, v := range got[0].List {
		values = append(values, string(v))
		for _, index := range []int{i, i - len(got[0].List)} {
			if x := r.do(t, command.LIndex{Key: b(key), Index: int64(index)})[0]; !bytes.Equal(x.Value, v) {
				t.Fatalf("LINDEX %d is %q, LRANGE shows %q", index, x.Value, got[0].List)
			}
		}
	}
	if int(got[1].Int) != len(values) {
		t.Fatalf("LLEN %d, LRANGE %q", got[1].Int, values)
	}
	return strings.Join(values, " ")
}

// The rows of the rule table, and the scenarios 11 and 12, in both orders of delivery.
func TestConcurrentWritesOfAList(t *testing.T) {
	del := command.Delete{List: [][]byte{b("l")}}
	trim := command.LTrim{Key: b("l"), Start: 1, Stop: 1}
	move := command.LMove{Source: b("l"), Into: b("l")}
	for name, c := range map[string]struct {
		before, left, right keyspace.Command
		want                string
	}{
		"RPUSH and RPUSH, to nothing":     {command.LLen{}, rpush("a b"), rpush("c d"), "a b c d"},
		"RPUSH and RPUSH":                 {rpush("x"), rpush("a b"), rpush("c d"), "x a b c d"},
		"LPUSH and LPUSH":                 {rpush("x"), lpush("a b"), lpush("c d"), "d c b a x"},
		"LPUSH and RPUSH, to nothing":     {command.LLen{}, rpush("a b"), lpush("c d"), "d c a b"},
		"LINSERT after x, twice":          {rpush("x z"), after("x", "y1"), after("x", "y2"), "x y1 y2 z"},
		"LINSERT before z, twice":         {rpush("x z"), before("z", "y1"), before("z", "y2"), "x y1 y2 z"},
		"LINSERT before the first, twice": {rpush("x"), before("x", "y1"), before("x", "y2"), "y2 y1 x"},
		"LINSERT at the end, and RPUSH":   {rpush("x"), after("x", "y"), rpush("a b"), "x y a b"},
		"LPUSH and DEL":                   {rpush("x"), lpush("y"), del, "y"},
		"DEL and RPUSH":                   {rpush("x"), del, rpush("y z"), "y z"},
		"LPOP and LPOP":                   {rpush("a b c"), lpop(1), lpop(1), "b c"},
		"LPOP and RPOP of the last":       {rpush("a"), lpop(1), rpop(1), ""},
		"LPOP and LPOP 2":                 {rpush("a b c"), lpop(1), lpop(2), "c"},
		"LPOP and LPUSH":                  {rpush("a b"), lpop(2), lpush("c"), "c"},
		"LSET and LSET":                   {rpush("a b"), lset(1, "x"), lset(1, "y"), "a y"},
		"LSET and LREM":                   {rpush("a b c"), lset(1, "x"), lrem("b"), "a x c"},
		"LREM and LSET":                   {rpush("a b c"), lrem("b"), lset(1, "x"), "a x c"},
		"LSET and LPOP":                   {rpush("a b"), lset(0, "x"), lpop(1), "x b"},
		"LREM and LREM":                   {rpush("a b a"), lrem("a"), lrem("a"), "b"},
		"LTRIM and RPUSH":                 {rpush("a b c"), trim, rpush("d e"), "b d e"},
		"LTRIM of all and LPUSH":          {rpush("a b"), command.LTrim{Key: b("l"), Start: 1}, lpush("c"), "c"},
		"LINSERT and LREM of its pivot":   {rpush("a b c"), after("b", "x"), lrem("b"), "a x c"},
		"LINSERT and LTRIM around it":     {rpush("a b c"), before("c", "x"), trim, "b x"},
		"LMOVE and LMOVE":                 {rpush("a b"), move, move, "a a b"},
		"RPUSH and SET":                   {rpush("a"), rpush("b"), command.Set{Key: b("l"), Value: b("v")}, keyspace.ErrWrongType.Error()},
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
			regions[i].list(t, "l")
			regions[i].pull(t, order[1])
		}
		taken := newRegion(0x5000)
		taken.wall.at += 1e9
		taken.takeOver(t, x, 1, func() {})
		for i, r := range append(regions, taken) {
			for _, when := range []string{"", ", swept,"} {
				if got := r.list(t, "l"); got != c.want {
					t.Errorf("%s: region %d%s shows %q, want %q", name, i, when, got, c.want)
				}
				if r.digest(t).Sum != x.digest(t).Sum {
					t.Errorf("%s: region %d%s has another digest", name, i, when)
				}
				r.sweepAll(t)
			}
		}
	}
}

// Commands that follow each other in one region stay together, and neither what another
// region pushes meanwhile nor what a third one inserts comes between.
func TestRunsOfThreeRegionsInEveryOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		writers := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
		writers[0].do(t, rpush("x"))
		writers[0].commit()
		for i, r := range writers {
			if i > 0 {
				r.pull(t, writers[0])
			}
		}
		for round := range 3 { // at the same time: stamps alternate
			for i, r := range writers {
				r.wall.at += 1e6
				run := fmt.Sprintf("%c%d", 'a'+i, round)
				r.do(t, rpush(run+" "+run+" !"), lpush(run), after("x", run))
				r.commit()
			}
		}
		reader := newRegion(0x9000)
		reader.wall.at += 1e9
		for _, i := range order {
			reader.pull(t, writers[i])
		}
		want := "c2 c1 c0 b2 b1 b0 a2 a1 a0 x " +
			"a2 a1 a0 b2 b1 b0 c2 c1 c0 " +
			"a0 a0 ! a1 a1 ! a2 a2 ! b0 b0 ! b1 b1 ! b2 b2 ! c0 c0 ! c1 c1 ! c2 c2 !"
		if got := reader.list(t, "l"); got != want {
			t.Errorf("delivered as %v:\n%s, want\n%s", order, got, want)
		}
	}
}

// positions returns the sizes of the keys of a list's cells.
func (r *region) positions() (sizes []int) {
	for _, cell := range r.itemCells() {
		sizes = append(sizes, len(cell))
	}
	return sizes
}

func (r *region) itemCells() (cells []string) {
	for key := range r.mem.cells {
		if key[0] == store.SpaceData && keyspace.KindOf(b(key)) == 0x50 {
			cells = append(cells, key)
		}
	}
	slices.Sort(cells)
	return cells
}

// Regions that push in turn and pop for ever leave nothing behind, and keys stay short.
func TestAQueueDoesNotGrow(t *testing.T) {
	x, y := newRegion(0x1000), newRegion(0x2000)
	x.do(t, rpush("0 1 2"))
	for i := range 300 {
		r, other := x, y
		if i%2 == 1 {
			r, other = y, x
		}
		r.wall.at += 1e6
		if i%3 == 0 {
			r.do(t, lpush("front"), lpop(1))
		}
		r.do(t, rpush(fmt.Sprint(i+3)))
		if got := r.do(t, lpop(1))[0].List; len(got) != 1 || string(got[0]) != fmt.Sprint(i) {
			t.Fatalf("popped %q, want %d", got, i)
		}
		r.commit()
		other.merge(t, r)
		other.commit()
	}
	for _, r := range []*region{x, y} {
		if sizes := r.positions(); len(sizes) != 3 || slices.Max(sizes) > 48 {
			t.Errorf("cells with keys of %v bytes are left", sizes)
		}
		if len(r.mem.cells) > 40 {
			t.Errorf("%d cells are left", len(r.mem.cells))
		}
	}
}

// What one update puts in and takes out again, others never see.
func TestAnUpdateThatTakesBackWhatItPushed(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, command.Multi{Commands: []keyspace.Command{rpush("a b"), lpop(2)}})
	if !r.Idle() {
		t.Fatalf("there is an update: %+v", r.Seal())
	}
	r.do(t, command.Multi{Commands: []keyspace.Command{rpush("a b c"), lset(0, "x"), rpop(1), lpush("d"), after("x", "y"), lrem("b")}})
	other := newRegion(0x2000)
	r.commit()
	other.pull(t, r)
	if a, o := r.list(t, "l"), other.list(t, "l"); a != "d x y" || o != a {
		t.Fatalf("%q here, %q there", a, o)
	}
	if n := len(other.itemCells()); n != 3 {
		t.Fatalf("%d cells", n)
	}
}

// A zigzag of insertions runs out of room; that is an error, and pushes go on.
func TestInsertionsBetweenNeighboursAreBounded(t *testing.T) {
	r := newRegion(0x1000)
	r.do(t, rpush("a z"))
	left, failed := true, false
	last := "a"
	for i := range 2000 {
		cmd := after(last, fmt.Sprint(i))
		if !left {
			cmd = before(last, fmt.Sprint(i))
		}
		if _, _, err := r.Execute([]keyspace.Command{cmd}); err != nil {
			failed = strings.Contains(err.Error(), crdt.ErrTooDeep.Error())
			break
		}
		last, left = fmt.Sprint(i), !left
	}
	r.commit()
	if sizes := r.positions(); !failed || slices.Max(sizes) > crdt.PositionMax+32 {
		t.Fatalf("refused: %v; keys of up to %d bytes", failed, slices.Max(sizes))
	}
	r.do(t, rpush("y"), lpush("b"))
	if got := r.list(t, "l"); !strings.HasPrefix(got, "b a ") || !strings.HasSuffix(got, " z y") {
		t.Fatal("pushes are no longer where they should be")
	}
}

// someListCommand returns a command on the list l.
func someListCommand(rng *rand.Rand, id int) keyspace.Command {
	v := fmt.Sprint(id)
	index := rng.Int64N(6) - 3
	switch rng.IntN(12) {
	case 0, 1, 2:
		return rpush(v + "a " + v + "b")
	case 3, 4:
		return lpush(v + "a " + v + "b")
	case 5:
		return lpop(1 + rng.Int64N(2))
	case 6:
		return rpop(1)
	case 7:
		return command.LMove{Source: b("l"), Into: b("l"), From: keyspace.End(rng.IntN(2)), To: keyspace.End(rng.IntN(2))}
	case 8:
		return command.LTrim{Key: b("l"), Start: index, Stop: -1 - rng.Int64N(2)}
	case 9:
		if rng.IntN(4) == 0 {
			return command.Delete{List: [][]byte{b("l")}}
		}
		return command.LRem{Key: b("l"), Count: index, Value: b(fmt.Sprint(rng.IntN(id+1), "a"))}
	default:
		return lpush(v)
	}
}

// neighbourly inserts beside, or sets, an element of the list at random.
func (r *region) neighbourly(t *testing.T, rng *rand.Rand, id int) {
	t.Helper()
	values := r.do(t, command.LRange{Key: b("l"), Stop: -1})[0].List
	if len(values) == 0 {
		return
	}
	at := rng.IntN(len(values))
	if rng.IntN(3) == 0 {
		r.do(t, lset(int64(at), fmt.Sprint(id)))
		return
	}
	r.do(t, command.LInsert{Key: b("l"), Before: rng.IntN(2) == 0, Pivot: values[at], Value: b(fmt.Sprint(id))})
}

// What regions do to one list, delivered in any order, with sweeps and transfers in between:
// each sees what a plain slice gives for its own commands, all show the same in the end, and order
// never changes.
func TestRandomHistoriesOfAList(t *testing.T) {
	for seed := uint64(1); seed <= histories(200); seed++ {
		rng := rand.New(rand.NewPCG(seed, 5))
		regions := []*region{newRegion(0x1000), newRegion(0x2000), newRegion(0x3000)}
		for id := range 40 {
			i := rng.IntN(3)
			r, other := regions[i], regions[(i+1+rng.IntN(2))%3]
			r.wall.at += 1e6
			switch rng.IntN(10) {
			case 0, 1, 2:
				r.commit()
				other.commit()
				r.merge(t, other)
			case 3:
				if err := r.Tick(); err != nil {
					t.Fatal(err)
				}
			case 4:
				r.commit()
				other.commit()
				r.takeOver(t, other, 1+rng.IntN(200), func() {})
			case 5, 6:
				r.neighbourly(t, rng, id)
			default:
				r.do(t, someListCommand(rng, id))
			}
			if rng.IntN(2) == 0 {
				r.commit()
			}
			r.list(t, "l")
		}
		for range 2 {
			for i, r := range regions {
				r.commit()
				regions[(i+1)%3].commit()
				regions[(i+2)%3].commit()
				r.merge(t, regions[(i+1)%3])
				r.merge(t, regions[(i+2)%3])
				r.commit()
			}
		}
		want := regions[0].list(t, "l")
		for _, r := range regions {
			r.sweepAll(t)
			if got := r.list(t, "l"); got != want || r.digest(t).Sum != regions[0].digest(t).Sum {
				t.Fatalf("seed %d: %q, elsewhere %q", seed, got, want)
			}
		}
	}
}

// One region alone: every command does what it does to a slice.
func TestAListIsASlice(t *testing.T) {
	for seed := uint64(1); seed <= histories(150); seed++ {
		rng := rand.New(rand.NewPCG(seed, 6))
		r, twin := newRegion(0x1000), []string(nil)
		for id := range 40 {
			r.wall.at += 1e6
			cmd := someListCommand(rng, id)
			if pivot := rng.IntN(3 * (len(twin) + 1)); pivot < len(twin) {
				cmd = command.LInsert{Key: b("l"), Before: rng.IntN(2) == 0, Pivot: b(twin[pivot]), Value: b(fmt.Sprint(id))}
			}
			r.do(t, cmd)
			twin = onSlice(twin, cmd)
			if rng.IntN(3) == 0 {
				r.commit()
			}
			if got := r.list(t, "l"); got != strings.Join(twin, " ") {
				t.Fatalf("seed %d: after %s %+v the list is\n%q, the slice\n%q", seed, cmd.Name(), cmd, got, twin)
			}
		}
	}
}

// onSlice does to a slice what a command does to a list.
func onSlice(l []string, cmd keyspace.Command) []string {
	switch c := cmd.(type) {
	case command.Push:
		for _, v := range c.Values {
			if c.To == keyspace.Back {
				l = append(l, string(v))
			} else {
				l = slices.Insert(l, 0, string(v))
			}
		}
	case command.Pop:
		n := min(int(c.Count), len(l))
		if c.From == keyspace.Back {
			return l[:len(l)-n]
		}
		return l[n:]
	case command.LMove:
		if len(l) == 0 {
			return l
		}
		at, to := 0, 0
		if c.From == keyspace.Back {
			at = len(l) - 1
		}
		v := l[at]
		l = slices.Delete(l, at, at+1)
		if c.To == keyspace.Back {
			to = len(l)
		}
		return slices.Insert(l, to, v)
	case command.LTrim:
		first, last := int(c.Start), int(c.Stop)+len(l)
		if first < 0 {
			first = max(0, first+len(l))
		}
		if first > last {
			return nil
		}
		return l[first : last+1]
	case command.Delete:
		return nil
	case command.LRem:
		return removed(l, int(c.Count), string(c.Value))
	case command.LInsert:
		at := slices.Index(l, string(c.Pivot))
		if !c.Before {
			at++
		}
		return slices.Insert(l, at, string(c.Value))
	}
	return l
}

func removed(l []string, count int, value string) []string {
	l = slices.Clone(l)
	if count < 0 {
		slices.Reverse(l)
		l = removed(l, -count, value)
		slices.Reverse(l)
		return l
	}
	left := count
	return slices.DeleteFunc(l, func(v string) bool {
		if v != value || count > 0 && left == 0 {
			return false
		}
		left--
		return true
	})
}

// Verify names the element that differs, and repair brings it back.
func TestADamagedElementIsFoundAndHealed(t *testing.T) {
	for name, damage := range map[string]func(cells map[string][]byte, at string){
		"a missing element": func(cells map[string][]byte, at string) { delete(cells, at) },
		"a flipped value":   func(cells map[string][]byte, at string) { cells[at][len(cells[at])-1] ^= 1 },
		"a flipped version": func(cells map[string][]byte, at string) { cells[at][0] ^= 1 },
	} {
		a, c := pairOf(t, rpush("a b c d e"), after("b", "x"))
		damage(a.mem.cells, a.itemCells()[2])
		if heal(t, a, c, name) < 1 {
			t.Fatalf("%s is not found", name)
		}
		a.sweepAll(t)
		if x, y := a.list(t, "l"), c.list(t, "l"); x != y || x != "a b x c d e" {
			t.Fatalf("%s: %q is healed, %q is right", name, x, y)
		}
	}
}

// A peer cannot bring a list what is no element.
func TestMalformedElementsAreRefused(t *testing.T) {
	a := newRegion(1)
	a.do(t, rpush("a"))
	a.commit()
	good, err := keyspace.NewSnapshot(a.mem, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := good.Next(nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	cell := &chunk.Cells[len(chunk.Cells)-1]
	cell.Key = append(bytes.Clone(cell.Key), 7)
	c := newRegion(2)
	if _, err := c.Transfer(keyspace.TransferBegin{Heads: []store.Head{a.Head(1)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Transfer(keyspace.TransferChunk{Chunk: chunk}); err == nil {
		t.Fatal("an element at no position is taken over")
	}
	at, err := crdt.Insertion{Tag: crdt.Tag{Dot: clock.Dot{Origin: 7, Seq: 1}, Time: 1}}.Back(nil)
	if err != nil {
		t.Fatal(err)
	}
	body := crdt.Update{Changes: []crdt.Change{{Key: b("l"), Items: []crdt.FieldChange{{Name: at, Edit: crdt.Edit{Assign: true}}}}}}
	f := oplog.NewBuilder(0, 9) // in another's name
	f.Add(1, clock.VersionVector{}, body.Append(nil))
	if fate := c.take(t, f.Frame()); fate == nil {
		t.Fatal("an element of another's making is merged")
	}
}

// A list whose time has come shows nothing, and what is pushed then begins a new one; what
// another region had pushed meanwhile stays.
func TestAListEnds(t *testing.T) {
	x, y := newRegion(0x1000), newRegion(0x2000)
	x.do(t, rpush("a b"))
	x.commit()
	y.pull(t, x)
	x.do(t, command.Expire{Key: b("l"), Life: endsIn(1000)})
	x.commit()
	y.pull(t, x)
	for _, r := range []*region{x, y} {
		r.wall.at += 2e9
		if got := r.list(t, "l"); got != "" {
			t.Fatalf("%q is shown of what has ended", got)
		}
	}
	x.do(t, rpush("c"), lpush("d"))
	x.commit()
	y.pull(t, x)
	if a, o := x.list(t, "l"), y.list(t, "l"); a != "d c" || o != a {
		t.Fatalf("%q here, %q there", a, o)
	}
}
